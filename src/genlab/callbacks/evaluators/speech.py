"""Translated speech: beside true recordings of the same sentences, in its pitch and its liveliness, and whose voice it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.callbacks.evaluators.listening import LONGEST, Listener, Row
from genlab.callbacks.evaluators.parallel import parallel_note, parallel_rows
from genlab.config.types import NonNegativeInt, PositiveInt, Resamples
from genlab.contracts import ConfigError, Problem, Translates
from genlab.files import key_of
from genlab.metrics.error_bars.resampling import FEWEST
from genlab.metrics.names import SE
from genlab.metrics.speech.moments import Moments
from genlab.metrics.speech.speakers import Speaker, log_odds
from genlab.metrics.speech.summary import DISTANCES, NAMES, OTHER, WAYS, Utterances, standard_errors, summary
from genlab.models.base.distributed import gather_by_rank

HEARD = ("real", "made")


@dataclass
class Speech(Evaluator):
    """Of a set with ``sound``, whole utterances in each direction; docs/metrics.md has each number's formula and unit.

    ``mel_mcd``, ``mel_lsd`` (dB) to the target's own recording of the sentence where there is one, with ``…_before`` of the
    untranslated recording and ``…_scaled`` of one that is only put on the target's scale; ``log_f0_mean``, ``log_f0_std``,
    ``voiced``; ``gv_ratio``; ``speaker_rate``, with ``speaker_accuracy`` of the classifier that it is of.

    Args:
        val_samples: utterances of each speaker that are translated in validation, at most; ``test_samples``: in the test.
        coefficients: of the mel-cepstrum, from the first after c_0 on.
        iterations: of Griffin and Lim, through which sources, translations and targets are all heard for their pitch.
        parallel: whether files of one name in both speakers' folders are one sentence.
        bootstrap: 0: without standard errors.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"domains": Translates}

    val_samples: NonNegativeInt
    test_samples: NonNegativeInt
    coefficients: PositiveInt
    iterations: PositiveInt
    parallel: bool
    bootstrap: Resamples
    listener: Listener = field(init=False, repr=False, compare=False)

    def count(self, now: Evaluation) -> int:
        """Utterances of each speaker; none of a set without sound."""
        return now.limited(self.val_samples, self.test_samples) if now.prepared.spec.sound else 0

    def names(self, now: Evaluation) -> set[str]:
        """All that there may be."""
        return set(NAMES)

    def asides(self, now: Evaluation) -> set[str]:
        """The standard error of each."""
        return {f"{name}{SE}" for name in NAMES} if now.has_asides and self.bootstrap else set()

    def require(self, now: Evaluation) -> None:
        """Refuse more coefficients than a spectrogram has.

        Raises:
            ConfigError: with the remedy.
        """
        most = now.prepared.spec.shape[1] - 1
        if self.coefficients > most:
            what = f"{most + 1} bands have a mel-cepstrum of {most} coefficients besides c_0"
            where = f"metrics.speech.coefficients={self.coefficients}"
            raise ConfigError([Problem(where, what, f"Type: metrics.speech.coefficients={most}, or fewer")])

    def notes(self, now: Evaluation) -> list[str]:
        """How many sentences both speakers have said, and whether that seems to be so."""
        return [parallel_note(now.prepared, now.split, self.coefficients, LONGEST)] if self.parallel else []

    def begin(self, now: Evaluation) -> None:
        """Pair the recordings."""
        self.found: list[list[Row]] = []
        self.partners = parallel_rows(now.prepared, now.split) if self.parallel else {"a": {}, "b": {}}
        if not hasattr(self, "listener"):
            self.listener = Listener(now.prepared, self.coefficients, self.iterations)

    def look(self, now: Evaluation, seen: Seen, number: int) -> None:
        """Listen to a batch's translations and their sources, unless what was heard is kept."""

        def heard() -> list[Row]:
            first = (made.first(self.count(now)) for made in seen.translations)
            rows = (self.listener.rows(now.split, made, self.partners[made.way.source]) for made in first)
            return [row for some in rows for row in some]

        facts = self.coefficients, self.iterations, self.count(now), sorted(self.partners["a"].items())
        self.found.append(now.recall.batch(f"speech-{key_of(facts)}-{number}", heard))

    def finish(self, now: Evaluation) -> dict[str, float]:
        """All numbers, on rank 0. A collective: every rank has listened to its share."""
        everyones = gather_by_rank(self.found).values()
        rows = [row for each in everyones for batch in each for row in batch]
        if not rows:
            return {}
        speakers = {side: self.listener.speaker(side) for side in WAYS}
        ordered = sorted(rows, key=lambda row: row["index"])
        said = {
            side: utterances([r for r in ordered if r["side"] == side], side, speakers, self.coefficients)
            for side in WAYS
        }
        values = summary(said)
        now.counts |= counts_of(said, values, now.stage)
        now.tables |= {"speech": sentences(said), "global_variance": variances(said)}
        if now.has_asides and self.bootstrap and min(map(len, said.values())) >= FEWEST:
            errors = standard_errors(said)
            # a share that is the same whichever sentence is left out has an error of 0 by the jackknife alone
            values |= {f"{name}{SE}": error for name, error in errors.items() if name in values and error > 0}
        return values


def utterances(rows: list[Row], side: str, speakers: dict[str, Speaker], coefficients: int) -> Utterances:
    """The rows of a speaker as arrays."""
    heard = {what: [Moments(row[what]["moments"].numpy()) for row in rows] for what in (*HEARD, "scaled")}
    pair = speakers[OTHER[side]], speakers[side]
    return Utterances(
        {name: np.array([row["distances"][name] for row in rows]) for name in DISTANCES},
        {what: np.array([log_odds(one, *pair) for one in found]) for what, found in heard.items()},
        {what: np.array([one.variance[:coefficients] for one in heard[what]]) for what in HEARD},
        {what: np.array([row[what]["pitch"].numpy() for row in rows]) for what in HEARD},
    )


def counts_of(said: dict[str, Utterances], values: dict[str, float], stage: str) -> dict[str, int]:
    """How many utterances are behind the numbers of each direction: of the distances, those with a parallel recording."""
    found = {}
    for side, own in said.items():
        parallel = int((~np.isnan(own.distances["mel_mcd"])).sum())
        for name in (name for name in values if name.endswith(WAYS[side])):
            found[f"{stage}/{name}"] = parallel if name.startswith("mel_") else len(own)
    return found


def sentences(said: dict[str, Utterances]) -> list[dict[str, float]]:
    """A row for each utterance; ``BtoA``: 1 of speaker B's, 0 of A's."""
    return [
        {"BtoA": number, "index": row}
        | {name: float(x[row]) for name, x in own.distances.items()}
        | {f"log_odds_{what}": float(x[row]) for what, x in own.odds.items()}
        for number, own in enumerate(said.values())
        for row in range(len(own))
    ]


def variances(said: dict[str, Utterances]) -> list[dict[str, float]]:
    """Over time of each coefficient, the mean over the utterances of both speakers and of what was made of them."""
    columns = {
        f"{what}{end}": own.variances[what].mean(0)
        for side, own in said.items()
        for what, end in (("real", f"_{side}"), ("made", WAYS[side]))
    }
    rows = zip(*columns.values(), strict=True)
    return [{"coefficient": m, **dict(zip(columns, map(float, row), strict=True))} for m, row in enumerate(rows, 1)]
