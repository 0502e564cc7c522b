"""What can be done with the z of an image: ways through the codes, and the rows of images along them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.inversion.descent import Inversion
from genlab.figures import Block, page
from genlab.images import to_uint8, widened
from genlab.models.base.labels import for_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRAIGHT = 1e-4  # sine of the angle between two z below which they lie on a line
SIDE = 96  # pixels of an image on a sheet, at most
ACROSS = 16  # images on a sheet, at most: more are in the table


def between(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """From one z to another, ends included: [D] twice -> [steps, D].

    Along a great circle, while the length changes in a straight line: the middle of two draws of a normal distribution is
    shorter than any draw would be (White, 2016, arXiv:1609.04468, section 2.1). Opposite ones have no such circle, and go
    straight.
    """
    t = torch.linspace(0, 1, steps, device=a.device, dtype=a.dtype)[:, None]
    one, other = torch.nn.functional.normalize(torch.stack([a, b]), dim=1)
    angle = (one @ other).clamp(-1, 1).acos()
    if angle.sin() < STRAIGHT:
        return (1 - t) * a + t * b
    direction = (((1 - t) * angle).sin() * one + (t * angle).sin() * other) / angle.sin()
    return ((1 - t) * a.norm() + t * b.norm()) * direction


def along(z: Tensor, direction: Tensor, reach: float, steps: int) -> Tensor:
    """From z - reach * u to z + reach * u, where u is the unit vector of the direction: [D] twice -> [steps, D]."""
    far = torch.linspace(-reach, reach, steps, device=z.device, dtype=z.dtype)[:, None]
    return z + far * torch.nn.functional.normalize(direction, dim=0)


def difference(z: Tensor, has: Tensor) -> Tensor:
    """The direction in which codes with an attribute differ from those without: between their means. [B, D], bool [B] -> [D].

    Raises:
        ValueError: all have it, or none.
    """
    if bool(has.all()) or not bool(has.any()):
        raise ValueError("a direction needs codes with the attribute and codes without it")
    return z[has].mean(0) - z[~has].mean(0)


def images_along(model: Any, ways: Tensor, *, label: Tensor | None = None) -> Tensor:
    """The images of ways [R, T, D] through the codes, of a label for each way [R]: [R * T, C, H, W] in [0, 1]."""
    every = None if label is None else label.repeat_interleave(ways.shape[1], 0)
    return model.decode(ways.flatten(0, 1), **for_model(model, every)).float()


def rows(found: dict[str, Inversion]) -> list[dict[str, Any]]:
    """A row for each image and method: PSNR in dB, the length of z, and the cost in nats; without a descent it is None."""
    return [
        {
            "image": i,
            "method": name,
            "psnr": float(one.psnr[i]),
            "length": float(one.z[i].norm()),
            "nats": float(one.curve[-1, i]) if len(one.curve) else None,
        }
        for name, one in found.items()
        for i in range(len(one.z))
    ]


def sheet(title: str, x: Tensor, found: dict[str, Inversion], more: Sequence[Block] = ()) -> Figure:
    """The images above what each method makes of them, with the PSNR of each: images [B, C, H, W] in [0, 1].

    Of more than ``ACROSS`` the first are shown; averages are of all.

    ``more``: blocks below these.
    """
    most = min(len(x), ACROSS)
    heading = "images" if most == len(x) else f"images: the first {most} of {len(x):,}"
    original = Block(
        heading, [(shown(one), f"{i}") for i, one in enumerate(x[:most])], most, SIDE
    )  # in the columns below
    blocks = [
        Block(
            f"{name}   {float(one.psnr.mean()):.1f} dB on average",
            [
                (shown(image), f"{float(value):.1f} dB")
                for image, value in zip(one.image[:most], one.psnr[:most], strict=True)
            ],
            most,
            SIDE,
        )
        for name, one in found.items()
    ]
    return page(title, [original, *blocks, *more])


def shown(image: Tensor) -> np.ndarray:
    """[C, H, W] in [0, 1], grey or colour -> uint8 [H, W, 3]."""
    return to_uint8(widened(image[None], 3)[0]).permute(1, 2, 0).cpu().numpy()
