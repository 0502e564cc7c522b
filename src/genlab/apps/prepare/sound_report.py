"""The lines of ``prepare.py`` on a set's sound files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from genlab.apps.prepare.words import NAMED, copies, leaks, listed, table
from genlab.data.report.sound_survey import Sound, SoundSurvey
from genlab.data.store.source import PreparedData

MINUTE, HOUR = 60, 3600


def sound_files(survey: SoundSurvey) -> Iterator[str]:
    """One line per part: number, lengths, rates, channels and depths of the files."""
    rows: list[tuple[str, ...]] = [("part", "files", "seconds", "in all", "rate", "channels", "depth", "MB")]
    for part, sounds in survey.parts.items():
        heads = [sound.header for sound in sounds if sound.header is not None]
        rates = counted(f"{head.sample_rate:,} Hz" for head in heads)
        channels, depths = counted(f"{head.channels}" for head in heads), counted(head.depth for head in heads)
        volume = f"{sum(sound.bytes for sound in sounds) / 1e6:,.1f}"
        total = duration(sum(sound.seconds for sound in sounds))
        rows.append((part, f"{len(sounds):,}", lengths(sounds), total, rates, channels, depths, volume))
    yield from table(rows, left=(0, 2, 4, 5, 6))


def sound_oddities(prepared: PreparedData, survey: SoundSurvey) -> Iterator[str]:
    """Irregularities: files that cannot be read, silent and clipped ones, duplicates."""
    heard = {name for sides in prepared.files.values() for names in sides.values() for name in names}
    for title, names in (
        ("unreadable", survey.unreadable()),
        ("silent", survey.silent(heard)),
        ("clipped", survey.clipped()),
    ):
        yield f"{title:<11}{listed(names, NAMED) if names else 'none'}"
    for title, names in (("over 1", survey.beyond()), ("cancelling", survey.cancelling())):  # rare
        if names:
            yield f"{title:<11}{listed(names, NAMED)}"
    yield from copies(survey)
    yield from leaks(survey, "sound")


def lengths(sounds: list[Sound]) -> str:
    """``2.4``, or the shortest, the median and the longest, in seconds."""
    seen = sorted(sound.seconds for sound in sounds if sound.is_readable)
    if not seen:
        return "-"
    if seen[0] == seen[-1]:
        return f"all {seen[0]:.1f}"
    return " … ".join(f"{seconds:.1f}" for seconds in (seen[0], seen[len(seen) // 2], seen[-1]))


def counted(words: Iterable[str]) -> str:
    """``16,000 Hz``, or each with its number: ``16,000 Hz (210), 8,000 Hz (10)``."""
    found = Counter(words).most_common()
    return found[0][0] if len(found) == 1 else ", ".join(f"{word} ({count:,})" for word, count in found) or "-"


def duration(seconds: float) -> str:
    """``41.3 s``, ``12 min 5 s``, ``3 h 20 min``."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{seconds:.1f} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
