"""Sound files as log-mel spectrograms in a store, and the statistics of a speaker's training files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from genlab.config.types import OnError
from genlab.contracts import MelFormat, Scale
from genlab.data.files.decode_in_parallel import THREADS, decode_rows
from genlab.data.files.findings import Findings
from genlab.data.files.image_folders import Parts
from genlab.data.store.store import Decoded, Part
from genlab.sound.levels import Meter, full_scale, is_silent, speech_span
from genlab.sound.mel import log_mel
from genlab.sound.reading import BITS, blocks, header

VERSION = 3  # part of every store's key: raise it when a sound becomes another spectrogram
MULTIPLE = 4  # of frames: the ResNet generators halve an image twice
LEAST = 0.1  # nats that a band's standard deviation counts as, at least: of bands in which a speaker has nothing
CLIPPED, SILENT = "clipped: three samples in a row at full scale", "silent: left out"
BEYOND = "beyond full scale, as floats can be: taken as it is"
CANCELS = "its channels cancel each other in their mean: left out; keep one of them, or turn one upside down"
SHORT = "shorter than data.frames: repeated"
STORED = np.float16  # to 0.004 nats, 0.03 dB, in half of the room


@dataclass
class Moments:
    """Sums over frames by band, float64 [n_mels]: how many there were, their levels, and the squares of these."""

    count: int
    total: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, frames: np.ndarray) -> Moments:
        """Those of a spectrogram, [n_mels, T]; no copy of it is made, since it may be of an hour."""
        squares = np.einsum("mt,mt->m", frames, frames, dtype=np.float64)
        return cls(frames.shape[1], frames.sum(1, dtype=np.float64), squares)

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    def scale(self, spread: float) -> Scale:
        """Black and white of every band: so many standard deviations below and above its mean, which is grey."""
        mean = self.total / self.count
        deviation = np.sqrt(np.maximum(self.squares / self.count - mean**2, LEAST**2))
        return tuple(zip((mean - spread * deviation).tolist(), (mean + spread * deviation).tolist(), strict=True))


@dataclass(frozen=True)
class Heard:
    """What comes of a file: frames [1, n_mels, T] as they are stored, and the sums over those of them that are its own."""

    frames: np.ndarray
    moments: Moments


@dataclass
class Spectrograms:
    """How sound files become rows of a store.

    Args:
        root: the folder that the names of files are relative to.
        form: of the spectrograms.
        frames: the fewest that a row has.
        trim: how far below its loudest window, in dB, the ends of a file are silence and cut off; None: nothing is cut off.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` and count it.
    """

    root: Path
    form: MelFormat
    frames: int
    trim: float | None
    on_error: OnError
    # by part, as far as it is decoded: sums over the training files, and the names of the files that became rows
    moments: dict[str, Moments] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)

    def recipe(self) -> dict[str, Any]:
        """What of this changes the rows, for a store's key."""
        own = {"frames": self.frames, "trim": self.trim, "on_error": self.on_error}
        return {"kind": "log-mel", "version": VERSION, **asdict(self.form), **own}

    def decoded(self, parts: Parts) -> Decoded:
        """Input of a store's build; files are decoded lazily. ``parts``: their names end in A or B."""
        findings, self.moments = Findings(self.root), {}
        self.names = {part: [] for part in parts}
        made = {part: Part(len(files), ("image",), self.rows(part, files, findings)) for part, files in parts.items()}
        return Decoded(made, lambda: findings.facts(None) | {"moments": self.plain(), "files": self.names})

    def rows(self, part: str, files: list[Path], findings: Findings) -> Iterator[tuple[np.ndarray] | None]:
        """The rows of a part, in order; None for a file that is left out. Sums are taken in this order, too."""
        decoded = decode_rows(files, lambda path: self.heard(path, findings), self.on_error, findings, THREADS)
        for path, heard in zip(files, decoded, strict=True):
            if heard is None:
                yield None
                continue
            if part.startswith("train"):
                before = self.moments.get(part)
                self.moments[part] = heard.moments if before is None else before + heard.moments
            self.names[part].append(path.relative_to(self.root).as_posix())
            yield (heard.frames,)

    def heard(self, path: Path, findings: Findings) -> Heard | None:
        """One file; None if there is nothing to hear in it.

        Raises:
            Unreadable: it is no sound, is damaged or cut short, or may not be read.
        """
        meter = Meter(full_scale(BITS.get(header(path).stored)))
        frames, level = log_mel(blocks(path, self.form.sample_rate, meter), self.form)
        notes = [CLIPPED] if meter.clipped else [BEYOND] if meter.beyond else []
        if meter.cancels or is_silent(level):
            findings.read([*notes, CANCELS if meter.cancels else SILENT])
            return None
        first, end = speech_span(level, self.trim)
        chosen = fitted(first, end, len(level), self.frames)
        findings.read([*notes, SHORT] if len(level) < self.frames else notes)
        return Heard(frames.astype(STORED)[None, :, chosen], Moments.of(frames[:, first:end]))

    def plain(self) -> dict[str, Any]:
        """The sums of the training parts as numbers, strings, lists and dicts, to be kept."""
        return {part: [one.count, one.total.tolist(), one.squares.tolist()] for part, one in self.moments.items()}


def fitted(first: int, end: int, total: int, least: int) -> np.ndarray:
    """Which frames of a file a row has: those of its speech, and of what is around them as many as networks need. int64.

    A multiple of ``MULTIPLE``, with what comes after the speech, or before it; the file's end is lost if it has no more. At
    least ``least``: a shorter file over again.
    """
    wanted = max(min(-(-(end - first) // MULTIPLE) * MULTIPLE, total // MULTIPLE * MULTIPLE), least)
    end = min(total, first + wanted)
    first = max(0, end - wanted)
    return first + np.arange(wanted) % (end - first)


def scale_of(facts: dict[str, Any], part: str, spread: float) -> Scale:
    """Black and white of every band, by the sums that a store has of a training part."""
    count, total, squares = facts["moments"][part]
    return Moments(count, np.array(total), np.array(squares)).scale(spread)
