"""Sounds like speech of numbers alone: gliding voices with formants and pauses, where no synthesiser is needed."""

import wave

import numpy as np

FORMANTS = ((700, 1200, 2500), (300, 2200, 2900), (400, 800, 2400), (500, 1500, 2500))  # Hz


def vowels(seconds, rate=16000, pitch=120.0, seed=0, peak=0.5):
    """A voice that glides through vowels a quarter of a second long, every fourth of them silent. float64 [N]."""
    dice, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    slot = (time / 0.25).astype(int)
    chosen = dice.integers(len(FORMANTS), size=slot.max(initial=0) + 1)
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * time / 1.3 + seed))) / rate
    sound = np.zeros(len(time))
    for harmonic in range(1, int(0.45 * rate / pitch)):
        gain = np.exp(-(((harmonic * pitch - np.array(FORMANTS)) / 250) ** 2)).sum(1) + 1e-3  # of each vowel
        sound += gain[chosen][slot] * np.sin(harmonic * phase)
    sound *= (slot % 4 != 3) * np.sin(np.pi * np.clip(time / 0.25 - slot, 0, 1)) ** 0.5
    return peak * sound / max(np.abs(sound).max(initial=0.0), 1e-9)


def write_wav(path, sound, rate=16000):
    """A sound in [-1, 1] as a WAV file of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).round().astype("<i2").tobytes())
    return path


def two_speakers(root, train=9, rest=3, seconds=0.8):
    """A low and a high voice in ``root/a`` and ``root/b``, utterances of ``seconds`` or more. -> the folders by their keys."""
    for side, pitch in {"a": 110, "b": 190}.items():
        for split, count in {"train": train, "val": rest, "test": rest}.items():
            for i in range(count):
                sound = vowels(seconds + 0.11 * (i % 9), pitch=pitch, seed=hash_of(side, split, i))
                write_wav(root / side / split / f"{i:02d}.wav", sound)
    return {"a": root / "a", "b": root / "b"}


def hash_of(side, split, place):
    """A seed of an utterance: of val and test the same for both."""
    return place + {"train": 100 if side == "a" else 200, "val": 300, "test": 400}[split]
