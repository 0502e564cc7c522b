"""Batches and codes: float32 images in [0, 1] by the time a model sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Images(NamedTuple):
    """image [B, C, H, W]; label or None; index [B] int64, the index in the split.

    label is int64 [B] (classes) or [B, K] (attributes: ``spec.attributes`` names them, ``spec.levels`` counts their values),
    float32 [B, K] where one of them is continuous.
    """

    image: Tensor
    label: Tensor | None
    index: Tensor  # type: ignore[assignment]


class Pairs(NamedTuple):
    """a, b [B, C, H, W], showing the same scene; index [B] int64."""

    a: Tensor
    b: Tensor
    index: Tensor  # type: ignore[assignment]


class Domains(NamedTuple):
    """a, b [B, C, H, W], unrelated images of two domains; index_a, index_b [B] int64."""

    a: Tensor
    b: Tensor
    index_a: Tensor
    index_b: Tensor


class Points(NamedTuple):
    """x [B, D], unscaled coordinates; label [B] int64 or None; index [B] int64."""

    x: Tensor
    label: Tensor | None
    index: Tensor  # type: ignore[assignment]


class Code(NamedTuple):
    """An encoder's output: mean [B, D] and, if it is a distribution, logvar [B, D]."""

    mean: Tensor
    logvar: Tensor | None = None


class CodePart(NamedTuple):
    """Neighbouring dimensions of a code: what they are together, how many, and what each is where that has a name."""

    title: str
    size: int
    names: tuple[str, ...] = ()


class Affine(NamedTuple):
    """A linear autoencoder: z = encoder x + shift, output = decoder z + bias, for images as vectors of P pixels.

    encoder [D, P], shift [D], decoder [P, D], bias [P].
    """

    encoder: Tensor
    shift: Tensor
    decoder: Tensor
    bias: Tensor
