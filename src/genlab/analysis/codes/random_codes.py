"""Random codes, and what a decoder makes of them: whether it can be sampled at will, and whether neighbours look alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.analysis.base.encoded import Encoded
from genlab.analysis.base.subject import Subject
from genlab.analysis.codes.manifold import decoded
from genlab.random import keyed_generator


@dataclass(frozen=True)
class RandomCodes:
    """Codes [n, D] drawn at random, the images [n, C, H, W] decoded from them, and what they were drawn from, in words."""

    code: Tensor
    image: Tensor
    source: str


def random_codes(subject: Subject, codes: Encoded, count: int) -> RandomCodes:
    """From the prior where the model has one; else from a normal distribution with mean and deviation of its codes.

    The second is the best that can be guessed of a code's distribution axis by axis. The same noise for all models of a size.
    """
    noise = normal(subject, count, codes.mean.shape[1])
    prior: Any = getattr(subject.model, "prior", None)
    if getattr(prior, "standard_normal", False):
        code, source = noise, "N(0, I), the prior"
    elif prior is not None and hasattr(subject.model, "draw"):
        code, source = subject.model.draw(count, seed=subject.seed).cpu().double(), "the prior"
    else:
        code = codes.mean.mean(0) + codes.mean.std(0) * noise
        source = "a normal fitted to the codes"
    image, _ = decoded(subject, code.to(subject.device, subject.model.weight_dtype), codes.label)
    return RandomCodes(code, image, source)


def normal(subject: Subject, count: int, size: int) -> Tensor:
    """Standard normal numbers by the seed, float64 [count, size] on the CPU."""
    stream = keyed_generator(torch.device("cpu"), subject.seed, "random codes")
    return torch.randn(count, size, generator=stream, dtype=torch.float64)


def nearest_error(image: Tensor, real: Tensor) -> Tensor:
    """The squared error of each image, summed over pixels, to the nearest of the real ones. [n, …], [N, …] -> [n] float64."""
    flat, known = image.flatten(1).double(), real.flatten(1).double()
    parts = [torch.cdist(flat, part).square().amin(1) for part in known.split(2000)]
    return torch.stack(parts).amin(0)
