"""Networks out of packages that listen to translated speech: how it sounds, and how near it is to its speaker."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.callbacks.evaluators.listening import heard_sound, levels, training_rows
from genlab.callbacks.evaluators.parallel import recording
from genlab.callbacks.translations import Made
from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import Translates
from genlab.files import key_of
from genlab.metrics.error_bars.resampling import FEWEST
from genlab.metrics.names import SE
from genlab.metrics.speech import dnsmos, speaker_encoder
from genlab.metrics.speech.packaged import Packaged
from genlab.metrics.speech.summary import OTHER, WAYS
from genlab.models.base.distributed import gather_by_rank
from genlab.sound.reading import resampled

RATE = 16_000  # Hz that these networks hear
PAUSE = 0.2  # seconds of silence around an utterance, which is trimmed: without it DNSMOS hears noise behind the voice
TRAINING = 50  # recordings of a speaker that a translation is compared with, at most
Row = dict[str, Any]  # of an utterance: its side and place, and vectors of the recording and of its translation


@dataclass
class Judge(Evaluator):
    """Hears utterances and their translations, all of them by Griffin and Lim, through a network.

    Args:
        val_samples: utterances of each speaker in validation, at most; ``test_samples``: in the test.
        iterations: of Griffin and Lim.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"domains": Translates}
    key: ClassVar[str]  # in ``metrics``
    packaged: ClassVar[Packaged]

    val_samples: NonNegativeInt
    test_samples: NonNegativeInt
    iterations: PositiveInt

    @abstractmethod
    def judged(self, sound: np.ndarray) -> np.ndarray:
        """What the network makes of a sound: [N] at 16 kHz -> float64 [K]."""

    @abstractmethod
    def summary(self, now: Evaluation, heard: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """A value for each utterance, [N], by the names of the means. ``heard``: by speaker, ``real`` and ``made`` [N, K]."""

    def count(self, now: Evaluation) -> int:
        """Utterances of each speaker; none of a set without sound."""
        return now.limited(self.val_samples, self.test_samples) if now.prepared.spec.sound else 0

    def asides(self, now: Evaluation) -> set[str]:
        """The standard error of each."""
        return {f"{name}{SE}" for name in self.names(now)}

    def require(self, now: Evaluation) -> None:
        """Refuse where the network's package is not installed.

        Raises:
            ConfigError: with the words to type.
        """
        self.weights()

    def weights(self) -> Path:
        """The file of the network's weights.

        Raises:
            ConfigError: as for ``require``.
        """
        return self.packaged.path(f"metrics.{self.key}")

    def begin(self, now: Evaluation) -> None:
        """Hear each real recording once in a run."""
        self.found: list[list[Row]] = []
        if not hasattr(self, "known"):
            self.known: dict[tuple[str, str, int], np.ndarray] = {}

    def look(self, now: Evaluation, seen: Seen, number: int) -> None:
        """Hear a batch's translations and their sources, unless what was heard is kept."""

        def heard() -> list[Row]:
            return [row for made in seen.translations for row in self.rows(now, made.first(self.count(now)))]

        facts = key_of((self.key, self.iterations, self.count(now)))
        self.found.append(now.recall.batch(f"judged-{facts}-{number}", heard))

    def rows(self, now: Evaluation, made: Made) -> list[Row]:
        """A row for each translation of a batch."""
        return [
            {
                "side": made.way.source,
                "index": index,
                "real": torch.from_numpy(self.recorded(now, now.split, made.way.source, index)),
                "made": torch.from_numpy(self.heard(now, translated)),
            }
            for index, translated in zip(made.index.tolist(), levels(made, now.prepared), strict=True)
        ]

    def recorded(self, now: Evaluation, split: str, side: str, index: int) -> np.ndarray:
        """A real recording. [K]."""
        place = split, side, index
        if place not in self.known:
            self.known[place] = self.heard(now, recording(now.prepared, *place))
        return self.known[place]

    def heard(self, now: Evaluation, log_mel: np.ndarray) -> np.ndarray:
        """The sound that Griffin and Lim make of a spectrogram [n_mels, T], as the network judges it. [K]."""
        form = now.prepared.spec.sound
        assert form is not None
        sound = heard_sound(log_mel, form, self.iterations)
        if form.sample_rate != RATE:
            sound = np.concatenate([*resampled(iter([sound]), form.sample_rate, RATE)])
        return self.judged(sound)

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The means and their standard errors, on rank 0. A collective: every rank has heard its share."""
        rows = [row for each in gather_by_rank(self.found).values() for batch in each for row in batch]
        if not rows:
            return {}
        ordered = sorted(rows, key=lambda row: row["index"])
        heard = {
            side: {
                what: np.stack([row[what].numpy() for row in ordered if row["side"] == side])
                for what in ("real", "made")
            }
            for side in WAYS
        }
        values = {}
        for name, each in self.summary(now, heard).items():
            values[name] = float(each.mean())
            now.counts[f"{now.stage}/{name}"] = len(each)
            if now.has_asides and len(each) >= FEWEST:
                values[f"{name}{SE}"] = float(each.std(ddof=1) / len(each) ** 0.5)
        return values


@dataclass
class Opinion(Judge):
    """``dnsmos_sig``, ``dnsmos_bak``, ``dnsmos_ovrl``, 1 to 5: what listeners would say of speech, background, all of it.

    ``…_AtoB``, ``…_BtoA``: of the translations; ``…_a``, ``…_b``: of the speakers' own recordings.
    """

    key: ClassVar[str] = "dnsmos"
    packaged: ClassVar[Packaged] = dnsmos.PACKAGED

    @cached_property
    def network(self) -> dnsmos.DNSMOS:
        """Built when it is first needed."""
        return dnsmos.DNSMOS(self.weights())

    def judged(self, sound: np.ndarray) -> np.ndarray:
        """The three scores, with a pause before and after."""
        return self.network.scores(np.pad(sound, round(PAUSE * RATE)))

    def names(self, now: Evaluation) -> set[str]:
        """Of each score, both ways and both speakers."""
        ends = [*WAYS.values(), *(f"_{side}" for side in WAYS)]
        return {f"dnsmos_{score}{end}" for score in dnsmos.SCORES for end in ends}

    def summary(self, now: Evaluation, heard: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The scores themselves."""
        ends = [
            (part, what, end)
            for side, part in heard.items()
            for what, end in (("made", WAYS[side]), ("real", f"_{side}"))
        ]
        return {
            f"dnsmos_{score}{end}": part[what][:, place]
            for part, what, end in ends
            for place, score in enumerate(dnsmos.SCORES)
        }


@dataclass
class SpeakerSimilarity(Judge):
    """``speaker_cosine_AtoB``: the cosine between a translation and what is common to B's training recordings, for an encoder.

    ``speaker_cosine_before_AtoB``: of A's own recording; ``speaker_cosine_b``: of B's, which is as near as one gets.
    """

    key: ClassVar[str] = "speaker_similarity"
    packaged: ClassVar[Packaged] = speaker_encoder.PACKAGED

    @cached_property
    def network(self) -> speaker_encoder.SpeakerEncoder:
        """Built when it is first needed."""
        return speaker_encoder.SpeakerEncoder(self.weights())

    def judged(self, sound: np.ndarray) -> np.ndarray:
        """The embedding."""
        return self.network.embedding(sound)

    def names(self, now: Evaluation) -> set[str]:
        """Both ways, before, and both speakers."""
        ends = [*WAYS.values(), *(f"_before{end}" for end in WAYS.values()), *(f"_{side}" for side in WAYS)]
        return {f"speaker_cosine{end}" for end in ends}

    def summary(self, now: Evaluation, heard: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Cosines to the target, and of each speaker to itself."""
        common = {side: self.common(now, side) for side in WAYS}
        found: dict[str, np.ndarray] = {}
        for side, part in heard.items():
            target = common[OTHER[side]]
            found |= {f"speaker_cosine{WAYS[side]}": part["made"] @ target}
            found |= {f"speaker_cosine_before{WAYS[side]}": part["real"] @ target}
            found |= {f"speaker_cosine_{side}": part["real"] @ common[side]}
        return found

    def common(self, now: Evaluation, side: str) -> np.ndarray:
        """The mean over a speaker's training recordings, of length 1. [K]."""
        rows = training_rows(now.prepared, side, TRAINING, "speaker similarity")
        mean: np.ndarray = np.mean([self.recorded(now, "train", side, row) for row in rows], 0)
        return mean / np.linalg.norm(mean)
