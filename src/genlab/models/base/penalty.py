"""What an autoencoder's codes are held to besides reconstruction (``model/penalty``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from torch import Tensor, nn

from genlab.models.base.noise import Noise
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import Weight


class Penalty(nn.Module, ABC):
    """A term of the loss that looks at the codes."""

    weight: Weight = 0.0  # of the term in the loss

    def bound_to(self, encoder: nn.Module, latent_dim: int) -> Self:
        """This penalty, adapted to an encoder [B, C, H, W] -> [B, D] with D = ``latent_dim``.

        Raises:
            ConfigError: it does not fit that encoder.
        """
        return self

    def code(self, output: Tensor) -> Tensor:
        """The code that is made of the encoder's output: the output itself, or its activation. [B, D] -> [B, D]."""
        return output

    @abstractmethod
    def forward(self, encoder: nn.Module, x: Tensor, code: Tensor, noise: Noise) -> Terms:
        """``penalty``, [B]; or nothing. Images [B, C, H, W] and their codes [B, D]."""
