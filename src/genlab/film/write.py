"""Draws kept frames, and writes them as a film of two kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from genlab.film.frame import Frame, Scene
from genlab.film.gif import Gif
from genlab.film.kept import Kind, thinned
from genlab.film.line import Line
from genlab.film.page import Page
from genlab.film.plane import Plane

LOOKED_AT = 8  # frames that the colours of the GIF are chosen from
ABOUT = {
    1: "Densities of data and generator, and D's curve; arrows lead from z to G(z), for evenly spaced z.",
    2: "Real and generated points, the same z in every frame, over D's probability that a point is real.",
}


def painter(scene: Scene, first: Frame) -> Plane | Line:
    """What draws the frames of a scene, by its dimensions."""
    return Line(scene, first) if first.box.shape[1] == 1 else Plane(scene, first.box)


def picture(scene: Scene, frame: Frame) -> np.ndarray:
    """One frame by itself, uint8 [H, W, 4]."""
    return painter(scene, frame).draw(frame)


def write_film(scene: Scene, frames: Sequence[Frame], folder: Path, name: str) -> list[Path]:
    """Write ``name.gif`` and ``name.html`` to the folder, whole or not at all. There must be a frame.

    Raises:
        OSError: they cannot be written.
    """
    page = Page(scene.title, ABOUT[frames[0].box.shape[1]])
    captions = [f"batch {frame.step:,}" for frame in frames]
    return write(painter(scene, frames[0]).draw, frames, captions, page, folder / name)


def write(
    draw: Callable[[Kind], np.ndarray], frames: Sequence[Kind], captions: Sequence[str], page: Page, path: Path
) -> list[Path]:
    """Draw frames of any kind, and write them beside each other as ``<path>.gif`` and ``<path>.html``.

    Args:
        page: without a frame as yet.

    Raises:
        OSError: they cannot be written.
    """
    gif = Gif([draw(frames[i]) for i in thinned(list(range(len(frames))), LOOKED_AT)])
    for frame, caption in zip(frames, captions, strict=True):
        made = draw(frame)
        gif.add(made)
        page.add(made, caption)
    return [gif.write(path.with_name(f"{path.name}.gif")), page.write(path.with_name(f"{path.name}.html"))]
