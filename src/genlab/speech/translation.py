"""One voice turned into another: sound, spectrogram on the source's scale, model, target's scale, sound."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import DataSpec, Translates
from genlab.models.base.translation import Direction
from genlab.sound.levels import SILENT, Loudness
from genlab.sound.mel import spectra
from genlab.sound.reading import Header, resampled
from genlab.speech.pieces import Piece, around, joined, pieces
from genlab.speech.voice import gated, voices

BLOCK = 1 << 16  # samples that are copied at once


@dataclass(frozen=True)
class Seen:
    """What lies between two cuts of a sound, before and after: images [n_mels, T] in [0, 1], on each speaker's own scale."""

    before: np.ndarray
    after: np.ndarray


class VoiceTranslation:
    """A model's way with sounds, in one direction.

    Args:
        model: translates spectrograms; on any device.
        spec: the set of speech that it was trained on, with both speakers' scales.
        direction: whose voice becomes whose.
        watch: called with what is seen of every piece.
    """

    def __init__(
        self, model: Translates, spec: DataSpec, direction: Direction, watch: Callable[[Seen], object] = id
    ) -> None:
        assert spec.sound is not None
        self.model, self.form, self.direction, self.watch = model, spec.sound, direction, watch
        self.least = spec.shape[-1]
        self.source, self.target = voices(spec, direction)

    def sounds(self, samples: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """A sound at the set's sample rate, in the other voice, with up to a window more at its end. [n] in pieces twice."""
        shared = (2 * around(self.form) - 1) * self.form.hop_length
        return joined(map(self.piece, pieces(spectra(samples, self.form), self.form)), shared)

    def piece(self, piece: Piece) -> np.ndarray:
        """The sound of a piece, from the middle of its first window on; of silence silence, whatever the model. -> [N]."""
        hop, count = self.form.hop_length, piece.frames.shape[1]
        samples = count * hop - 1 if piece.last else (count - 1) * hop
        image, heard = self.source.image(torch.from_numpy(piece.frames)), torch.from_numpy(piece.level >= SILENT)
        made = self.translated(image) if heard.any() else image
        self.watch(Seen(*(x[0, 0, :, piece.own].numpy() for x in (image, made))))
        if not heard.any():
            return np.zeros(samples, np.float32)
        return gated(self.target.sound(made, samples)[0], heard, hop).numpy()

    def translated(self, image: Tensor) -> Tensor:
        """The image in the other voice; one shorter than those of the training is repeated, as there. [1, 1, H, T] twice."""
        frames = image.shape[-1]
        place = torch.arange(max(frames, self.least)) % frames
        device = getattr(self.model, "device", image.device)
        made = self.model.translate(image[..., place].to(device), self.direction)
        return made[..., :frames].float().cpu()


@dataclass(frozen=True)
class Translated:
    """A sound in the other voice, float32 [n] in pieces that can be had again and again: rate, length, loudness of the source.

    ``lacking``: decibels by which it is quieter, since its peak would be beyond full scale; ``silent``: nothing was to hear.
    """

    source: Header
    blocks: Callable[[], Iterator[np.ndarray]]
    lacking: float
    silent: bool


@contextmanager
def translated(
    source: Header, sound: Iterable[np.ndarray], way: VoiceTranslation, folder: Path | None = None
) -> Iterator[Translated]:
    """A sound in the other voice, while open. It lies in a file without a name in ``folder``, for as long.

    Args:
        source: its header.
        sound: as it is read, [n] in pieces at its own rate.

    Raises:
        OSError: there is no room for it.
    """
    rate, form, before, after = source.sample_rate, way.form, Loudness(), Loudness()
    heard = before.passing(sound)
    given = heard if rate == form.sample_rate else resampled(heard, rate, form.sample_rate)
    made = way.sounds(given)
    fitting = exactly(made if rate == form.sample_rate else resampled(made, form.sample_rate, rate), source.samples)
    with tempfile.TemporaryFile(dir=folder) as kept:
        for block in after.passing(fitting):
            kept.write(block.astype(np.float32).tobytes())
        gain = after.gain_to(before)
        yield Translated(source, lambda: read_again(kept, gain), after.lacking(before), after.peak == 0)


def exactly(sound: Iterable[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """The first ``samples`` of a sound; what it lacks is silent. [n] in pieces twice."""
    left = samples
    for block in sound:
        yield block[:left]
        left -= len(block[:left])
    yield np.zeros(left, np.float32)


def read_again(kept: IO[Any], gain: float) -> Iterator[np.ndarray]:
    """What is kept, from its beginning, so much louder."""
    kept.seek(0)
    while content := kept.read(4 * BLOCK):
        yield np.frombuffer(content, np.float32) * np.float32(gain)
