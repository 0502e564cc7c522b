"""Writes sounds: in the encoding of another file where that can be, or as WAV of 16 bits, which needs no package."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np

from genlab.sound.reading import BITS, FLOATS, Header

FORMATS = {".wav": "WAV", ".flac": "FLAC"}
USUAL = "PCM_16"


def encoding(name: Path, source: Header) -> tuple[str, str]:
    """Format, by the ending, and how a sample is stored: as in the source, or in 16 bits where the format cannot."""
    import soundfile

    form = FORMATS[name.suffix.lower()]
    writable = source.stored in (*BITS, *FLOATS)
    return form, source.stored if writable and soundfile.check_format(form, source.stored) else USUAL


def write(file: IO[bytes], blocks: Iterable[np.ndarray], sample_rate: int, encoded: tuple[str, str]) -> None:
    """Write pieces [n] as a file of one channel; what is beyond full scale is cut off, but for floats.

    ``encoded``: as of ``encoding``.
    """
    import soundfile

    with soundfile.SoundFile(file, "w", sample_rate, 1, format=encoded[0], subtype=encoded[1]) as made:
        for block in blocks:
            made.write(block)


def as_wav(sound: np.ndarray, sample_rate: int) -> bytes:
    """A sound [N] in [-1, 1] as the bytes of a WAV file of 16 bits, rounded; what is beyond is cut off."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.rint(np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return content.getvalue()
