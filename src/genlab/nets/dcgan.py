"""The DCGAN networks (Radford et al., 2015, arXiv:1511.06434), for images of any size.

The original networks are for 64x64; here the number of doublings depends on the image, 4 -> 8 -> ... up to the first
power of two that covers it. The generator crops the excess and the discriminator pads with black: 28x28 digits use the
32-pixel networks.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import pad

from genlab.config.types import PositiveInt
from genlab.contracts import Kind


def doublings(shape: tuple[int, ...]) -> int:
    """How often 4 must double to cover the image: 4 for 64 px, 3 for 28 or 32 px, at least 1."""
    count = 1
    while 4 * 2**count < max(shape[1:]):
        count += 1
    return count


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), batch-norm weights from N(1, 0.02) (section 4)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Generator(nn.Module):
    """z [B, D] -> image [B, C, H, W] in [-1, 1]."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.height, self.width = shape[1:]
        stages = doublings(shape)
        channels = width * 2 ** (stages - 1)
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent_dim, channels, 4, bias=False)]  # [B, ., 4, 4]
        for _ in range(stages - 1):
            layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1, bias=False)]
            channels //= 2
        layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        layers += [nn.ConvTranspose2d(channels, shape[0], 4, stride=2, padding=1, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, z: Tensor) -> Tensor:
        """[B, D] -> [B, C, H, W]."""
        x = self.layers(z[:, :, None, None])
        top, left = (x.shape[-2] - self.height) // 2, (x.shape[-1] - self.width) // 2
        return x[..., top : top + self.height, left : left + self.width]


class Discriminator(nn.Module):
    """image [B, C, H, W] in [-1, 1] -> logit [B]."""

    def __init__(self, shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        stages = doublings(shape)
        side = 4 * 2**stages
        down, right = side - shape[1], side - shape[2]
        self.padding = (right // 2, right - right // 2, down // 2, down - down // 2)
        layers: list[nn.Module] = [
            nn.Conv2d(shape[0], width, 4, stride=2, padding=1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for _ in range(stages - 1):
            layers += [nn.Conv2d(width, width * 2, 4, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(width * 2), nn.LeakyReLU(0.2, inplace=True)]
            width *= 2
        layers += [nn.Conv2d(width, 1, 4, bias=False)]  # [B, 1, 1, 1]
        self.layers = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B]."""
        if any(self.padding):
            x = pad(x, self.padding, value=-1.0)
        return self.layers(x).flatten()


class DCGAN:
    """Builds the two networks.

    Args:
        width: channels at half resolution; they double with each halving up to the layer at 4x4.
            The generator of the paper's figure 1, for 64 px, has 128: 128 at 32x32, 256, 512, 1024 at 4x4.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("images",)

    def __init__(self, width: PositiveInt) -> None:
        self.width = width

    def generator(self, latent_dim: int, shape: tuple[int, ...], labels: int) -> nn.Module:
        """z [B, D] -> [B, C, H, W] in [-1, 1]."""
        return Generator(latent_dim, shape, self.width)

    def discriminator(self, shape: tuple[int, ...], labels: int) -> nn.Module:
        """[B, C, H, W] in [-1, 1] -> logit [B]."""
        return Discriminator(shape, self.width)
