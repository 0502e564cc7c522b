"""Which sides of images the networks of translation models take, as far as the configuration tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem


def cut_fits_networks(plain: dict[str, Any]) -> Iterator[Problem]:
    """A cut must halve as often as the generator does, and leave the discriminator something to judge."""
    model, data = plain.get("model") or {}, plain.get("data") or {}
    side = data.get("crop_size")
    if not isinstance(side, int) or not str(data.get("preprocess")).endswith("crop"):
        return  # images stay as large as they are: told when they have been read
    halvings = (model.get("generator") or {}).get("num_downs")
    layers = (model.get("discriminator") or {}).get("layers")
    multiple = 2**halvings if halvings else 1
    least = 3 * 2**layers if layers else 1
    if side % multiple == 0 and side >= least:
        return
    what = f"the generator halves an image {halvings} times: it takes multiples of {multiple}, not {side}"
    if side % multiple == 0:
        what = f"the discriminator of {layers} layers needs at least {least} pixels"
    fitting = max(round(side / multiple), -(-least // multiple)) * multiple
    scale = f" data.load_size={fitting * 286 // 256}" if data.get("load_size", fitting) < fitting else ""
    yield Problem("data.crop_size", what, f"Type: data.crop_size={fitting}{scale}")
