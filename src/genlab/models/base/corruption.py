"""The corruption of images that a denoising model learns to undo (``model/corruption``)."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from genlab.losses.precision import without_autocast
from genlab.models.base.noise import ImageNoise, Noise

AnyNoise = Noise | ImageNoise


class Corruption(ABC):
    """Damages images: [B, C, H, W] in [0, 1] -> the same shape, dtype and range. What it draws comes from the noise alone."""

    def require(self, shape: tuple[int, ...]) -> None:  # noqa: B027 - most damage any image
        """Refuse images of a shape [C, H, W] that it cannot damage.

        Raises:
            ConfigError: with the remedy.
        """

    def __call__(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """The corrupted images; ``x`` itself stays as it is."""
        with torch.no_grad(), without_autocast(x.device.type):
            return self.damage(x, noise)

    @abstractmethod
    def damage(self, x: Tensor, noise: AnyNoise) -> Tensor:
        """The corrupted images, computed without gradients and without autocast."""
