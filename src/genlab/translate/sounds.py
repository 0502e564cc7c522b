"""Translates sounds, one after the other: any rate, depth and length, in memory that a long one does not raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from genlab.console import progress
from genlab.contracts import ConfigError, Problem, Unreadable
from genlab.sound.drawn import drawn
from genlab.sound.levels import Meter
from genlab.sound.reading import Header, blocks, header, require_installed
from genlab.sound.writing import encoding, write
from genlab.speech.pieces import LONGEST
from genlab.speech.translation import Seen, Translated, VoiceTranslation, translated
from genlab.translate.inputs import SOUNDS, Medium
from genlab.translate.job import Job

HEARD = 4.0  # seconds of a sound on the sheet
AUDIBLE = 0.1  # decibels of loudness that are worth a note


@dataclass
class Sounds(Job):
    """Sounds by a model that was trained on speech; every file alone, so that none depends on the others."""

    medium: ClassVar[Medium] = SOUNDS

    def require_able(self) -> None:
        """Refuse also where the packages for sound are missing, and a ``memory`` that is of pictures.

        Raises:
            ConfigError: with what to type.
        """
        require_installed(f"input={self.cfg.input}")
        if self.cfg.memory != "auto":
            what = f"is of pictures: sounds go in pieces of up to {LONGEST:g} s, whatever their length"
            raise ConfigError([Problem(f"memory={self.cfg.memory}", what, "Leave it out.")])
        super().require_able()

    def remarks(self) -> Iterator[str]:
        """What is said of the way before it begins."""
        form = self.spec.sound
        assert form is not None
        bands = f"{form.n_mels} bands up to {form.f_max:,.0f} Hz"
        yield f"by log-mel and Griffin-Lim at {form.sample_rate:,} Hz, {bands}; what is above them is lost"
        if self.cfg.batch_size > 1:
            yield "batch_size=1: each sound is translated by itself"

    def everything(self) -> None:
        """Translate all sounds and write the sheet."""
        with progress("translating", len(self.inputs.files), unit="sounds") as advance:
            for path in self.inputs.files:
                self.attempt(path, advance)
        self.sheet.write(self.title())

    def attempt(self, path: Path, advance: Callable[[float], object]) -> None:
        """Translate a sound, or skip it if it cannot be read; progress advances by one in all."""
        told: list[float] = []  # shares of the sound

        def tell(share: float) -> None:
            told.append(share)
            advance(share)

        try:
            self.one(path, tell)
        except Unreadable as error:
            self.skip(path, error)
        advance(1 - sum(told))

    def one(self, path: Path, tell: Callable[[float], object]) -> None:
        """Translate and write a sound; progress also advances within a long one.

        Raises:
            Unreadable: it is no sound, or is damaged or cut short.
            ConfigError: it cannot be written.
        """
        source = header(path)
        first: list[Seen] = []
        meter = Meter()

        def watch(piece: Seen) -> None:
            if not first:
                first.append(piece)
            tell(piece.before.shape[1] / way.form.frames(round(source.seconds * way.form.sample_rate)))

        way = VoiceTranslation(self.model, self.spec, self.cfg.direction, watch)
        target = self.output / self.inputs.name(path)
        with self.writing(target), translated(source, blocks(path, meter=meter), way, target.parent) as made:
            self.write(path, made, meter.cancels)
        self.show(path, first[0], round(HEARD / way.form.seconds(1)))

    def write(self, path: Path, made: Translated, cancels: bool) -> None:
        """Write a translation, with notes on what is not as in the source. ``cancels``: of its channels, in their mean.

        Raises:
            ConfigError: it cannot be written.
        """
        encoded = encoding(path, made.source)
        with self.written(path) as file:
            write(file, made.blocks(), made.source.sample_rate, encoded)
        self.done += 1
        self.notes.update(notes(made, encoded[1], cancels))

    def show(self, path: Path, seen: Seen, most: int) -> None:
        """Add the first ``most`` windows of a sound to the sheet."""
        pictures = (drawn(image, most) for image in (seen.before, seen.after))
        self.sheet.add(path, *(picture.transpose(2, 0, 1) / 255 for picture in pictures))


def notes(made: Translated, stored: str, cancels: bool) -> Iterator[str]:
    """What of a sound is not as in its source, in sentences that are the same for every such file."""
    source = made.source
    if source.channels > 1:
        yield f"{source.channels} channels in: their mean is translated, and comes out as one channel"
    if stored != source.stored:
        yield f"{source.depth} in: that is not written, and comes out in {Header(1, 1, stored, 1).depth}"
    if cancels:
        yield "its channels cancel each other in their mean, so next to nothing is left: keep one, or turn one upside down"
    elif made.silent:
        yield "silent: there is nothing to hear in it, and nothing comes out"
    elif made.lacking > AUDIBLE:
        yield f"quieter than the source, by up to {-(-made.lacking // 3) * 3:.0f} dB: its peaks would be beyond full scale"
