"""The sounds of runs on speech, sentence by sentence: those of the last epoch, as many as the page has room for."""

from __future__ import annotations

import base64
import re
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from genlab.pages.report.record import Record

NAME = re.compile(r"(?P<direction>[A-Za-z]+)_(?P<number>\d+)_(?P<what>source|translated|back)(_(?P<epoch>\d{6,}))?")
ORDER = ("source", "translated", "back")
BYTES = 6_000_000  # of base64 in a page: a dozen runs have their first sentence, three have four
LARGEST = 1_000_000  # bytes of one sound: a run writes a seventh of that


@dataclass(frozen=True)
class Sound:
    """One file: what it is of its sentence, the epoch (None: of none), base64 of the WAV."""

    what: str
    epoch: int | None
    content: str

    @property
    def uri(self) -> str:
        """The sound as an address."""
        return f"data:audio/wav;base64,{self.content}"


@dataclass(frozen=True)
class Sentence:
    """A sentence of a run: in which direction, which one, and its sounds in ``ORDER``."""

    run: int
    direction: str
    number: int
    sounds: tuple[Sound, ...]

    @property
    def size(self) -> int:
        """Bytes on the page."""
        return sum(len(sound.content) for sound in self.sounds)


@dataclass
class Sounds:
    """What the page holds: sentences by run; how many were left out for want of room; files that are no sounds, by run."""

    sentences: dict[int, list[Sentence]] = field(default_factory=dict)
    left: int = 0
    broken: dict[int, list[str]] = field(default_factory=dict)


def read_sounds(records: Sequence[Record], room: int = BYTES) -> Sounds:
    """The sentences of the runs: the first of every run before the second of any, while there is room."""
    found = Sounds()
    every = [one for run, record in enumerate(records) for one in sentences_of(run, record.path, found)]
    for sentence in sorted(every, key=lambda one: (one.number, one.direction, one.run)):
        if sentence.size > room:
            found.left += 1
            continue
        room -= sentence.size
        found.sentences.setdefault(sentence.run, []).append(sentence)
    for some in found.sentences.values():
        some.sort(key=lambda one: (one.direction, one.number))
    return found


def sentences_of(run: int, folder: Path, found: Sounds) -> Iterator[Sentence]:
    """The sentences in the folder of a run; files that are no sounds are put down as broken."""
    newest: dict[tuple[str, int], dict[str, tuple[int, Path]]] = {}
    for path in sorted((folder / "sounds").glob("*.wav")):
        if match := NAME.fullmatch(path.stem):
            own = newest.setdefault((match["direction"], int(match["number"])), {})
            own[match["what"]] = max(own.get(match["what"], (-1, path)), (int(match["epoch"] or -1), path))
    for (direction, number), files in newest.items():
        sounds = []
        for what, (epoch, path) in sorted(files.items(), key=lambda item: ORDER.index(item[0])):
            if (content := content_of(path)) is None:
                found.broken.setdefault(run, []).append(f"sounds/{path.name}")
            else:
                sounds.append(Sound(what, None if epoch < 0 else epoch, content))
        if sounds:
            yield Sentence(run, direction, number, tuple(sounds))


def content_of(path: Path) -> str | None:
    """Base64 of a WAV file; None if it is none, or too large to have been written by a run."""
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        with wave.open(str(path), "rb") as file:
            whole = file.getnframes() * file.getsampwidth() * file.getnchannels() < len(content)
    except (OSError, EOFError, wave.Error):
        return None
    return base64.b64encode(content).decode() if whole else None
