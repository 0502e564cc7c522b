"""The input pictures of ``translate.py``, and checks of the output folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from genlab.config.types import OnError
from genlab.contracts import ConfigError, Problem
from genlab.data.files.formats import NAMED, is_picture
from genlab.data.files.listing import look_in
from genlab.data.files.picture_io import name_of

ELSEWHERE = "Type: output=DIR of another folder, or leave it out"


@dataclass(frozen=True)
class Inputs:
    """The pictures below ``root``, and remarks on the other files there."""

    root: Path
    files: list[Path]
    remarks: tuple[str, ...] = ()

    def name(self, path: Path) -> Path:
        """The path of a file's translation, relative to the output."""
        return name_of(path.relative_to(self.root))


def listed(source: Path, output: Path, on_error: OnError) -> Inputs:
    """The picture, or all pictures in and below a folder, except those in an output folder inside it.

    Raises:
        ConfigError: there is no such file or folder, or no picture in it.
        DataError: a folder cannot be listed, and ``on_error`` is ``stop``.
    """
    if source.is_file():
        if not is_picture(source):
            raise ConfigError(
                [Problem(f"input={source}", f"is no picture that can be read: {NAMED}", "Convert it first.")]
            )
        return Inputs(source.parent, [source])
    if not source.is_dir():
        what = "there is no such file or folder"
        raise ConfigError([Problem(f"input={source}", what, "Type: input=PATH of a picture, or of a folder of them")])
    inner = output.resolve()
    if inner == source.resolve():
        raise ConfigError([Problem(f"output={output}", "is the input: the pictures would be overwritten", ELSEWHERE)])
    listing = look_in(source, on_error, inner)
    if not listing.files:
        what = f"there is no picture ({NAMED}) in it or below it"
        raise ConfigError([Problem(f"input={source}", what, "Type: input=PATH of a folder with pictures")])
    return Inputs(source, listing.files, tuple(listing.remarks()))


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


def unwritable(output: Path, place: Path, error: OSError) -> Problem:
    """The problem to report for a path that cannot be written."""
    what = f"cannot be written: {place}: {error.strerror or error}"
    return Problem(f"output={output}", what, "Type: output=DIR of a folder that can be written and has room")
