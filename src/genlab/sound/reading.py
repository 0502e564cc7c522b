"""Reads a sound file of any rate, depth and number of channels, in blocks: an hour takes no more memory than a second."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genlab.contracts import ConfigError, Problem, Unreadable
from genlab.sound.levels import ABSURD, Meter
from genlab.sound.riff import missing

if TYPE_CHECKING:
    from soundfile import SoundFile

ENDINGS = frozenset((".wav", ".flac"))
NAMED = "WAV FLAC"  # for messages
BLOCK = 1 << 16  # samples of every channel that are read at once
BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
FLOATS = ("FLOAT", "DOUBLE")
PACKAGES = ("soundfile", "soxr")
SAID = {  # what libsndfile says, and what that means
    "psf_fseek": "it breaks off, is damaged, or does not say how long it is: export it anew",
    "lost sync": "it breaks off, is damaged, or does not say how long it is: export it anew",
    "Format not recognised": "what is in it is neither WAV nor FLAC, whatever its name: export it anew",
    "SF_INFO struct": "its header has numbers that cannot be: export it anew",
}
RATES = range(1_000, 1_000_001)  # samples per second of sounds that were recorded; others are in broken headers


@dataclass(frozen=True)
class Header:
    """What a file says of itself: samples per second, channels, how a sample is stored, and samples of each channel."""

    sample_rate: int
    channels: int
    stored: str
    samples: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples / self.sample_rate

    @property
    def depth(self) -> str:
        """``16 bit``, ``float``, or what else the format calls it."""
        return f"{BITS[self.stored]} bit" if self.stored in BITS else "float" if self.stored in FLOATS else self.stored


def is_sound(path: Path) -> bool:
    """Whether the ending is that of a sound; the file is not opened."""
    return path.suffix.lower() in ENDINGS


def require_installed(where: str) -> None:
    """Refuse sound where the packages that read it are not installed, or lack a library of the system.

    Raises:
        ConfigError: with the words to type.
    """
    if absent := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        remedy = "Type: pip install 'genlab[speech]'   (in a clone: pip install -e '.[speech]')"
        verb = "is" if len(absent) == 1 else "are"
        raise ConfigError([Problem(where, f"{' and '.join(absent)} {verb} not installed", remedy)])
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:  # OSError: there is no libsndfile
            remedy = f"Type: pip install 'genlab[speech]', or, if that is done, pip install --force-reinstall {name}"
            raise ConfigError([Problem(where, f"{name} cannot be loaded ({error})", remedy)]) from error


@contextmanager
def opened(path: Path) -> Iterator[SoundFile]:
    """The file, whole by its header.

    Raises:
        Unreadable: it is empty, no sound, damaged, cut short, of an impossible rate, or may not be read.
    """
    import soundfile

    try:
        if not path.stat().st_size:
            raise Unreadable(path, "the file is empty", "a sound")
        require_whole(path)
        with soundfile.SoundFile(path) as file:
            if not file.frames:
                raise Unreadable(path, "it has a header and no sound", "a sound")
            if file.samplerate not in RATES:
                why = f"its header says {file.samplerate:,} samples per second: export it anew"
                raise Unreadable(path, why, "a sound")
            yield file
    except OSError as error:
        raise Unreadable(path, error.strerror or error, "a sound") from error
    except soundfile.SoundFileError as error:
        raise Unreadable(path, reason(error), "a sound") from error


def reason(error: Exception) -> str:
    """What libsndfile says; in words where it says less than can be known, or speaks of its own parts."""
    said = str(getattr(error, "error_string", error)).rstrip(".")
    return next((words for part, words in SAID.items() if part in said), said)


def require_whole(path: Path) -> None:
    """Refuse a file that was cut short: what is missing may be the rest of a sentence.

    Raises:
        Unreadable: with what is there.
    """
    if found := missing(path):
        there, promised = found
        share = f"{min(99, round(100 * there / promised))} % of it is there"
        why = f"its header promises {promised:,} bytes of sound, and {share}: copy it again, or export it anew"
        raise Unreadable(path, why, "a sound")


def header(path: Path) -> Header:
    """What the file says of itself, without reading its sound.

    Raises:
        Unreadable: as for ``opened``.
    """
    with opened(path) as file:
        return header_of(file)


def header_of(file: Any) -> Header:
    """The same of an opened file."""
    return Header(file.samplerate, file.channels, file.subtype, file.frames)


def blocks(path: Path, sample_rate: int | None = None, meter: Meter | None = None) -> Iterator[np.ndarray]:
    """The sound in pieces, float32 [n] each in [-1, 1]: the mean of its channels, resampled by soxr where rates differ.

    ``meter``: looks at the channels as the file has them.

    Raises:
        Unreadable: as for ``opened``; or numbers are not finite, or are integers in a file of floats.
    """
    with opened(path) as file:
        rate, pieces = file.samplerate, read_whole(path, file, meter)
        yield from pieces if sample_rate in (None, rate) else resampled(pieces, rate, sample_rate)


def read_whole(path: Path, file: Any, meter: Meter | None) -> Iterator[np.ndarray]:
    """The mean of the channels, in pieces; all that the header promises.

    Raises:
        Unreadable: numbers are not finite or absurd, or a FLAC file breaks off.
    """
    done = 0
    while done < file.frames:
        block = file.read(min(BLOCK, file.frames - done), dtype="float32", always_2d=True)
        if not len(block):
            why = f"it breaks off after {done / file.samplerate:.1f} of {file.frames / file.samplerate:.1f} seconds"
            raise Unreadable(path, why, "a sound")
        if not np.isfinite(block).all():
            raise Unreadable(path, "it has numbers that are not finite", "a sound")
        if (most := float(np.abs(block).max())) > ABSURD:
            why = f"its samples go up to {most:,.0f}, where 1 is full scale: divide them, by 32,768 if they had 16 bits"
            raise Unreadable(path, why, "a sound")
        if meter is not None:
            meter.see(block)
        done += len(block)
        yield block.mean(1)


def resampled(pieces: Iterator[np.ndarray], rate: int, wanted: int | None) -> Iterator[np.ndarray]:
    """The same sound at another rate, with soxr's filter of high quality."""
    import soxr

    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="HQ")
    for piece in pieces:
        yield stream.resample_chunk(piece)
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def read(path: Path, sample_rate: int | None = None) -> np.ndarray:
    """The whole sound, float32 [N].

    Raises:
        Unreadable: as for ``blocks``.
    """
    return np.concatenate([*blocks(path, sample_rate)])
