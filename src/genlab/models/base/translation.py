"""Shared by the models that translate images: interfaces of their networks, and images of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor, nn

from genlab.config.crop_sizes import unfit
from genlab.contracts import ConfigError, DataError, DataSpec, Problem
from genlab.images import signed, unsigned
from genlab.nets.blocks import mirrored, require_height

Direction = Literal["AtoB", "BtoA"]


class GeneratorNet(Protocol):
    """Interface of a generator family. Its network has the limits ``multiple`` and ``smallest`` on image sides.

    ``height``, if it has that: the only one it takes.
    """

    def generator(self, inputs: int, outputs: int) -> Any:
        """[B, inputs, H, W] -> [B, outputs, H, W], both in [-1, 1]."""
        ...


@runtime_checkable
class OneHeight(Protocol):
    """Interface of a generator family whose networks take images of one height, which they have as ``height``."""

    def of_height(self, height: int) -> GeneratorNet:
        """The family for images of ``height`` pixels."""
        ...


GeneratorFamily = GeneratorNet | OneHeight


class DiscriminatorNet(Protocol):
    """Interface of a discriminator family. Its network has the limit ``smallest`` on image sides."""

    def discriminator(self, channels: int) -> Any:
        """[B, channels, H, W] in [-1, 1] -> a map of logits [B, 1, H', W']."""
        ...


def family_for(spec: DataSpec, family: GeneratorFamily) -> GeneratorNet:
    """The family of generators for a set's images.

    Raises:
        ConfigError: it takes images of one height, and theirs differ.
    """
    if not isinstance(family, OneHeight):
        return family
    if spec.heights_differ:
        what = f"{type(family).__name__} takes images of one height, and those of {spec.name} differ in theirs"
        remedy = "Type: data.preprocess=resize_and_crop, or model/generator=resnet_9"
        raise ConfigError([Problem("model.generator", what, remedy)])
    return family.of_height(spec.shape[1])


def require_fitting(spec: DataSpec, generator: Any, discriminator: Any) -> None:
    """Before training, refuse images that the networks cannot take.

    Raises:
        ConfigError: with sides that would fit.
    """
    require_sides_for(spec, generator, discriminator.smallest)


def require_sides_for(spec: DataSpec, generator: Any, smallest: int = 1) -> None:
    """Before training, refuse images whose sides the generator cannot take, or that are below ``smallest``.

    Raises:
        ConfigError: with sides that would fit.
    """
    height, width = spec.shape[1:]
    problem = unfit(height, width, generator.multiple, max(generator.smallest, smallest))
    if problem and spec.kind == "images":  # which no crop makes fit
        remedy = "Type: model/generator=residual_conv, which takes every size; or take another data.image_size"
        raise ConfigError([Problem("model.generator", problem.what, remedy)])
    if problem and spec.sound:
        fitting = [max(-(-side // generator.multiple) * generator.multiple, smallest) for side in (height, width)]
        remedy = f"Type: data.n_mels={fitting[0]} data.frames={fitting[1]}"
        raise ConfigError([Problem("data.frames", problem.what, remedy)])
    if problem:
        raise ConfigError([problem])


def translate_any_size(net: Any, x: Tensor) -> Tensor:
    """Translate images of any size: pad by reflection to sides that the generator takes, then crop back. No resizing.

    Args:
        net: [B, C, H, W] in [-1, 1] -> the same.
        x: [B, C, H, W] in [0, 1].

    Returns:
        [B, C, H, W] in [0, 1].

    Raises:
        DataError: the generator takes images of another height only.
    """
    sides, height = x.shape[-2:], getattr(net, "height", None)
    if height is not None:
        require_height(x, height)
    extra = [max(-(-side // net.multiple) * net.multiple, net.smallest) - side for side in sides]
    if not any(extra):
        return unsigned(net(signed(x))).clamp(0, 1)
    rows, columns = (
        mirrored(side, more // 2, more - more // 2).to(x.device) for side, more in zip(sides, extra, strict=True)
    )
    made = net(signed(x.index_select(2, rows).index_select(3, columns)))
    top, left = extra[0] // 2, extra[1] // 2
    return unsigned(made[..., top : top + sides[0], left : left + sides[1]]).clamp(0, 1)


@contextmanager
def with_generators(model: nn.Module, other: Callable[[nn.Module], nn.Module]) -> Iterator[None]:
    """While open, every generator ``g`` of the model is replaced by ``other(g)``, a network for the same images."""
    every = {name: net for name, net in model.named_modules() if hasattr(net, "multiple")}
    own = {name: net for name, net in every.items() if not any(name.startswith(f"{outer}.") for outer in every)}
    try:
        for name, net in own.items():
            model.set_submodule(name, other(net))
        yield
    finally:
        for name, net in own.items():
            model.set_submodule(name, net)


def draws_in_evaluation(model: nn.Module) -> bool:
    """Whether dropout is active outside training, so that an image's output depends on its batch."""
    layers = any(isinstance(layer, nn.Dropout) for layer in model.modules())
    return layers and bool(getattr(model, "inference_dropout", False))


def require_channels(x: Tensor, channels: int) -> None:
    """Refuse images with another number of channels.

    Raises:
        DataError: with both numbers.
    """
    if x.shape[1] != channels:
        raise DataError(f"the model was trained on images of {channels} channels; these have {x.shape[1]}.")


def require_direction(direction: str, known: tuple[str, ...], why: str) -> None:
    """Refuse a direction that the model does not know.

    Raises:
        ConfigError: with those that it knows.
    """
    if direction not in known:
        raise ConfigError([Problem(f"direction={direction}", why, f"Type: direction={' or direction='.join(known)}")])
