"""Which recordings of two speakers are of the same sentence: those whose files have one name."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

import numpy as np

from genlab.data.store.source import PreparedData
from genlab.metrics.speech.compared import compared

CHECKED = 8  # sentences by which it is seen whether equal names are equal sentences
OFF = "metrics.speech.parallel=false"
SIDES = ("a", "b")


def parallel_rows(prepared: PreparedData, split: str) -> dict[str, dict[int, int]]:
    """For each speaker the rows that have a recording of the same sentence, and the other speaker's row of it.

    A name, without folders and ending, that one speaker has twice in the split says nothing.
    """
    files = prepared.files.get(split, {})
    named = {side: unique([PurePosixPath(name).stem for name in files.get(side, [])]) for side in SIDES}
    pairs = [(row, named["b"][stem]) for stem, row in named["a"].items() if stem in named["b"]]
    return {"a": dict(pairs), "b": {there: here for here, there in pairs}}


def unique(stems: list[str]) -> dict[str, int]:
    """The place of each name that comes once."""
    often = Counter(stems)
    return {stem: place for place, stem in enumerate(stems) if often[stem] == 1}


def recording(prepared: PreparedData, split: str, side: str, row: int) -> np.ndarray:
    """The spectrogram of a recording, natural logarithms [n_mels, T]."""
    return np.asarray(prepared.columns[split][side][row][0], np.float64)


def parallel_note(prepared: PreparedData, split: str, coefficients: int, longest: int) -> str:
    """How many recordings have a parallel one, and whether equal names seem to be equal sentences."""
    rows = parallel_rows(prepared, split)["a"]
    if not rows:
        return f"mel_mcd is left out: no file of A's {split} recordings has the name of one of B's, as the same sentence would"
    sizes = [len(prepared.columns[split][side]) for side in SIDES]
    said = (
        f"mel_mcd: {len(rows)} of {sizes[0]} and {sizes[1]} {split} recordings have files of one name, so one sentence"
    )
    alike, others = distances_by_name(prepared, split, rows, coefficients, longest)
    if alike < others:
        return f"{said} ({OFF} where not)"
    return (
        f"{said}; but they are {alike:.1f} dB apart, and {others:.1f} dB those of different names, so the sentences seem to be "
        f"others: then type {OFF}"
    )


def distances_by_name(
    prepared: PreparedData, split: str, rows: dict[int, int], coefficients: int, longest: int
) -> tuple[float, float]:
    """mel-MCD between recordings of one name, and of those that are next to each other, of a few names; in dB.

    Of a single name there is nothing to compare with: infinity stands for it, as for sounds that are too long.
    """
    few = list(rows.items())[:CHECKED]
    a = [recording(prepared, split, "a", here)[:, :longest] for here, _ in few]
    b = [recording(prepared, split, "b", there)[:, :longest] for _, there in few]
    if len(few) < 2:
        return 0.0, np.inf
    shifted = [*b[1:], b[0]]
    alike, others = ([compared(x, y, coefficients).mel_mcd for x, y in zip(a, c, strict=True)] for c in (b, shifted))
    return float(np.mean(alike)), float(np.mean(others))
