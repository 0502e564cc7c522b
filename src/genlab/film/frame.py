"""The numbers behind one picture of a game in one or two dimensions, and the files that keep them, one a frame."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from genlab.contracts import DataError
from genlab.files import BROKEN, replacing


def nothing() -> np.ndarray:
    """No numbers."""
    return np.zeros(0, np.float32)


@dataclass(frozen=True)
class Scene:
    """What all frames have in common.

    Attributes:
        title: what plays here.
        real: real points, float32 [N, D].
        centres: of the Gaussians that they were drawn from, each equally often, [M, D]; None where that is not known.
        sigma: their standard deviation.
    """

    title: str
    real: np.ndarray
    centres: np.ndarray | None = None
    sigma: float = 0.0


@dataclass(frozen=True)
class Frame:
    """One moment. R is the number of places along each side of the grid.

    Attributes:
        step: batches seen.
        box: the corners of what is shown, float32 [2, D].
        belief: D's probability at the places of a grid over it, float32 [R] or [R, R] (rows upwards).
        fake: generated points, of the same z in every frame, float32 [N, D].
        z: places on the axis of z, [A], in one dimension and for a z of one number; else empty.
        image: G(z) of each, [A].
    """

    step: int
    box: np.ndarray
    belief: np.ndarray
    fake: np.ndarray
    z: np.ndarray = field(default_factory=nothing)
    image: np.ndarray = field(default_factory=nothing)

    def along(self, side: int) -> np.ndarray:
        """The places of the grid along a side of the box, [R]."""
        low, high = self.box[:, side].tolist()
        return np.linspace(low, high, len(self.belief))


def keep(frame: Frame, folder: Path) -> Path:
    """Write the frame to a file of its own, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    content, path = io.BytesIO(), folder / f"{frame.step:09d}.npz"
    values: dict[str, Any] = {one.name: np.asarray(getattr(frame, one.name)) for one in fields(Frame)}
    np.savez_compressed(content, **values)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path, "wb") as file:
        file.write(content.getbuffer())
    return path


def kept(folder: Path) -> dict[int, Path]:
    """The files of a folder by the step of their frames, in order; empty if there is no such folder."""
    paths = folder.glob("[0-9]*.npz") if folder.is_dir() else ()
    return {int(path.stem): path for path in sorted(paths)}


def forget_after(folder: Path, step: int) -> None:
    """Delete the frames of later steps: a run that goes on from a checkpoint makes them again."""
    for later, path in kept(folder).items():
        if later > step:
            path.unlink()


def read(path: Path) -> Frame:
    """The frame in a file that ``keep`` wrote.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            values = {one.name: file[one.name] for one in fields(Frame)}
    except (*BROKEN, KeyError) as error:
        raise DataError(f"{path} cannot be read ({error}). Delete it: the film goes on without this frame.") from error
    return Frame(**values | {"step": int(values["step"])})


def thinned(steps: list[int], most: int) -> list[int]:
    """At most so many of the steps, evenly spread; the first and the last stay."""
    if len(steps) <= most:
        return steps
    return [steps[round(i * (len(steps) - 1) / (most - 1))] for i in range(most)] if most > 1 else steps[-1:]


def chosen(folder: Path, most: int) -> Iterator[Frame]:
    """At most so many of the kept frames, read one by one.

    Raises:
        DataError: a file is damaged.
    """
    paths = kept(folder)
    return (read(paths[step]) for step in thinned(list(paths), most))
