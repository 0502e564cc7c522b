"""Pictures or sounds of the run's own data set, to try the model on, and to see which of its latents are in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Split
from genlab.data.store.columns import gather
from genlab.data.store.source import PreparedData
from genlab.images import from_uint8
from genlab.pages.demo.pictures import data_uri_of_bytes
from genlab.pages.demo.spoken import spectrogram, wav_uri
from genlab.random import keyed
from genlab.speech.voice import Voice

SPLIT: Split = "test"
HEARD = 4.0  # seconds of a sentence, at most
LOOKED_AT = 256  # pictures that are encoded to rank the latents


@dataclass(frozen=True)
class Examples:
    """Rows of the test split, drawn by a seed. ``prepared``: None where the set is not at hand."""

    prepared: PreparedData | None
    count: int
    seed: int

    def places(self, column: str, count: int) -> np.ndarray:
        """The rows that are drawn, ascending; the first ``count`` of one order."""
        assert self.prepared is not None
        order = keyed("examples", self.seed, column).permutation(len(self.prepared.columns[SPLIT][column]))
        return np.sort(order[:count])

    def shown(self) -> list[dict[str, Any]]:
        """For the page: picture, label, and the side that it is of, where there are two."""
        if self.prepared is None or not self.count:
            return []
        columns, sides = self.prepared.columns[SPLIT], {"image": None, "a": "AtoB", "b": "BtoA"}
        show = spoken if self.prepared.spec.sound else pictured
        found = []
        for column, side in sides.items():
            for place in self.places(column, self.count).tolist() if column in columns else ():
                one = show(self.prepared, column, np.asarray(columns[column][place])) | {"direction": side}
                label = columns["label"][place] if "label" in columns else None
                found.append(one | {"label": None if label is None else np.asarray(label).tolist()})
        return found

    def images(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor | None] | None:
        """Images as a model of single images sees them, [B, C, H, W] in [0, 1], and their labels."""
        if self.prepared is None or "image" not in self.prepared.columns[SPLIT]:
            return None
        places, labels = self.places("image", LOOKED_AT), self.prepared.labels[SPLIT]
        x = torch.from_numpy(np.array(gather(self.prepared.columns[SPLIT]["image"], places)))
        label = None if labels is None else torch.from_numpy(np.array(labels[places]))
        return from_uint8(x.to(device), dtype), None if label is None else label.to(device)


def pictured(prepared: PreparedData, column: str, image: np.ndarray) -> dict[str, Any]:
    """A stored picture."""
    return {"picture": data_uri_of_bytes(image)}


def spoken(prepared: PreparedData, column: str, levels: np.ndarray) -> dict[str, Any]:
    """A stored sentence of a speaker, up to ``HEARD``: its spectrogram, and the sound of that."""
    spec = prepared.spec
    assert spec.sound is not None
    voice = Voice.of(spec, "b" if column == "b" else "a")
    first = levels[0, :, : round(HEARD / spec.sound.seconds(1))].astype(np.float32)
    image = voice.image(torch.from_numpy(first))
    sound = voice.sound(image)[0].numpy()
    return {"picture": spectrogram(image[0, 0].numpy()), "sound": wav_uri(sound, spec.sound.sample_rate)}
