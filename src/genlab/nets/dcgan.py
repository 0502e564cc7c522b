"""The DCGAN networks (Radford et al., 2015, arXiv:1511.06434), for images of any size.

The original networks are for 64x64; here the number of doublings depends on the image, 4 -> 8 -> ... up to the first
power of two that covers it.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from genlab.config.channel_growth import too_many_weights
from genlab.config.types import Condition, GroupSize, PositiveInt
from genlab.contracts import ConfigError, Kind
from genlab.nets.framing import cropped, doublings, frame, framed, require_images
from genlab.nets.label_inputs import LabelPlane, Projection, beside
from genlab.nets.minibatch_std import MinibatchStd
from genlab.nets.norm import ImageNorm, image_norm
from genlab.nets.spectral_norm import normalise_spectrum

SCALED_BACK = (
    "the batch norm of the discriminator scales back what model.net.spectral_norm bounds; the paper's have none: "
    "model.net.discriminator_norm=none"
)


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02) and biases 0, batch-norm weights from N(1, 0.02) (section 4)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, Projection):
        nn.init.normal_(module.linear.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(module, nn.Conv2d | nn.BatchNorm2d) and module.bias is not None:
        nn.init.zeros_(module.bias)


class Generator(nn.Module):
    """z [B, D] -> image [B, C, H, W] in [-1, 1]. Labels lie beside z."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...], labels: int, width: int) -> None:
        super().__init__()
        self.height, self.width = shape[1:]
        stages = doublings(shape)
        channels = width * 2 ** (stages - 1)
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent_dim + labels, channels, 4, bias=False)]  # [B, ., 4, 4]
        for _ in range(stages - 1):
            layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1, bias=False)]
            channels //= 2
        layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        layers += [nn.ConvTranspose2d(channels, shape[0], 4, stride=2, padding=1, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """[B, D] and labels [B, K] -> [B, C, H, W]."""
        return cropped(self.layers(beside(z, y)[:, :, None, None]), self.height, self.width)


class Discriminator(nn.Module):
    """image [B, C, H, W] in [-1, 1] -> logit [B]. Labels are one more plane, or projected on the last 4x4 map."""

    note: str = ""  # what is unusual of it, for the start of a run

    def __init__(
        self, shape: tuple[int, ...], labels: int, condition: Condition | None, width: int, norm: ImageNorm, group: int
    ) -> None:
        super().__init__()
        stages, self.frame, bias = doublings(shape), frame(shape), norm == "none"  # a norm has its own
        self.plane = LabelPlane(labels, 4 * 2**stages) if condition == "embedding" else None
        channels = shape[0] + (self.plane is not None)
        layers: list[nn.Module] = [
            nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=bias),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for _ in range(stages - 1):
            layers += [nn.Conv2d(width, width * 2, 4, stride=2, padding=1, bias=bias)]
            layers += [*image_norm(norm, width * 2), nn.LeakyReLU(0.2, inplace=True)]
            width *= 2
        layers += [MinibatchStd(group)] if group else []
        features = width + (group > 0)
        layers += [nn.Conv2d(features, 1, 4, bias=bias)]  # [B, 1, 1, 1]
        self.layers = nn.Sequential(*layers)
        self.projection = Projection(labels, features) if condition == "projection" else None
        self.apply(initialise)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """[B, C, H, W] and labels [B, K] -> [B]."""
        h = framed(x, self.frame)
        h = h if self.plane is None else self.plane(h, y)
        *body, last = self.layers
        for layer in body:
            h = layer(h)
        logit = last(h).flatten()
        return logit if self.projection is None else logit + self.projection(h, y)


class DCGAN:
    """Builds the two networks.

    Args:
        width: channels at half resolution; they double with each halving up to the layer at 4x4.
            The generator of the paper's figure 1, for 64 px, has 128: 128 at 32x32, 256, 512, 1024 at 4x4.
        discriminator_norm: after each convolution but the first and the last. ``batch`` is the paper's; it mixes the images
            of a batch, which a gradient penalty excludes, and scales back what ``spectral_norm`` bounds. ``instance``,
            ``layer`` and ``none`` treat each image alone. Without a norm, convolutions have a bias.
        spectral_norm: of all weights of the discriminator.
        minibatch_std: images in a group whose standard deviation the discriminator sees; 0: it does not.
        condition: how the discriminator takes labels: ``embedding`` beside its input, or ``projection``.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("images",)

    def __init__(
        self,
        width: PositiveInt,
        discriminator_norm: ImageNorm,
        spectral_norm: bool,
        minibatch_std: GroupSize,
        condition: Condition,
    ) -> None:
        self.width, self.discriminator_norm = width, discriminator_norm
        self.spectral_norm, self.minibatch_std = spectral_norm, minibatch_std
        self.condition = condition

    def generator(self, latent_dim: int, shape: tuple[int, ...], labels: int) -> nn.Module:
        """z [B, D] and labels [B, labels] -> [B, C, H, W] in [-1, 1]."""
        require_images(shape, "DCGAN")
        require_weights(shape, self.width)
        return Generator(latent_dim, shape, labels, self.width)

    def discriminator(self, shape: tuple[int, ...], labels: int) -> nn.Module:
        """[B, C, H, W] in [-1, 1] and labels [B, labels] -> logit [B]."""
        require_images(shape, "DCGAN")
        require_weights(shape, self.width)
        taken = self.condition if labels else None
        net = Discriminator(shape, labels, taken, self.width, self.discriminator_norm, self.minibatch_std)
        if self.spectral_norm:
            normalise_spectrum(net)
            net.note = SCALED_BACK if self.discriminator_norm == "batch" else ""
        return net


def require_weights(shape: tuple[int, ...], width: int) -> None:
    """Refuse images for which the channels, which double with each halving, become too many.

    Raises:
        ConfigError: one layer would have too many weights.
    """
    problem = too_many_weights(shape[1], shape[2], width)
    if problem:
        raise ConfigError([problem])
