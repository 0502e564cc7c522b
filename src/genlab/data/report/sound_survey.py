"""Survey of a set's sounds before training: lengths, rates and depths, clipped and silent files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from genlab.contracts import Unreadable
from genlab.data.report.surveyed import File, Surveyed, digest_of, looked_at
from genlab.sound.levels import Meter, full_scale
from genlab.sound.reading import BITS, Header, blocks, header


@dataclass(frozen=True)
class Sound(File):
    """``header``: None if the file cannot be read; ``meter``: what its samples are like."""

    header: Header | None
    meter: Meter

    @property
    def is_readable(self) -> bool:
        """Whether all of it can be read."""
        return self.header is not None

    @property
    def seconds(self) -> float:
        """Its length; 0 of a file that cannot be read."""
        return self.header.seconds if self.header else 0.0


class SoundSurvey(Surveyed[Sound]):
    """The sounds of each part."""

    def clipped(self) -> list[str]:
        """The names of files that are clipped."""
        return [sound.name for sound in self.every if sound.meter.clipped]

    def silent(self, heard: Collection[str]) -> list[str]:
        """The names of files in which the set heard nothing. ``heard``: those that it has."""
        return [
            sound.name
            for sound in self.every
            if sound.is_readable and not sound.meter.cancels and sound.name not in heard
        ]

    def beyond(self) -> list[str]:
        """The names of files with samples beyond full scale."""
        return [sound.name for sound in self.every if sound.meter.beyond]

    def cancelling(self) -> list[str]:
        """The names of files of which the channels cancel each other."""
        return [sound.name for sound in self.every if sound.meter.cancels]


def survey_sounds(files: dict[str, list[Path]]) -> SoundSurvey:
    """Examine every sound once, all of it; names are relative to the folder that contains them all."""
    return SoundSurvey(*looked_at(files, survey_sound))


def survey_sound(path: Path, root: Path) -> Sound:
    """Hash a file, and look at its samples as it has them."""
    name, digest = path.relative_to(root).as_posix(), digest_of(path)
    try:
        found = header(path)
        meter = Meter(full_scale(BITS.get(found.stored)))
        for _ in blocks(path, meter=meter):
            pass
    except Unreadable:
        return Sound(name, *digest, None, Meter())
    return Sound(name, *digest, found, meter)
