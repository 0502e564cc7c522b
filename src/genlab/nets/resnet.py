"""The generator of CycleGAN: down, residual blocks, up. Johnson et al., 2016 (arXiv:1603.08155); Zhu et al., 2017."""

from __future__ import annotations

from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.nets.blocks import Norm, ReflectionPad, Upsample, biased, doubling, initialise, norm_layer, require_sides


class ResidualBlock(nn.Module):
    """x + f(x), with no activation after the sum. [B, C, H, W] -> [B, C, H, W]."""

    def __init__(self, channels: int, norm: Norm, dropout: bool) -> None:
        super().__init__()
        convolution = [ReflectionPad(1), nn.Conv2d(channels, channels, 3, bias=biased(norm))]
        again = [ReflectionPad(1), nn.Conv2d(channels, channels, 3, bias=biased(norm))]
        between = [nn.Dropout(0.5)] if dropout else []
        self.conv_block = nn.Sequential(
            *convolution, norm_layer(norm, channels), nn.ReLU(), *between, *again, norm_layer(norm, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        return x + self.conv_block(x)


class ResNetGenerator(nn.Module):
    """Image [B, inputs, H, W] in [-1, 1] -> image [B, outputs, H, W] in [-1, 1].

    ``multiple``: what both sides must be multiples of; ``smallest``: the shortest side it takes.
    """

    def __init__(self, inputs: int, outputs: int, config: ResNet) -> None:
        super().__init__()
        norm, width = config.norm, config.width
        self.multiple, self.smallest = 2**config.num_downs, max(4, 2 * 2**config.num_downs)
        layers: list[nn.Module] = [ReflectionPad(3), nn.Conv2d(inputs, width, 7, bias=biased(norm))]
        layers += [norm_layer(norm, width), nn.ReLU()]
        for _ in range(config.num_downs):
            layers += [nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=biased(norm))]
            layers += [norm_layer(norm, 2 * width), nn.ReLU()]
            width *= 2
        layers += [ResidualBlock(width, norm, config.dropout) for _ in range(config.blocks)]
        for _ in range(config.num_downs):
            layers += [doubling(config.upsample, width, width // 2, 3, biased(norm))]
            layers += [norm_layer(norm, width // 2), nn.ReLU()]
            width //= 2
        layers += [ReflectionPad(3), nn.Conv2d(width, outputs, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        require_sides(x, self.multiple)
        return self.model(x)


class ResNet:
    """Builds the generator.

    Args:
        width: channels at full resolution; they double with each halving.
        blocks: residual blocks at the lowest resolution: 9 for 256 pixels and more, 6 below (appendix of the paper).
        num_downs: number of times the resolution is halved.
        norm: after each convolution but the last.
        upsample: how the resolution is doubled again.
        dropout: drop half of the features in each residual block.
    """

    def __init__(
        self,
        width: PositiveInt,
        blocks: PositiveInt,
        num_downs: PositiveInt,
        norm: Norm,
        upsample: Upsample,
        dropout: bool,
    ) -> None:
        self.width, self.blocks, self.num_downs = width, blocks, num_downs
        self.norm, self.upsample, self.dropout = norm, upsample, dropout

    def generator(self, inputs: int, outputs: int) -> ResNetGenerator:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        return ResNetGenerator(inputs, outputs, self)
