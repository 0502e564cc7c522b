"""A network by which two sounds of one speaker are near each other, whatever is said.

Wan, Wang, Papir and Moreno, 2018, "Generalized end-to-end loss for speaker verification" (arXiv:1710.10467), section 3:
an LSTM over mel bands, of which the last state is projected to the unit sphere. The weights are those of the package
``Resemblyzer``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from genlab.metrics.speech.packaged import Packaged

DIGEST = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
PACKAGED = Packaged("resemblyzer", "Resemblyzer", "pretrained.pt", DIGEST)
RATE = 16_000  # Hz
WINDOW, HOP, BANDS = 400, 160, 40
FRAMES, STEP = 160, 77  # of a piece, and from one to the next: 1.6 s, 1.3 pieces a second
COVERED = 0.75  # share of the last piece that has to be sound, or it is left out
LOUDNESS = 10 ** (-30 / 20)  # root mean square to which quieter sounds are raised
LINEAR, KNEE, RATIO = 3 / 200, 1000.0, np.log(6.4) / 27  # of Slaney's mel scale: linear up to 1 kHz, logarithmic beyond


class SpeakerEncoder(nn.Module):
    """The encoder. ``file``: of its weights."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.lstm, self.linear = nn.LSTM(BANDS, 256, 3, batch_first=True), nn.Linear(256, 256)
        weights = torch.load(file, map_location="cpu", weights_only=True)["model_state"]
        self.load_state_dict({name: value for name, value in weights.items() if not name.startswith("similarity")})
        self.eval().requires_grad_(False)

    def forward(self, mel: Tensor) -> Tensor:
        """Embeddings of length 1. [B, T, 40] -> [B, 256]."""
        _, (state, _) = self.lstm(mel)
        return unit(self.linear(state[-1]).relu())

    def embedding(self, sound: np.ndarray) -> np.ndarray:
        """That of a sound: the mean over its pieces, of length 1. [N] at 16 kHz, N > 0 -> float64 [256]."""
        level = float(np.sqrt(np.square(sound, dtype=np.float64).mean()))
        louder = max(1.0, LOUDNESS / level) if level > 0 else 1.0
        found = self(pieces(torch.from_numpy(sound.astype(np.float32) * np.float32(louder))))
        return unit(found.double().mean(0, keepdim=True))[0].numpy()


def unit(x: Tensor) -> Tensor:
    """Rows of length 1. [B, D] -> [B, D]."""
    return x / x.norm(dim=1, keepdim=True).clamp_min(1e-12)


def pieces(sound: Tensor) -> Tensor:
    """Powers of mel bands in pieces of 1.6 s. [N] -> [n, 160, 40]."""
    frames = -(-(len(sound) + 1) // HOP)
    starts = list(range(0, max(1, frames - FRAMES + STEP + 1), STEP))
    if len(starts) > 1 and (len(sound) - starts[-1] * HOP) / (FRAMES * HOP) < COVERED:
        starts.pop()
    lacking = max(0, (starts[-1] + FRAMES) * HOP - len(sound))
    mel = powers(nn.functional.pad(sound, (0, lacking)))
    return torch.stack([mel[start : start + FRAMES] for start in starts])


def powers(sound: Tensor) -> Tensor:
    """[N] -> [1 + N / hop, 40]."""
    window = torch.hann_window(WINDOW)
    found = torch.stft(sound, WINDOW, HOP, window=window, center=True, pad_mode="constant", return_complex=True)
    return (bands() @ found.abs().square()).T


@lru_cache(maxsize=1)
def bands() -> Tensor:
    """Slaney's filterbank (Auditory Toolbox, 1998): triangles of one area. float32 [40, 201]."""
    knee = KNEE * LINEAR
    edges = np.linspace(0, knee + np.log(RATE / 2 / KNEE) / RATIO, BANDS + 2)
    hertz = np.where(edges < knee, edges / LINEAR, KNEE * np.exp(RATIO * (edges - knee)))
    frequency = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    low, centre, high = (hertz[place : place + BANDS, None] for place in range(3))
    rising, falling = (frequency - low) / (centre - low), (high - frequency) / (high - centre)
    triangles = np.clip(np.minimum(rising, falling), 0, None) * (2 / (high - low))
    return torch.from_numpy(triangles.astype(np.float32))
