"""Validation sentences of two speakers during training: as they are, in the other voice and back, drawn and as sounds."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from genlab import images
from genlab.contracts import DataSpec, Domains, Translates
from genlab.files import replacing
from genlab.models.base.translation import Direction
from genlab.sound.drawn import drawn
from genlab.sound.levels import as_loud_as
from genlab.sound.writing import as_wav
from genlab.speech.voice import voices

COUNT = 2  # sentences of each speaker
SECONDS = 4.0  # of a sentence, at most
BACK: dict[Direction, Direction] = {"AtoB": "BtoA", "BtoA": "AtoB"}
WIDE = 900  # pixels of a sheet, at least


class Said(NamedTuple):
    """A sentence: as it is, translated, and translated back. [1, 1, n_mels, T] each, in [0, 1]."""

    source: Tensor
    there: Tensor
    back: Tensor


class Sentences:
    """The first sentences of each speaker's validation files, to their end or to ``SECONDS``.

    What is heard of the source has gone the same way, by Griffin and Lim, as what is made of it.
    """

    def __init__(self, spec: DataSpec) -> None:
        assert spec.sound is not None
        self.spec, self.form = spec, spec.sound
        self.longest = round(SECONDS / spec.sound.seconds(1) / 4) * 4  # as networks like them
        self.sources: dict[Direction, list[Tensor]] = {"AtoB": [], "BtoA": []}
        self.sources_heard: dict[str, np.ndarray] = {}
        self.said: dict[Direction, list[Said]] = {}

    def keep(self, batch: Domains) -> bool:
        """Take sentences from a batch; whether there are enough."""
        for kept, rows in zip(self.sources.values(), (batch.a, batch.b), strict=True):
            kept += [row[None, ..., : self.longest].clone() for row in rows[: COUNT - len(kept)]]
        return all(len(kept) == COUNT for kept in self.sources.values())

    def translate(self, model: Translates) -> None:
        """Have every sentence translated, and back; one by one, since each has its own length."""
        for direction, sources in self.sources.items():
            there = [model.translate(x, direction) for x in sources]
            again = [model.translate(x, BACK[direction]) for x in there]
            self.said[direction] = [Said(*three) for three in zip(sources, there, again, strict=True)]

    def sheets(self) -> dict[str, Tensor]:
        """A sheet for each direction, [3, H, W]: a column for each sentence, source above translation above the way back."""
        return {f"translate_{direction}": sheet(said) for direction, said in self.said.items() if said}

    def sounds(self) -> dict[str, np.ndarray]:
        """The sounds of now by name, [N] each, as loud as their sources."""
        found: dict[str, np.ndarray] = {}
        for direction, said in self.said.items():
            own, other = voices(self.spec, direction)
            for number, (source, there, back) in enumerate(said, 1):
                name = f"{direction}_{number}"
                if name not in self.sources_heard:
                    self.sources_heard[name] = as_array(own.sound(source))
                heard = self.sources_heard[name]
                found[f"{name}_translated"] = as_loud_as(as_array(other.sound(there)), heard)
                found[f"{name}_back"] = as_loud_as(as_array(own.sound(back)), heard)
        return found

    def write(self, folder: Path, epoch: int) -> dict[str, Path]:
        """Write ``AtoB_1_translated_000010.wav`` … by epoch, and the sources, which have none, once; the files by name."""
        made = {name: (sound, folder / f"{name}_{epoch:06d}.wav") for name, sound in self.sounds().items()}
        sources = {name: (sound, folder / f"{name}_source.wav") for name, sound in self.sources_heard.items()}
        new = {f"{name}_source": one for name, one in sources.items() if not one[1].exists()} | made
        folder.mkdir(parents=True, exist_ok=True)
        for sound, path in new.values():
            with replacing(path, "wb") as file:
                file.write(as_wav(sound, self.form.sample_rate))
        return {name: path for name, (_, path) in new.items()}


def sheet(said: list[Said]) -> Tensor:
    """One sheet: three rows, as many columns as there are sentences. -> [3, H, W]."""
    width = max(one.source.shape[-1] for one in said)
    cells = [drawn(as_array(image[0]), width) for row in zip(*said, strict=True) for image in row]
    colours = images.from_uint8(torch.from_numpy(np.stack(cells))).permute(0, 3, 1, 2)  # [B, 3, H, W]
    return images.enlarged(images.grid(colours, len(said)), WIDE)


def as_array(x: Tensor) -> np.ndarray:
    """The one of a batch of one, on the host."""
    return x[0].float().cpu().numpy()
