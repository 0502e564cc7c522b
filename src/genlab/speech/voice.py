"""A speaker's voice: what a pixel of the speaker's spectrograms means, and how one becomes sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from genlab.contracts import DataSpec, MelFormat, Scale
from genlab.data.store.scale import stored, unit
from genlab.sound.griffin_lim import sound_of

ITERATIONS = 32  # of Griffin and Lim, with momentum


@dataclass(frozen=True)
class Voice:
    """Spectrograms as ``form`` has them, black and white of each band by the speaker's own statistics.

    An image of one speaker on the scale of another is another sound: what a model makes of A is read as B's.
    """

    form: MelFormat
    scale: Scale

    @classmethod
    def of(cls, spec: DataSpec, side: Literal["a", "b"]) -> Voice:
        """That of a speaker of a set of speech."""
        assert spec.sound is not None
        return cls(spec.sound, spec.scale(side))

    def image(self, levels: Tensor) -> Tensor:
        """Log-mel levels as networks see them. [n_mels, T] -> [1, 1, n_mels, T] in [0, 1]."""
        return unit(levels[None, None], self.scale, levels.dtype)

    def levels(self, image: Tensor) -> Tensor:
        """The inverse, of levels between black and white. [B, 1, n_mels, T] -> [B, n_mels, T]."""
        return stored(image, self.scale)[:, 0]

    def sound(self, image: Tensor, samples: int | None = None) -> Tensor:
        """What an image sounds like, by Griffin and Lim, whatever it was made of. [B, 1, n_mels, T] -> [B, samples].

        ``samples``: None: (T - 1) hops, from the middle of the first window to that of the last.
        """
        return sound_of(self.levels(image.float()), self.form, ITERATIONS, samples)


def voices(spec: DataSpec, direction: str) -> tuple[Voice, Voice]:
    """Whose voice is translated, and whose it becomes."""
    a, b = Voice.of(spec, "a"), Voice.of(spec, "b")
    return (a, b) if direction == "AtoB" else (b, a)


def gated(sound: Tensor, heard: Tensor, hop: int) -> Tensor:
    """The sound without what a model put where nothing was to hear. [N], a window each of ``heard`` [T] -> [N].

    Between a window that was heard and one that was not it fades.
    """
    place = torch.arange(len(sound), device=sound.device) / hop
    before = place.long().clamp(max=len(heard) - 1)
    after, share = (before + 1).clamp(max=len(heard) - 1), place - before
    open_ = heard.to(sound)
    return sound * torch.lerp(open_[before], open_[after], share.clamp(max=1).to(sound))
