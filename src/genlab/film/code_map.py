"""The map of codes: each image a point where its code lies, in the colour of its class, with the epoch above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genlab.figures import MOST_CLASSES, Box, class_colours, figure, filled, square_around
from genlab.film.canvas import WORDS, Canvas, faint
from genlab.film.page import Page
from genlab.film.write import write

SIDE, LEFT, HEAD, FOOT, RIGHT = 560, 64, 34, 48, 24  # pixels: of the field, left of it, above it, below it, right of it
ROW, LETTER, LONGEST = 21, 8, 120  # pixels of the legend: from a class to the next, of a letter, of a name at most
TAIL = 0.1  # per cent of the points beyond either end of an axis, at most


@dataclass(frozen=True)
class CodeFrame:
    """The codes of N images at one moment.

    Attributes:
        step: batches seen.
        epoch: the same, in epochs.
        index: of each image in its split, int64 [N].
        code: float32 [N, D].
    """

    step: int
    epoch: float
    index: np.ndarray
    code: np.ndarray


@dataclass(frozen=True)
class View:
    """A plane in the space of codes.

    Attributes:
        mean: where its middle is, [D].
        basis: its two directions, [D, 2].
        axes: what they are, in words.
        about: what it is, in a sentence without its full stop; empty where the plane is the whole space.
    """

    mean: np.ndarray
    basis: np.ndarray
    axes: tuple[str, str]
    about: str = ""

    def points(self, code: np.ndarray) -> np.ndarray:
        """Codes [N, D] in the plane, [N, 2]."""
        return (code - self.mean) @ self.basis


@dataclass(frozen=True)
class CodeScene:
    """What all frames have in common.

    Attributes:
        title: whose codes these are.
        view: the plane in which they are seen.
        classes: the number of the class of every image of the split, by its index, int64; None: all have one colour.
        names: of the classes.
        plain: why all have one colour; empty if they have not.
    """

    title: str
    view: View
    classes: np.ndarray | None
    names: tuple[str, ...]
    plain: str = ""

    @property
    def coloured(self) -> bool:
        """Whether there are classes, and not too many for colours."""
        return self.classes is not None and len(self.names) <= MOST_CLASSES

    def colours(self, index: np.ndarray) -> Any:
        """Of the images at these places in the split: [N, 4], or one for all."""
        return class_colours(len(self.names))[self.classes[index]] if self.coloured else WORDS  # type: ignore[index]


class CodeMap:
    """Draws frames within a box that does not move."""

    def __init__(self, scene: CodeScene, box: Box, count: int) -> None:
        self.scene, self.box, self.size = scene, box, min(14, max(4, 2.4e4 / max(1, count)))
        longest = max(map(len, scene.names)) if scene.coloured else 0
        self.room = min(LONGEST, LETTER * longest) + 16 * scene.coloured  # pixels of the legend
        self.wide, self.high = LEFT + SIDE + RIGHT + self.room, HEAD + SIDE + FOOT
        self.canvas = self.stage()

    def draw(self, frame: CodeFrame) -> np.ndarray:
        """uint8 [H, W, 4], transparent around the points: these in a random order, so that no class hides another."""
        order = np.random.default_rng(0).permutation(len(frame.index))
        self.dots.set_offsets(self.scene.view.points(frame.code)[order])
        self.dots.set_facecolors(self.scene.colours(frame.index[order]))
        self.words.set_text(caption(frame))
        return self.canvas.shot()

    def stage(self) -> Canvas:
        """The figure with the parts that move."""
        made, top = figure(self.wide, self.high), 1 - HEAD / 2 / self.high
        place = LEFT / self.wide, FOOT / self.high, SIDE / self.wide, SIDE / self.high
        axes = faint(made.add_axes(place))
        axes.set(xlim=self.box[0], ylim=self.box[1])
        axes.set_xlabel(self.scene.view.axes[0], size=9, color=WORDS)
        axes.set_ylabel(self.scene.view.axes[1], size=9, color=WORDS)
        self.dots: Any = axes.scatter([], [], self.size, alpha=0.8, linewidths=0)
        self.words = made.text(LEFT / self.wide, top, "", va="center", size=13, color=WORDS)
        right: dict[str, Any] = {"ha": "right", "va": "center", "size": 9, "color": WORDS, "parse_math": False}
        made.text((LEFT + SIDE) / self.wide, top, self.scene.title, **right)
        if self.scene.coloured:
            self.explain(made)
        return Canvas(made, [self.dots, self.words])

    def explain(self, made: Any) -> None:
        """The classes and their colours, to the right of the field."""
        from matplotlib.lines import Line2D

        words: dict[str, Any] = {"va": "center", "size": 10, "color": WORDS, "parse_math": False}
        for n, colour in enumerate(class_colours(len(self.scene.names))):
            x, y = LEFT + SIDE + 16, 1 - (HEAD + ROW * (n + 0.5)) / self.high
            made.add_artist(Line2D([x / self.wide], [y], color=colour, marker="o", markersize=7, linewidth=0))
            made.text((x + 12) / self.wide, y, filled(self.scene.names[n], LONGEST, 1), **words)


def caption(frame: CodeFrame) -> str:
    """When a frame is: ``epoch 3``, ``epoch 0.25``."""
    return f"epoch {round(frame.epoch, 2):g}"


def write_map(scene: CodeScene, frames: Sequence[CodeFrame], folder: Path, name: str) -> list[Path]:
    """Write ``name.gif`` and ``name.html`` to the folder, whole or not at all. There must be a frame.

    Raises:
        OSError: they cannot be written.
    """
    last = frames[-1]
    box = square_around(*(scene.view.points(frame.code) for frame in frames), tail=TAIL)
    about = [f"Where the encoder puts {len(last.index):,} validation images, the same ones in every frame."]
    about += [f"{words}." for words in (scene.view.about, scene.plain) if words]
    page = Page(f"Codes of {scene.title}", " ".join(about))
    captions = [caption(frame) for frame in frames]
    return write(CodeMap(scene, box, len(last.index)).draw, frames, captions, page, folder / name)
