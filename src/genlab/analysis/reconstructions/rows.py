"""Rows of images with words at their left: the truth above, and below it what each model makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from genlab.figures import FAINT, INK
from genlab.images import to_uint8, widened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = tuple[str, str, Tensor]  # words, fainter words below them, and images [n, C, H, W] in [0, 1]
GAP = 0.08  # between images, as a share of one
LONGEST = 36  # letters of a row's words


def draw_rows(axes: Axes, rows: Sequence[Row], captions: Sequence[str] = ()) -> None:
    """Rows of as many images each; ``captions`` stand above the first.

    Args:
        axes: a panel, whose axes are taken away.
        rows: from above; all of n images of one shape.
        captions: of the n columns.
    """
    rows = [(shortened(words), shortened(more), images) for words, more, images in rows]
    high, wide = rows[0][2].shape[-2:]
    longest = max(len(text) for words, more, _ in rows for text in (words, more))
    unit, step = high / wide, 1 + GAP
    room = room_for(longest, axes, len(rows[0][2]))
    axes.set_axis_off()
    for r, (words, more, images) in enumerate(rows):
        top = -r * (unit + GAP)
        for c, image in enumerate(images):
            pixels = to_uint8(widened(image[None], 3)[0]).permute(1, 2, 0).numpy()
            left = c * step
            axes.imshow(
                pixels, extent=(left, left + 1, top - unit, top), interpolation="nearest" if wide < 64 else None
            )
        axes.text(-0.2, top - unit * 0.42, words, ha="right", va="bottom", size=10, color=INK)
        axes.text(-0.2, top - unit * 0.5, more, ha="right", va="top", size=9, color=FAINT)
    for c, caption in enumerate(captions):
        axes.text(c * step + 0.5, 0.1, caption, ha="center", va="bottom", size=9, color=FAINT)
    axes.set(xlim=(-room, len(rows[0][2]) * step), ylim=(-len(rows) * (unit + GAP), 0.5 if any(captions) else 0.1))
    axes.set_aspect("equal", anchor="N")


def shortened(text: str) -> str:
    """A name with an ellipsis for its beginning if it is long: what tells runs apart stands at the end."""
    return text if len(text) <= LONGEST else "…" + text[1 - LONGEST :]


def room_for(letters: float, axes: Axes, images: int) -> float:
    """The width of so many letters beside so many images, in images: both together are as wide as the page."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    page = figure.get_figwidth() * 100
    words = 7.2 * letters + 20
    return images * (1 + GAP) * words / max(page * 0.9 - words, 0.3 * page)
