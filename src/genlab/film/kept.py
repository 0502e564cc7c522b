"""Frames that wait for their film: a file for each, named by its step."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from genlab.contracts import DataError
from genlab.files import BROKEN, replacing


class Moment(Protocol):
    """A dataclass of numbers and arrays, of which one is the number of batches seen."""

    @property
    def step(self) -> int:
        """Batches seen."""
        ...


Kind = TypeVar("Kind", bound=Moment)


def keep(frame: Moment, folder: Path) -> Path:
    """Write the frame to a file of its own, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    content, path, kind = io.BytesIO(), folder / f"{frame.step:09d}.npz", type(frame)
    np.savez_compressed(content, **{name: np.asarray(getattr(frame, name)) for name in names(kind)})  # type: ignore[arg-type]
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


def read(kind: type[Kind], path: Path) -> Kind:
    """The frame in a file that ``keep`` wrote.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            values = {name: file[name] for name in names(kind)}
    except (*BROKEN, KeyError) as error:
        raise DataError(f"{path} cannot be read ({error}). Delete it: the film goes on without this frame.") from error
    return kind(**{name: value if value.ndim else value.item() for name, value in values.items()})


def names(kind: Any) -> list[str]:
    """What a frame of the kind has, in order."""
    return [one.name for one in fields(kind)]


def thinned(steps: list[int], most: int) -> list[int]:
    """At most so many of the steps, evenly spread; the first and the last stay."""
    if len(steps) <= most:
        return steps
    return [steps[round(i * (len(steps) - 1) / (most - 1))] for i in range(most)] if most > 1 else steps[-1:]


def chosen(kind: type[Kind], folder: Path, most: int) -> Iterator[Kind]:
    """At most so many of the kept frames, read one by one.

    Raises:
        DataError: a file is damaged.
    """
    paths = kept(folder)
    return (read(kind, paths[step]) for step in thinned(list(paths), most))
