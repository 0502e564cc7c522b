"""Bits-back coding with ANS: images in as many bits as -ELBO says, and back again, exactly.

Townsend, Bird and Barber, 2019, "Practical Lossless Compression with Latent Variables using Bits Back Coding"
(arXiv:1901.04866), algorithm 1. The code of an image is drawn from q(z|x) by decoding bits that are in the message already,
and these bits come back when the image is decoded: only log q - log p(x, z) is paid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from genlab.analysis.coding.ans import WORD, Stack
from genlab.random import keyed

LATENT = 14  # bits: the prior N(0, 1) is cut into 2^14 intervals of equal mass, whose centres are the codes
PRECISION = 28  # of the frequencies of q(z|x) and of pixels, in bits
CUT = np.arange(2**LATENT + 1)
EDGES, CENTRES = ndtri(CUT / 2**LATENT), ndtri((CUT[:-1] + 0.5) / 2**LATENT)
SPARE = 8  # words beyond those that the first code takes

Posterior = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # pixels [P] of 0 and 1 -> mean, deviation [D]
Pixels = Callable[[np.ndarray], np.ndarray]  # z [D] -> probability of white [P]


@dataclass(frozen=True)
class BitsBack:
    """A VAE as a lossless code of black and white images, its prior N(0, I).

    Both functions must give the same numbers, to the last bit, whenever they are asked: one image at a time, on a CPU.

    Args:
        posterior: q(z|x).
        pixels: p(x|z).
        size: D, the latents.
    """

    posterior: Posterior
    pixels: Pixels
    size: int

    def push(self, stack: Stack, x: np.ndarray) -> np.ndarray:
        """Add an image, uint8 [P] of 0 and 1. -> its code z [D]."""
        places = self.take_code(stack, x)
        freq = white(self.pixels(CENTRES[places]))
        for on, one in zip(x.tolist(), freq, strict=True):
            stack.push(*share(on, one), PRECISION)
        for place in places.tolist():
            stack.push(place, 1, LATENT)
        return CENTRES[places]

    def ideal(self, x: np.ndarray, z: np.ndarray) -> float:
        """log2 q(z|x) - log2 p(x, z): what an image costs with this code, if frequencies were exact and intervals nothing."""
        mean, deviation = self.posterior(x)
        log_q = -(((z - mean) / deviation) ** 2) / 2 - np.log(deviation)
        freq = np.array(white(self.pixels(z)), float)
        log_p = np.log(np.where(x == 1, freq, 2.0**PRECISION - freq)) - PRECISION * np.log(2)
        return float((log_q + z**2 / 2).sum() - log_p.sum()) / float(np.log(2))

    def pop(self, stack: Stack, size: int) -> np.ndarray:
        """Take the newest image of ``size`` pixels from the message, and give the bits of its code back to it. -> uint8 [P]."""
        code: list[int] = []
        for _ in range(self.size):
            code.append(stack.peek(LATENT))
            stack.drop(code[-1], 1, LATENT)
        places, x = np.array(code[::-1]), np.zeros(size, np.uint8)
        freq = white(self.pixels(CENTRES[places]))
        for i in range(size - 1, -1, -1):
            x[i] = stack.peek(PRECISION) < freq[i]
            stack.drop(*share(int(x[i]), freq[i]), PRECISION)
        self.give_code_back(stack, x, places)
        return x

    def take_code(self, stack: Stack, x: np.ndarray) -> np.ndarray:
        """Draw z from q(z|x) with bits of the message: which interval each of D latents is in."""
        places = []
        for starts in self.intervals(x):
            place = int(np.searchsorted(starts, stack.peek(PRECISION), "right")) - 1
            stack.drop(int(starts[place]), int(starts[place + 1] - starts[place]), PRECISION)
            places.append(place)
        return np.array(places)

    def give_code_back(self, stack: Stack, x: np.ndarray, places: np.ndarray) -> None:
        """The inverse of ``take_code``."""
        for starts, place in zip(self.intervals(x)[::-1], places[::-1].tolist(), strict=True):
            stack.push(int(starts[place]), int(starts[place + 1] - starts[place]), PRECISION)

    def intervals(self, x: np.ndarray) -> np.ndarray:
        """Where each interval begins among 2^PRECISION numbers, under q(z_j|x): int64 [D, 2^LATENT + 1]. None is empty."""
        mean, deviation = self.posterior(x)
        mass = ndtr((EDGES - mean[:, None]) / deviation[:, None])
        starts = np.floor(np.maximum.accumulate(mass, 1) * (2**PRECISION - 2**LATENT)).astype(np.int64) + CUT
        starts[:, -1] = 2**PRECISION
        return starts


def white(probability: np.ndarray) -> list[int]:
    """The frequency of white, in 1 … 2^PRECISION - 1. [P]."""
    return np.clip(np.rint(probability * 2.0**PRECISION), 1, 2**PRECISION - 1).astype(np.int64).tolist()


def share(on: int, freq: int) -> tuple[int, int]:
    """Start and frequency of a pixel that is white (the first ``freq`` numbers) or black (the others)."""
    return (0, freq) if on else (freq, 2**PRECISION - freq)


def borrowed(size: int, seed: int) -> list[int]:
    """Random words to draw the first code of D latents with: what a sender has lying about anyhow."""
    count = -(-size * PRECISION // WORD) + SPARE
    return [int(word) for word in keyed(seed, "bits back").integers(0, 2**WORD, count)]
