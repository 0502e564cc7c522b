"""The input files of ``translate.py``, pictures or sounds, and checks of the output folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genlab.config.types import OnError
from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.data.files import formats
from genlab.data.files.formats import is_picture
from genlab.data.files.listing import look_in
from genlab.data.files.picture_io import name_of
from genlab.sound import reading
from genlab.sound.reading import is_sound

ELSEWHERE = "Type: output=DIR of another folder, or leave it out"


@dataclass(frozen=True)
class Medium:
    """What is translated: one file of it in words, its formats, and which files are some, by their endings."""

    word: str
    formats: str
    is_one: Callable[[Path], bool]

    @property
    def words(self) -> str:
        """``pictures``; ``pictures or sounds``."""
        return " or ".join(f"{word}s" for word in self.word.split(" or "))

    def count(self, number: int) -> str:
        """``1 picture``, ``2 pictures``."""
        return f"{number:,} {self.word}{'' if number == 1 else 's'}"


PICTURES = Medium("picture", formats.NAMED, is_picture)
SOUNDS = Medium("sound", reading.NAMED, is_sound)
EITHER = Medium(
    "picture or sound", f"{formats.NAMED}; {reading.NAMED}", lambda path: is_picture(path) or is_sound(path)
)


@dataclass(frozen=True)
class Inputs:
    """The files below ``root`` that are translated, and remarks on the others there."""

    root: Path
    files: list[Path]
    remarks: tuple[str, ...] = ()

    def name(self, path: Path) -> Path:
        """The path of a file's translation, relative to the output."""
        inside = path.relative_to(self.root)
        return inside if is_sound(path) else name_of(inside)


def listed(source: Path, output: Path, on_error: OnError, wanted: Medium) -> Inputs:
    """The file, or all that are ``wanted`` in and below a folder, except those in an output folder inside it.

    Raises:
        ConfigError: there is no such file or folder, or nothing to translate in it.
        DataError: a folder cannot be listed, and ``on_error`` is ``stop``.
    """
    word, where = wanted.word, f"input={source}"
    if source.is_file():
        if not wanted.is_one(source):
            raise ConfigError([Problem(where, f"is no {word} that can be read: {wanted.formats}", "Convert it first.")])
        return Inputs(source.parent, [source])
    if not source.is_dir():
        what = "there is no such file or folder"
        raise ConfigError([Problem(where, what, f"Type: input=PATH of a {word}, or of a folder of them")])
    inner = output.resolve()
    if inner == source.resolve():
        raise ConfigError([Problem(f"output={output}", "is the input: its files would be overwritten", ELSEWHERE)])
    listing = look_in(source, on_error, inner, wanted.is_one)
    if not listing.files:
        what = f"there is no {word} ({wanted.formats}) in it or below it"
        raise ConfigError([Problem(where, what, f"Type: input=PATH of a folder with {wanted.words}")])
    return Inputs(source, listing.files, tuple(listing.remarks()))


def medium_of(spec: DataSpec) -> Medium:
    """What a model that was trained on this set translates."""
    return SOUNDS if spec.sound else PICTURES


def require_medium(inputs: Inputs, spec: DataSpec, where: str) -> None:
    """Refuse pictures for a model of speech, and sounds for one of pictures. ``where``: the input, as it was typed.

    Raises:
        ConfigError: none of the files is for this model; with what is.
    """
    own, other = (SOUNDS, PICTURES) if spec.sound else (PICTURES, SOUNDS)
    if any(own.is_one(path) for path in inputs.files):
        return
    what = f"has {other.count(len(inputs.files))}, and the model was trained on {own.word}s ({spec.name})"
    set_of = "one's own pictures" if spec.sound else "speech: data=speech_folders"
    remedy = f"Type: input=PATH of {own.word}s ({own.formats}), or ckpt=RUN of a model of {set_of}"
    raise ConfigError([Problem(where, what, remedy)])


def require_apart(inputs: Inputs, output: Path) -> None:
    """Refuse an output that would overwrite a file of the input.

    Raises:
        ConfigError: with the first such file.
    """
    own = {path.resolve() for path in inputs.files}
    for path in inputs.files:
        if (output / inputs.name(path)).resolve() in own:
            what = f"{output / inputs.name(path)} is one of the files to translate, and would be overwritten"
            raise ConfigError([Problem(f"output={output}", what, ELSEWHERE)])


def unwritable(output: Path, place: Path, error: OSError) -> Problem:
    """The problem to report for a path that cannot be written."""
    what = f"cannot be written: {place}: {error.strerror or error}"
    return Problem(f"output={output}", what, "Type: output=DIR of a folder that can be written and has room")
