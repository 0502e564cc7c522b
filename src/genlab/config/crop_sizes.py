"""Which image sizes translation networks accept: one rule for the configuration and for the images read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem

WINDOWS = 4  # of a whole sound's spectrogram: its width is a multiple of these


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


def unfit_sounds(bands: int, frames: int, multiple: int, least: int) -> Problem | None:
    """The same of whole spectrograms, ``bands`` high and ``frames`` or more wide, any multiple of ``WINDOWS``."""
    if WINDOWS % multiple:
        what = f"takes multiples of {multiple} windows, and whole sounds have any multiple of {WINDOWS}"
        remedy = "Type: model/generator=resnet_9 or model/generator=gated_2_1_2d, with model.generator.num_downs=2"
        return Problem("model.generator", what, remedy)
    for key, side in (("data.n_mels", bands), ("data.frames", frames)):
        if side % multiple or side < least:
            fitting = max(round(side / multiple), -(-least // multiple)) * multiple
            what = f"these networks take multiples of {multiple}, at least {least}"
            return Problem(f"{key}={side}", what, f"Type: {key}={fitting}")
    return None


def required_by(model: dict[str, Any]) -> tuple[int, int]:
    """What the networks of a model's configuration take: sides that are multiples of a number, and are not below another."""
    layers = (model.get("discriminator") or {}).get("layers")
    return 2 ** ((model.get("generator") or {}).get("num_downs") or 0), 3 * 2**layers if layers else 1


def cut_fits_networks(plain: dict[str, Any]) -> Iterator[Problem]:
    """The crop must fit into the scaled picture, the generator's downsampling and the discriminator."""
    model, data = plain.get("model") or {}, plain.get("data") or {}
    side, load = data.get("crop_size"), data.get("load_size", 0)
    if not isinstance(side, int) or not str(data.get("preprocess")).endswith("crop"):
        return  # images stay as large as they are: told when they have been read
    multiple, least = required_by(model)
    problem = unfit(side, side, multiple, least, load or side)
    if problem:
        yield problem
    elif data["preprocess"] != "crop" and load < side:
        what = f"a cut of {side} pixels does not fit into pictures scaled to {load}"
        smaller = load // multiple * multiple
        other = f" or data.crop_size={smaller}" if smaller >= least else ""
        yield Problem("data.crop_size", what, f"Type: data.load_size={scaled_for(side)}{other}")
