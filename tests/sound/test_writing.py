"""Sounds as files: depth and format of another, levels by rounding, and WAV without any package."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from genlab.sound.reading import Header
from genlab.sound.writing import as_wav, encoding, write

sf = pytest.importorskip("soundfile", reason="the extra speech is not installed")

RAMP = np.linspace(-1, 1, 1001).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "stored", "expected"),
    [
        ("a.wav", "PCM_U8", ("WAV", "PCM_U8")),
        ("a.WAV", "PCM_24", ("WAV", "PCM_24")),
        ("a.wav", "DOUBLE", ("WAV", "DOUBLE")),
        ("a.flac", "PCM_24", ("FLAC", "PCM_24")),
        ("a.flac", "FLOAT", ("FLAC", "PCM_16")),  # which FLAC has not
        ("a.wav", "PCM_S8", ("WAV", "PCM_16")),
        ("a.wav", "IMA_ADPCM", ("WAV", "PCM_16")),
        ("a.wav", "ULAW", ("WAV", "PCM_16")),
    ],
)
def test_a_sound_is_stored_as_its_source_where_that_can_be(name, stored, expected):
    assert encoding(Path(name), Header(16000, 1, stored, 9)) == expected


@pytest.mark.parametrize(("stored", "step"), [("PCM_U8", 2**-7), ("PCM_16", 2**-15), ("PCM_24", 2**-23), ("FLOAT", 0)])
def test_levels_come_back_to_half_a_step_and_what_is_beyond_full_scale_is_cut_off(stored, step):
    content = io.BytesIO()
    write(content, [1.5 * RAMP[:400], 1.5 * RAMP[400:]], 22_050, ("WAV", stored))
    content.seek(0)
    found, rate = sf.read(content)
    limit = 1.5 if stored == "FLOAT" else 1.0
    assert rate == 22_050 and found.shape == (1001,)
    assert np.abs(found - np.clip(1.5 * RAMP, -limit, limit)).max() <= 1.01 * step + 1e-7


def test_sixteen_bits_are_rounded_and_need_no_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    levels = np.array([0, 0.49, 0.51, -0.51, 32_767, 40_000, -40_000]) / 32_767
    with wave.open(io.BytesIO(as_wav(levels, 8000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        found = np.frombuffer(file.readframes(9), "<i2")
    assert found.tolist() == [0, 0, 1, -1, 32_767, 32_767, -32_767]
