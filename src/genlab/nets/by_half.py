"""Chooses a network for each half of an autoencoder, so that encoder and decoder may differ."""

from __future__ import annotations

from torch import nn

from genlab.nets.by_size import AutoencoderNet


class ByHalf:
    """The encoder of one family and the decoder of another.

    Args:
        encoder: the family that the encoder is of.
        decoder: the family that the decoder is of.
    """

    def __init__(self, encoder: AutoencoderNet, decoder: AutoencoderNet) -> None:
        self.of_encoder, self.of_decoder = encoder, decoder

    def encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """[B, C, H, W] -> [B, outputs]."""
        return self.of_encoder.encoder(shape, outputs)

    def decoder(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """[B, D] -> [B, C, H, W], without a last activation."""
        return self.of_decoder.decoder(latent_dim, shape)
