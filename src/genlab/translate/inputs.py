"""The input pictures of ``translate.py``, and checks of the output folder."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from genlab.contracts import ConfigError, Problem
from genlab.data.files.decode import ENDINGS
from genlab.data.files.splits import pictures_in

ELSEWHERE = "Type: output=DIR of another folder, or leave it out"


@dataclass(frozen=True)
class Inputs:
    """The pictures below ``root``, and counts of the other files there, by suffix."""

    root: Path
    files: list[Path]
    others: Counter[str]

    def name(self, path: Path) -> Path:
        """A file's path relative to ``root``, and thus to the output."""
        return path.relative_to(self.root)


def listed(source: Path, output: Path) -> Inputs:
    """The picture, or all pictures in and below a folder, except those in an output folder inside it.

    Raises:
        ConfigError: there is no such file or folder, or no picture in it.
    """
    endings = " ".join(sorted(ENDINGS))
    if source.is_file():
        if source.suffix.lower() not in ENDINGS:
            raise ConfigError(
                [Problem(f"input={source}", f"is no picture that can be read: {endings}", "Convert it first.")]
            )
        return Inputs(source.parent, [source], Counter())
    if not source.is_dir():
        what = "there is no such file or folder"
        raise ConfigError([Problem(f"input={source}", what, "Type: input=PATH of a picture, or of a folder of them")])
    inner = output.resolve()
    if inner == source.resolve():
        raise ConfigError([Problem(f"output={output}", "is the input: the pictures would be overwritten", ELSEWHERE)])
    files = [
        path for path in pictures_in(source) if inner not in path.resolve().parents or inner in source.resolve().parents
    ]
    if not files:
        what = f"there is no picture ({endings}) in it or below it"
        raise ConfigError([Problem(f"input={source}", what, "Type: input=PATH of a folder with pictures")])
    others = (path for path in source.rglob("*") if path.is_file() and path.suffix.lower() not in ENDINGS)
    return Inputs(source, files, Counter(path.suffix.lower() or path.name for path in others if path.name[0] != "."))


def require_apart(inputs: Inputs, output: Path) -> None:
    """Refuse an output that would overwrite a picture of the input.

    Raises:
        ConfigError: with the first such picture.
    """
    own = {path.resolve() for path in inputs.files}
    for path in inputs.files:
        if (output / inputs.name(path)).resolve() in own:
            what = f"{output / inputs.name(path)} is one of the pictures to translate, and would be overwritten"
            raise ConfigError([Problem(f"output={output}", what, ELSEWHERE)])


def require_writable(output: Path) -> None:
    """Refuse an output folder that is not writable, before anything is created.

    Raises:
        ConfigError: with the system's message.
    """
    folder = next(place for place in (output.absolute(), *output.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError([unwritable(output, folder, error)]) from error


def unwritable(output: Path, place: Path, error: OSError) -> Problem:
    """The problem to report for a path that cannot be written."""
    what = f"cannot be written: {place}: {error.strerror or error}"
    return Problem(f"output={output}", what, "Type: output=DIR of a folder that can be written and has room")
