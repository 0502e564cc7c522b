"""Patch discriminators: a map of logits, each with a limited receptive field (Isola et al., 2017, 3.2.2)."""

from __future__ import annotations

from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.nets.blocks import Norm, biased, initialise, norm_layer

WIDEST = 8  # times the first width


class PatchDiscriminator(nn.Module):
    """Image [B, C, H, W] -> logits [B, 1, H', W']. ``smallest``: the shortest side it takes."""

    def __init__(self, channels: int, width: int, layers: int, norm: Norm) -> None:
        super().__init__()
        self.smallest = 3 * 2**layers
        stack: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        inputs = width
        for layer in range(1, layers + 1):
            outputs, stride = min(2**layer, WIDEST) * width, 1 if layer == layers else 2
            stack += [nn.Conv2d(inputs, outputs, 4, stride=stride, padding=1, bias=biased(norm))]
            stack += [norm_layer(norm, outputs), nn.LeakyReLU(0.2)]
            inputs = outputs
        stack += [nn.Conv2d(inputs, 1, 4, padding=1)]
        self.model = nn.Sequential(*stack)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, 1, H', W']."""
        return self.model(x)


class PixelDiscriminator(nn.Module):
    """Image [B, C, H, W] -> a logit for every pixel, [B, 1, H, W]."""

    def __init__(self, channels: int, width: int, norm: Norm) -> None:
        super().__init__()
        self.smallest = 1 if norm != "instance" else 2  # one pixel alone has no spread
        self.net = nn.Sequential(
            nn.Conv2d(channels, width, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 1, bias=biased(norm)),
            norm_layer(norm, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 1, bias=biased(norm)),
        )
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, 1, H, W]."""
        return self.net(x)


class PatchGAN:
    """Builds the discriminator; its patches are 16, 34, 70, 142 or 286 pixels wide for 1 to 5 layers.

    Args:
        width: channels after the first layer; they double with each layer, up to eight times this.
        layers: convolutions with stride 2; two with stride 1 follow.
        norm: after each convolution but the first and the last.
    """

    def __init__(self, width: PositiveInt, layers: PositiveInt, norm: Norm) -> None:
        self.width, self.layers, self.norm = width, layers, norm

    def discriminator(self, channels: int) -> PatchDiscriminator:
        """[B, C, H, W] -> [B, 1, H', W']."""
        return PatchDiscriminator(channels, self.width, self.layers, self.norm)


class PixelGAN:
    """Builds a discriminator of single pixels, which judges colours only.

    Args:
        width: channels after the first layer.
        norm: after the second one.
    """

    def __init__(self, width: PositiveInt, norm: Norm) -> None:
        self.width, self.norm = width, norm

    def discriminator(self, channels: int) -> PixelDiscriminator:
        """[B, C, H, W] -> [B, 1, H, W]."""
        return PixelDiscriminator(channels, self.width, self.norm)
