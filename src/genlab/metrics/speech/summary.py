"""All utterances of two speakers in numbers: what was made of each, before and after, and beside the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from genlab.metrics.speech.pitch import log_pitch

OTHER = {"a": "b", "b": "a"}
WAYS = {"a": "_AtoB", "b": "_BtoA"}  # ends of names, by the speaker who is translated
DISTANCES = ("mel_mcd", "mel_mcd_before", "mel_mcd_scaled", "mel_lsd", "mel_lsd_before", "mel_lsd_scaled")
GAINS = ("mel_mcd_gain", "mel_mcd_gain_percent")
RATES = {"speaker_rate": "made", "speaker_rate_before": "real", "speaker_rate_scaled": "scaled"}
GV = {"gv_ratio": "made", "gv_ratio_before": "real"}
PITCH = ("log_f0_mean", "log_f0_std", "voiced")
MEANS = ("mel_mcd", *GAINS, "speaker_rate")  # whose mean over both ways is told, too
# All numbers that there may be.
NAMES = frozenset(
    {f"{name}{end}" for name in (*DISTANCES, *GAINS, *RATES, *GV, *PITCH) for end in WAYS.values()}
    | {f"{name}_{side}" for name in PITCH for side in WAYS}
    | {f"{name}_mean" for name in MEANS}
    | {"speaker_accuracy"}
)


@dataclass(frozen=True)
class Utterances:
    """Those of a speaker, a row each.

    Args:
        distances: of each name of ``DISTANCES``, in dB [N]: to the target's recording of the sentence; NaN where there is none.
        odds: log-odds of the target [N]: ``real`` of the recording, ``made`` of its translation, ``scaled`` of the recording on
            the target's scale.
        variances: over time of each coefficient, [N, K]: ``real`` and ``made``.
        pitch: sums over the frames, [N, 4]: ``real`` and ``made``.
    """

    distances: dict[str, np.ndarray]
    odds: dict[str, np.ndarray]
    variances: dict[str, np.ndarray]
    pitch: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.odds["real"])

    def without(self, place: int) -> Utterances:
        """All but one."""
        parts = {name: {key: np.delete(x, place, 0) for key, x in part.items()} for name, part in vars(self).items()}
        return replace(self, **parts)


def summary(said: dict[str, Utterances]) -> dict[str, float]:
    """All numbers, of speakers ``a`` and ``b``; what is not finite is left out."""
    values: dict[str, float] = {}
    for side, own in said.items():
        made = translated(own, said[OTHER[side]])
        values |= {f"{name}{WAYS[side]}": value for name, value in made.items()}
        values |= {f"{name}_{side}": value for name, value in pitch_of(own.pitch["real"]).items()}
    values["speaker_accuracy"] = float(np.mean([(own.odds["real"] <= 0).mean() for own in said.values()]))
    for name in MEANS:
        both = [values[name + end] for end in WAYS.values() if name + end in values]
        values |= {f"{name}_mean": sum(both) / 2} if len(both) == 2 else {}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def translated(own: Utterances, target: Utterances) -> dict[str, float]:
    """The numbers of one way."""
    values = {}
    is_parallel = ~np.isnan(own.distances["mel_mcd"])
    if is_parallel.any():
        values = {name: float(own.distances[name][is_parallel].mean()) for name in DISTANCES}
        gain = values["mel_mcd_before"] - values["mel_mcd"]
        values |= {"mel_mcd_gain": gain, "mel_mcd_gain_percent": 100 * gain / values["mel_mcd_before"]}
    values |= {name: float((own.odds[what] > 0).mean()) for name, what in RATES.items()}
    there = target.variances["real"].mean(0)
    for name, what in GV.items():
        values[name] = float((own.variances[what].mean(0) / there).mean())
    return values | pitch_of(own.pitch["made"])


def pitch_of(sums: np.ndarray) -> dict[str, float]:
    """Of all frames together, [N, 4]."""
    return dict(zip(PITCH, log_pitch(sums.sum(0)), strict=True))


def standard_errors(
    said: dict[str, Utterances], measure: Callable[..., dict[str, float]] = summary
) -> dict[str, float]:
    """Of each number over utterances, by the jackknife: each is left out once (Efron, 1982, The Jackknife, section 3)."""
    squares: dict[str, float] = {}
    for side, own in said.items():
        left = [measure(said | {side: own.without(place)}) for place in range(len(own))]
        for name in in_all(left):
            values = np.array([one[name] for one in left])
            squares[name] = squares.get(name, 0.0) + float(((values - values.mean()) ** 2).sum()) * (1 - 1 / len(own))
    return {name: square**0.5 for name, square in squares.items()}


def in_all(dicts: list[dict[str, float]]) -> Iterable[str]:
    """The names that all of them have."""
    return [name for name in dicts[0] if all(name in one for one in dicts)]
