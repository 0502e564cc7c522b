"""A figure that becomes the frames of a film: what stands still is drawn once, without a background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORDS = "#7b7b7b"  # can be read on white and on black
REAL, FAKE, JUDGE = "#2b6cb0", "#db4d1a", "#9a67c9"  # told apart by all who see blue and orange, on white and on black


class Canvas:
    """Takes pictures of a figure in which only the artists in ``moving`` change."""

    def __init__(self, made: Figure, moving: Sequence[Artist]) -> None:
        self.made, self.moving = made, list(moving)
        made.patch.set_alpha(0)
        for artist in moving:
            artist.set_animated(True)
        canvas: Any = made.canvas  # Agg's
        canvas.draw()
        self.canvas, self.still = canvas, canvas.copy_from_bbox(made.bbox)

    def shot(self, more: Sequence[Artist] = ()) -> np.ndarray:
        """The figure as it is now, and ``more`` artists that are in this picture alone: uint8 [H, W, 4]."""
        self.canvas.restore_region(self.still)
        for artist in sorted([*self.moving, *more], key=lambda one: one.get_zorder()):
            self.made.draw_artist(artist)
        return np.asarray(self.canvas.buffer_rgba()).copy()


def faint(axes: Axes) -> Axes:
    """Axes that keep in the background, whatever its colour is."""
    axes.patch.set_alpha(0)
    axes.tick_params(labelsize=8, colors=WORDS, length=0)
    axes.spines[:].set_color(WORDS)
    axes.spines[:].set_alpha(0.5)
    return axes


def on_white(picture: np.ndarray) -> np.ndarray:
    """A picture before a white background: uint8 [H, W, 4] -> [H, W, 3]."""
    opacity = picture[..., 3:].astype(np.float32) / 255
    return (picture[..., :3] * opacity + 255 * (1 - opacity)).round().astype(np.uint8)
