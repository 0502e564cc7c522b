"""A film as an animated GIF, by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genlab.files import temporary
from genlab.film.canvas import on_white

PALE = 248  # from here on a colour becomes white: the median of a few pale ones would tint the background
QUICK, SLOW, REST = 90, 500, 2000  # milliseconds of a frame at least and at most, and of the last one
WHOLE = 6000  # of a film, where that leaves its frames between the two


def pace(frames: int) -> int:
    """Milliseconds of each frame but the last: a film of few frames is slower, so that the eye can follow."""
    return min(SLOW, max(QUICK, WHOLE // frames))


class Gif:
    """An endless film on white. All frames have the same 256 colours and no dithering: what stands still does not flicker.

    Args:
        some: a few of its pictures, uint8 [H, W, 4], from which the colours are chosen.
    """

    def __init__(self, some: Sequence[np.ndarray]) -> None:
        from PIL import Image

        both = Image.fromarray(np.concatenate([on_white(picture) for picture in some]))
        self.palette = both.quantize(255, Image.Quantize.MEDIANCUT)
        colours = np.array(self.palette.getpalette(), np.uint8).reshape(-1, 3)
        colours[colours.min(1) >= PALE] = 255
        self.palette.putpalette([*colours[:255].ravel().tolist(), 255, 255, 255])
        self.frames: list[Image.Image] = []

    def add(self, picture: np.ndarray) -> None:
        """The next frame, uint8 [H, W, 4]."""
        from PIL import Image

        plain = Image.fromarray(on_white(picture))
        self.frames.append(plain.quantize(palette=self.palette, dither=Image.Dither.NONE))

    def write(self, path: Path) -> Path:
        """Write the film, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        first, *others = self.frames
        durations = [pace(len(self.frames))] * len(others) + [REST]
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary(path) as part:
            first.save(part, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)
        return path
