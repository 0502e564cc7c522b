"""How a set reads its picture files: the keys that such sets share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from genlab.config.types import NumberRange, OnError, PositiveInt, Resample
from genlab.contracts import ConfigError, Problem
from genlab.data.files.decode import Reading
from genlab.data.files.pixels import Range


@dataclass(frozen=True)
class FileOptions:
    """The keys of a set, by their names in the configuration.

    Args:
        channels: 1 grey, 3 colour, None: colour if any file has colour.
        range: white, or black and white, in files of more than 8 bits; ``set``: the smallest and the largest number that
            the files have; None: by each file's format.
        resample: how pictures are scaled: ``bicubic``, antialiased, or ``nearest``, which makes no new colours.
        max_pixels: files with more pixels are refused.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` it.
    """

    channels: int | None
    range: NumberRange
    resample: Resample
    max_pixels: PositiveInt
    on_error: OnError

    def __post_init__(self) -> None:
        """Check the range."""
        span(self.range)

    def reading(self, channels: int, found: Range | None = None) -> Reading:
        """How files are read. ``found``: the range of the files, for ``range=set``."""
        return Reading(channels, found if self.range == "set" else span(self.range), self.max_pixels, self.resample)


@dataclass(frozen=True)
class Sides:
    """What A and B have for themselves; None: as both.

    Args:
        channels_a: 1 grey, 3 colour, in images of A; ``channels_b``: in those of B.
        resample_a: how images of A are scaled; ``resample_b``: those of B.
    """

    channels_a: Literal[1, 3] | None
    channels_b: Literal[1, 3] | None
    resample_a: Resample | None
    resample_b: Resample | None

    def reading(self, both: Reading, side: str) -> Reading:
        """``both`` with what side ``a`` or ``b`` has for itself."""
        channels, resample = (self.channels_a, self.resample_a) if side == "a" else (self.channels_b, self.resample_b)
        return replace(both, channels=channels or both.channels, resample=resample or both.resample)


def span(key: NumberRange) -> Range | None:
    """``data.range`` as black and white; None for ``set`` and for none.

    Raises:
        ConfigError: black is not below white.
    """
    if key is None or isinstance(key, str):
        return None
    low, high = (0.0, float(key)) if isinstance(key, int | float) else (float(key[0]), float(key[1]))
    if not low < high:
        what = f"black, {low:g}, must be below white, {high:g}"
        raise ConfigError([Problem(f"data.range=[{low:g},{high:g}]", what, "Type: data.range=[BLACK,WHITE]")])
    return low, high
