"""Chooses a network by image size: fully connected for small grey images, convolutional for the rest."""

from __future__ import annotations

from typing import Protocol

from torch import nn

SMALL = 32 * 32  # grey images up to this many pixels go to the fully connected network


class AutoencoderNet(Protocol):
    """Interface of an autoencoder's network family."""

    def encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """[B, C, H, W] -> [B, outputs]."""
        ...

    def decoder(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """[B, D] -> [B, C, H, W], or [B, P, C, H, W] where ``shape`` has P numbers a pixel; without a last activation."""
        ...


class BySize:
    """``small`` for grey images up to 32x32, ``large`` for everything else.

    Args:
        small: usually ``MLP``.
        large: usually ``Conv``.
    """

    def __init__(self, small: AutoencoderNet, large: AutoencoderNet) -> None:
        self.small, self.large = small, large

    def encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """[B, C, H, W] -> [B, outputs]."""
        return self._fitting(shape).encoder(shape, outputs)

    def decoder(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """[B, D] -> [B, C, H, W], without a last activation."""
        return self._fitting(shape).decoder(latent_dim, shape)

    def _fitting(self, shape: tuple[int, ...]) -> AutoencoderNet:
        channels, height, width = shape[-3:]
        return self.small if channels == 1 and height * width <= SMALL else self.large
