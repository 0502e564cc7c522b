"""What a model of speech answers the page: a sound in the other voice, and the spectrograms of both."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from genlab.contracts import DataSpec
from genlab.models.base.translation import Direction
from genlab.pages.demo.pictures import data_uri_of_bytes
from genlab.sound.drawn import drawn
from genlab.sound.reading import Header
from genlab.sound.writing import as_wav
from genlab.speech.translation import Seen, Translated, VoiceTranslation, translated

QUIETER = 1.0  # decibels that are told


def translation(model: Any, spec: DataSpec, header: Header, sound: np.ndarray, direction: Direction) -> dict[str, Any]:
    """The sound as it was heard and in the other voice, each with its spectrogram."""
    seen: list[Seen] = []
    with translated(header, [sound], VoiceTranslation(model, spec, direction, seen.append)) as made:
        after = np.concatenate([*made.blocks()])
    images = (np.concatenate([getattr(one, side) for one in seen], 1) for side in ("before", "after"))
    before_image, after_image = (spectrogram(image) for image in images)
    return {
        "seen": before_image,
        "heard": wav_uri(sound, header.sample_rate),
        "made": after_image,
        "sound": wav_uri(after, header.sample_rate),
        "note": note(made),
    }


def note(made: Translated) -> str:
    """What is to be said of a sound that is not as loud as its source."""
    if made.silent:
        return "silent: there is nothing to hear in it"
    return f"{made.lacking:.0f} dB quieter: its peaks would be beyond full scale" if made.lacking > QUIETER else ""


def spectrogram(image: np.ndarray) -> str:
    """An image [n_mels, T] in [0, 1] in colours, as an address of itself."""
    return data_uri_of_bytes(drawn(image).transpose(2, 0, 1))


def wav_uri(sound: np.ndarray, sample_rate: int) -> str:
    """A sound [N] as an address of itself, 16 bits: whatever the file was, a browser plays it."""
    return f"data:audio/wav;base64,{base64.b64encode(as_wav(sound, sample_rate)).decode()}"
