"""Sounds like speech of numbers alone: gliding voices with formants and pauses, where no synthesiser is needed."""

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
        centres = np.array(FORMANTS)[chosen[slot]]
        gain = np.exp(-(((harmonic * pitch - centres) / 250) ** 2)).sum(1) + 1e-3
        sound += gain * np.sin(harmonic * phase)
    sound *= (slot % 4 != 3) * np.sin(np.pi * np.clip(time / 0.25 - slot, 0, 1)) ** 0.5
    return peak * sound / max(np.abs(sound).max(initial=0.0), 1e-9)
