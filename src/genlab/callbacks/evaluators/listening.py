"""What is heard in an utterance and in its translation, as plain numbers that can be kept and gathered."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from genlab.callbacks.evaluators.parallel import recording
from genlab.callbacks.translations import Made, Way
from genlab.contracts import MelFormat
from genlab.data.store.order import repeated
from genlab.data.store.scale import stored, unit
from genlab.data.store.source import PreparedData
from genlab.metrics.speech.compared import compared
from genlab.metrics.speech.mel_cepstrum import is_speech, mel_cepstrum
from genlab.metrics.speech.moments import Moments
from genlab.metrics.speech.pitch import pitch, pitch_sums
from genlab.metrics.speech.speakers import COEFFICIENTS, Speaker
from genlab.metrics.speech.summary import DISTANCES
from genlab.sound.griffin_lim import sound_of

LONGEST = 4096  # frames of a recording that are aligned or made sound of, at most, for the memory; a minute at 16 ms
TRAINING = 500  # recordings of each speaker that the classifier learns from, at most
Row = dict[str, Any]  # tensors, numbers and strings


class Listener:
    """Listens to the recordings of a set of speech; to each real one once, since it is the same in every epoch.

    Args:
        prepared: the set.
        coefficients: of the mel-cepstrum that distances are of.
        iterations: of Griffin and Lim.
    """

    def __init__(self, prepared: PreparedData, coefficients: int, iterations: int) -> None:
        assert prepared.spec.sound is not None
        self.prepared, self.form = prepared, prepared.spec.sound
        self.coefficients, self.iterations = coefficients, iterations
        self.real: dict[tuple[str, str, int], Row] = {}

    def rows(self, split: str, made: Made, partners: dict[int, int]) -> list[Row]:
        """A row for each translation of a batch. ``partners``: the target's row of the sentence, by the source's."""
        rows = zip(made.index.tolist(), levels(made, self.prepared).astype(np.float64), strict=True)
        return [self.row(split, made.way, index, translated, partners.get(index)) for index, translated in rows]

    def row(self, split: str, way: Way, index: int, made: np.ndarray, partner: int | None) -> Row:
        """An utterance and its translation, [n_mels, T] of natural logarithms."""
        source = recording(self.prepared, split, way.source, index)
        scaled = self.on_scale_of_target(source, way)
        distances = dict.fromkeys(DISTANCES, np.nan)
        if partner is not None:
            target = recording(self.prepared, split, way.target, partner)
            for end, x in {"": made, "_before": source, "_scaled": scaled}.items():
                distances |= {f"{name}{end}": value for name, value in self.apart(x, target).items()}
        voices = {
            "real": self.recorded(split, way.source, index),
            "made": self.heard(made),
            "scaled": {"moments": self.moments(scaled)},
        }
        return {"side": way.source, "index": index, "distances": distances, **voices}

    def on_scale_of_target(self, source: np.ndarray, way: Way) -> np.ndarray:
        """A recording's picture read as one of the target: the mean and spread of each band moved to the target's, no more."""
        x = torch.from_numpy(source)[None, None]
        picture = unit(x, self.prepared.spec.scale(way.source), torch.float64)
        return stored(picture, self.prepared.spec.scale(way.target))[0, 0].numpy()

    def apart(self, x: np.ndarray, target: np.ndarray) -> dict[str, float]:
        """Distances to the target's recording; none where one is too long to be aligned."""
        is_long = max(x.shape[1], target.shape[1]) > LONGEST
        return {} if is_long else compared(x, target, self.coefficients)._asdict()

    def recorded(self, split: str, side: str, index: int) -> Row:
        """What is heard in a real recording."""
        place = split, side, index
        if place not in self.real:
            self.real[place] = self.heard(recording(self.prepared, *place))
        return self.real[place]

    def heard(self, log_mel: np.ndarray) -> Row:
        """Moments of the mel-cepstrum, and sums over the pitch of the sound that Griffin and Lim make of it."""
        sound = heard_sound(log_mel, self.form, self.iterations)
        found = pitch_sums(pitch(sound, self.form.sample_rate))
        return {"moments": self.moments(log_mel), "pitch": torch.from_numpy(found)}

    def moments(self, log_mel: np.ndarray) -> torch.Tensor:
        """Those of the frames with speech: of as many coefficients as distances and classifier need, and the bands allow."""
        wanted = min(max(self.coefficients, COEFFICIENTS), self.form.n_mels - 1)
        return torch.from_numpy(Moments.of(mel_cepstrum(log_mel[:, is_speech(log_mel)], wanted)).sums)

    def speaker(self, side: str) -> Speaker:
        """What the classifier learns of a speaker, from training recordings alone."""
        rows = training_rows(self.prepared, side, TRAINING, "speaker")
        heard = (self.moments(recording(self.prepared, "train", side, row)).numpy() for row in rows)
        first, *rest = map(Moments, heard)
        return Speaker(sum(rest, first))


def levels(made: Made, prepared: PreparedData) -> np.ndarray:
    """Translations in the voices that they become: natural logarithms, float32 [B, n_mels, T] on the host."""
    return stored(made.y.float().cpu(), prepared.spec.scale(made.way.target))[:, 0].numpy()


def heard_sound(log_mel: np.ndarray, form: MelFormat, iterations: int) -> np.ndarray:
    """The sound that Griffin and Lim make of a spectrogram [n_mels, T], of its first ``LONGEST`` frames: float32 [N]."""
    x = torch.from_numpy(log_mel[None, :, :LONGEST].astype(np.float32))
    return sound_of(x, form, iterations)[0].numpy()


def training_rows(prepared: PreparedData, side: str, most: int, purpose: str) -> list[int]:
    """Rows of a speaker's training recordings, ``most`` at most, in their order. ``purpose``: key of the draw."""
    many = len(prepared.columns["train"][side])
    found: list[int] = np.sort(repeated(many, min(many, most), purpose, side)).tolist()
    return found
