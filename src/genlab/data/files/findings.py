"""What is noticed while the files of a set are read: what cannot be read, what is lost, how far numbers go."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genlab.contracts import Unreadable
from genlab.data.files.decode import Reading
from genlab.data.files.pixels import Pixels, Range

DARK = 0.5  # of white: if no number is larger, the files are likely not to use their whole range
WIDENED, REDUCED = "grey among colour: widened to colour", "colour in a grey set: reduced to grey"
OUTSIDE = "numbers outside data.range: cut off"


class Findings:
    """Collected from several threads.

    Args:
        root: the folder that names are relative to.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.lock = root, threading.Lock()
        self.skipped: list[str] = []
        self.notes: Counter[str] = Counter()
        self.files = self.deep = 0
        self.low, self.high, self.white = float("inf"), float("-inf"), 0.0

    def skip(self, error: Unreadable) -> None:
        """Record a file that cannot be read."""
        self.skipped.append(error.path.relative_to(self.root).as_posix())

    def remark(self, sentence: str) -> None:
        """Count a remark on a file that was read."""
        with self.lock:
            self.notes[sentence] += 1

    def read(self, notes: Iterable[str]) -> None:
        """Record a file that was read, with remarks on it."""
        with self.lock:
            self.files += 1
            self.notes.update(notes)

    def see(self, pixels: Pixels, reading: Reading) -> None:
        """Record a picture that was read."""
        notes = list(pixels.notes)
        bands = pixels.colours.shape[-1]
        if bands != reading.channels:
            notes.append(WIDENED if bands == 1 else REDUCED)
        low, high = (float(pixels.colours.min()), float(pixels.colours.max())) if pixels.deep else (0.0, 0.0)
        if pixels.deep and reading.range is not None and (low < reading.range[0] or high > reading.range[1]):
            notes.append(OUTSIDE)
        self.read(notes)
        with self.lock:
            if pixels.deep:
                self.deep += 1
                self.low, self.high = min(self.low, low), max(self.high, high)
                self.white = max(self.white, pixels.full[1])

    def plain(self) -> dict[str, Any]:
        """As numbers, strings, lists and dicts, to be kept."""
        span = [self.low, self.high, self.white] if self.deep else []
        return {"skipped": self.skipped, "notes": dict(self.notes), "seen": [self.files, self.deep], "span": span}

    def add(self, plain: dict[str, Any]) -> None:
        """Take in what other ``Findings`` of the same files' root have kept."""
        self.skipped += plain["skipped"]
        self.notes.update(plain["notes"])
        self.files, self.deep = self.files + plain["seen"][0], self.deep + plain["seen"][1]
        if plain["span"]:
            low, high, white = plain["span"]
            self.low, self.high, self.white = min(self.low, low), max(self.high, high), max(self.white, white)

    def range(self) -> Range | None:
        """The smallest and the largest number of the deep files; None if there is none."""
        if not self.deep:
            return None
        return self.low, self.high if self.high > self.low else self.low + 1

    def facts(self, range: Range | None) -> dict[str, Any]:
        """For the manifest of a store. ``range``: that of the deep files, if one was given."""
        counts = [f"{count:,} of {self.files:,}: {sentence}" for sentence, count in sorted(self.notes.items())]
        used = list(range) if range is not None and self.deep else None
        return {"skipped": self.skipped, "remarks": [*counts, *self.depth(range)], "range": used}

    def depth(self, range: Range | None) -> list[str]:
        """What becomes of files with more than 8 bits."""
        if not self.deep:
            return []
        said = f"{self.deep:,} of {self.files:,}: more than 8 bits, taken as 8"
        if range is not None:
            return [f"{said}; {range[0]:g} is black and {range[1]:g} is white"]
        if self.high > DARK * self.white:
            return [said]
        return [
            f"{said}; the largest number is {self.high:g} where white is {self.white:g}, so they are dark: "
            f"data.range={self.high:g} makes that white, data.range=set spreads {self.low:g} … {self.high:g}"
        ]
