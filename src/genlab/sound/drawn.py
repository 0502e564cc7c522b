"""Pictures of spectrograms: upright, low bands below, and coloured by level. Imports no torch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

MAP = "magma"  # even steps of level are even steps for the eye, in grey and to the colour-blind, too; dark is silent
BLANK = 255  # beside a short one: white


def drawn(image: np.ndarray, width: int | None = None) -> np.ndarray:
    """A spectrogram as networks have it, in colours. [H, T] in [0, 1], low bands first -> uint8 [H, width, 3].

    ``width``: columns of the picture; what is beyond is cut off, and beside a short one nothing is drawn. None: T.
    """
    width = image.shape[1] if width is None else width
    shown = image[::-1, :width]
    page = np.full((len(shown), width, 3), BLANK, np.uint8)
    page[:, : shown.shape[1]] = palette()[np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)]
    return page


@lru_cache(maxsize=1)
def palette() -> np.ndarray:
    """The colours of 256 levels, uint8 [256, 3]."""
    from matplotlib import colormaps

    return np.asarray(colormaps[MAP](np.arange(256), bytes=True))[:, :3]
