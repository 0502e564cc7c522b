"""Matplotlib figures: pages of captioned images, words over images, scatter plots. Agg without pyplot; imports no torch."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
GAP, MARGIN, LINE, HEAD = 12, 20, 15, 34  # pixels: between images, around a page, of a line of words, of the title
LETTER = 6.8  # pixels that a letter of the words takes, on average
INK, FAINT = "#222222", "#767676"
Words = list[tuple[int, int, str, int, str]]  # x, y from the top, text, size and colour
BINS = 60  # of a histogram
GREY, ORANGE = "#9ea3ad", "#db4d1a"
MOST_CLASSES = 20  # with a colour of their own
TAIL = 0.5  # per cent of the points beyond either end of an axis, at most
Box = tuple[tuple[float, float], tuple[float, float]]
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#ee7733", "#009988", "#222222")


def figure(width: float, height: float) -> Figure:
    """An empty figure; size in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure((width / DPI, height / DPI), DPI)
    FigureCanvasAgg(made)
    return made


def pixels(made: Figure) -> np.ndarray:
    """Render a figure: uint8 [H, W, 3]."""
    canvas: Any = made.canvas
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


@dataclass(frozen=True)
class Block:
    """Captioned images, uint8 [H, W, 3], below a heading: ``across`` per row, at most ``side`` pixels wide."""

    title: str
    cells: list[tuple[np.ndarray, str]]
    across: int
    side: int

    @property
    def rows(self) -> int:
        """Rows of images."""
        return math.ceil(len(self.cells) / self.across)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image as drawn; small images are enlarged by a whole factor."""
        wide = self.cells[0][0].shape[1]
        width = self.side // wide * wide or self.side
        return min(math.ceil(width * max(image.shape[0] / image.shape[1] for image, _ in self.cells)), 2 * width), width

    @property
    def below(self) -> int:
        """Pixels between two rows."""
        return GAP + LINE * max(text.count("\n") + 1 if text else 0 for _, text in self.cells)

    @property
    def pitch(self) -> int:
        """Pixels between the left sides of neighbouring images; captions get the full ``side``."""
        return (self.side if self.below > GAP else self.size[1]) + GAP


def page(title: str, blocks: list[Block]) -> Figure:
    """A page with the blocks below each other."""
    heights = [LINE + 8 + block.rows * (block.size[0] + block.below) for block in blocks]
    wide = max(min(block.across, len(block.cells)) * block.pitch - GAP for block in blocks)
    wide, high = max(wide, 9 * len(title)) + 2 * MARGIN, sum(heights) + HEAD + 2 * MARGIN - GAP
    made, top = figure(wide, high), MARGIN + HEAD
    made.text(MARGIN / wide, 1 - MARGIN / high, title, va="top", size=13, color=INK)
    for block, height in zip(blocks, heights, strict=True):
        made.text(MARGIN / wide, 1 - top / high, block.title, va="top", size=9, color=FAINT)
        (tall, width), first = block.size, top + LINE + 8
        for i, (image, text) in enumerate(block.cells):
            left, upper = MARGIN + i % block.across * block.pitch, first + i // block.across * (tall + block.below)
            place = left / wide, 1 - (upper + tall) / high, width / wide, tall / high
            axes = made.add_axes(place, anchor="NW")
            axes.set_axis_off()
            axes.imshow(image)
            axes.annotate(
                text, (0, 0), (0, -3), "axes fraction", textcoords="offset points", va="top", size=8, color=INK
            )
        top += height
    return made


def printed(bands: list[tuple[int, np.ndarray]], words: Words, high: int) -> np.ndarray:
    """Bands of images, each from its own height on, with the words over them. -> uint8 [high, W, 3]."""
    wide = max(band.shape[1] for _, band in bands)
    canvas = np.full((high, wide, 3), 255, np.uint8)
    for top, band in bands:
        canvas[top : top + len(band), : band.shape[1]] = band
    made = figure(wide, high)
    made.figimage(canvas, resize=False, origin="upper")
    for x, y, text, size, colour in words:
        made.text(x / wide, 1 - y / high, text, va="top", size=size, color=colour)
    return pixels(made)


def filled(text: str, side: int, lines: int) -> str:
    """Wrap a caption to the width of an image; text beyond ``lines`` lines becomes an ellipsis."""
    text = text.encode("utf-8", "backslashreplace").decode()  # a file's name may be no UTF-8
    return textwrap.fill(text, int(side / LETTER), max_lines=lines, placeholder=" …")


def scatter(axes: Axes, layers: list[tuple[np.ndarray, Any]], around: np.ndarray) -> None:
    """Scatter layers of points [N, 2] with a colour (or one per point); the axes cover ``around`` plus a margin."""
    middle, half = reach(around)
    axes.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half), aspect="equal")
    plain(axes)
    for points, colour in layers:
        x, y = points.T
        axes.scatter(x, y, min(16, max(4, 2e4 / max(1, len(points)))), colour, alpha=0.7, linewidths=0)


def histograms(axes: Axes, layers: list[tuple[np.ndarray, Any]], around: np.ndarray) -> None:
    """Densities of layers of points [N, 1] with a colour; the axis covers ``around`` plus a margin, and more is cut off."""
    (middle,), half = reach(around)
    bins = np.linspace(middle - half, middle + half, BINS + 1)
    highest = np.histogram(around[:, 0], bins, density=True)[0].max()
    axes.set(xlim=(bins[0], bins[-1]), ylim=(0, 2 * highest))
    plain(axes)
    for points, colour in layers:
        counts = np.histogram(points[:, 0], bins)[0]
        axes.stairs(counts / (max(1, len(points)) * np.diff(bins)), bins, fill=True, color=colour, alpha=0.6)


def reach(around: np.ndarray) -> tuple[np.ndarray, float]:
    """The middle [D] of points [N, D], and how far axes reach from it to hold them with a margin."""
    low, high = around.min(0), around.max(0)
    return (low + high) / 2, max(float((high - low).max()) / 2 * 1.3, 1e-6)


def square_around(*clouds: np.ndarray, tail: float = TAIL, margin: float = 1.15) -> Box:
    """x from … to, y from … to, equally long: around all but the outermost points of every cloud [N, 2]."""
    low = np.min([np.percentile(points, tail, axis=0) for points in clouds], axis=0)
    high = np.max([np.percentile(points, 100 - tail, axis=0) for points in clouds], axis=0)
    middle, half = (low + high) / 2, max(float((high - low).max()) / 2 * margin, 1e-6)
    return tuple((float(m - half), float(m + half)) for m in middle)  # type: ignore[return-value]


def class_colours(count: int) -> np.ndarray:
    """A colour for each class, of ``MOST_CLASSES`` at most: [count, 4]. They can be told apart on white and on black."""
    from matplotlib import colormaps

    return colormaps["tab10" if count <= 10 else "tab20"](np.arange(count))


def plain(axes: Axes) -> Axes:
    """Axes with faint lines and numbers, so that the data stand out."""
    axes.grid(color="#ececec")
    axes.tick_params(labelsize=8, colors=FAINT, length=0)
    axes.set_axisbelow(True)
    axes.spines[:].set_color("#cccccc")
    return axes
