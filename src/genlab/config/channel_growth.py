"""How large DCGAN becomes, which doubles its channels with each halving: one rule for the configuration and the images read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem

MOST = 2**30  # weights of one layer: 4 GiB
DCGAN = "genlab.nets.dcgan.DCGAN"


def doublings(side: int) -> int:
    """How often 4 must double to cover a side: 4 for 64 px, 3 for 28 or 32 px, at least 1."""
    count = 1
    while 4 * 2**count < side:
        count += 1
    return count


def largest_layer(stages: int, width: int) -> int:
    """The weights of the 4x4 kernels between 4x4 and 8x8 pixels."""
    channels = width * 2 ** (stages - 1)
    return 16 * channels * channels // 2


def too_many_weights(height: int, width: int, channels: int) -> Problem | None:
    """The problem with images for which one layer would have more than ``MOST`` weights; None if none has.

    Args:
        height: of the images, in pixels, as is ``width``.
        channels: ``model.net.width``.
    """
    stages, fitting = doublings(max(height, width)), channels
    while largest_layer(stages, fitting) > MOST and fitting > 1:
        fitting //= 2
    if fitting == channels:
        return None
    what = f"DCGAN doubles {channels} channels with each halving: for images of {width}x{height} one layer would have "
    what += f"{largest_layer(stages, channels):,} weights"
    remedy = f"Type: model.net.width={fitting} or model/gan_net@model.net=sngan, or choose a smaller data.image_size=…"
    return Problem("model.net.width", what, remedy)


def channels_end(plain: dict[str, Any]) -> Iterator[Problem]:
    """Where the size of the images is typed, a DCGAN is refused before they are read."""
    net, side = (plain.get("model") or {}).get("net") or {}, (plain.get("data") or {}).get("image_size")
    if net.get("_target_") == DCGAN and isinstance(side, int):
        problem = too_many_weights(side, side, net["width"])
        if problem:
            yield problem
