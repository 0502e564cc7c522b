"""Which image sizes translation networks accept: one rule for the configuration and for the images read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem


def scaled_for(crop: int) -> int:
    """The size to scale pictures to before a crop, by the ratio of both papers: 286 for 256."""
    return crop * 286 // 256


def unfit(height: int, width: int, multiple: int, least: int, load_size: int | None = None) -> Problem | None:
    """The problem with images whose sides are not multiples of ``multiple`` or are below ``least``; None if they fit.

    Args:
        load_size: the size that pictures are scaled to before the crop; None if they are not cropped.
    """
    if height % multiple == 0 and width % multiple == 0 and min(height, width) >= least:
        return None
    fitting = max(round(min(height, width) / multiple), -(-least // multiple)) * multiple
    cut = "data.preprocess=resize_and_crop " if load_size is None else ""
    scale = f" data.load_size={scaled_for(fitting)}" if (load_size or 0) < fitting else ""
    what = f"images of {width}x{height} do not fit: these networks take multiples of {multiple}, at least {least}"
    return Problem("data.crop_size", what, f"Type: {cut}data.crop_size={fitting}{scale}")


def cut_fits_networks(plain: dict[str, Any]) -> Iterator[Problem]:
    """The crop must be divisible by the generator's downsampling and large enough for the discriminator."""
    model, data = plain.get("model") or {}, plain.get("data") or {}
    side = data.get("crop_size")
    if not isinstance(side, int) or not str(data.get("preprocess")).endswith("crop"):
        return  # images stay as large as they are: told when they have been read
    multiple = 2 ** ((model.get("generator") or {}).get("num_downs") or 0)
    layers = (model.get("discriminator") or {}).get("layers")
    problem = unfit(side, side, multiple, 3 * 2**layers if layers else 1, data.get("load_size", side))
    if problem:
        yield problem
