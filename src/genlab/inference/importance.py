"""log p(x) of images by importance sampling, whatever block of samples fits into memory; and whether there is a p(x)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.metrics.importance_sampling import RunningWeights, widest
from genlab.models.base.labels import for_model
from genlab.models.base.noise import note_draw
from genlab.random import normal

PURPOSE = 6  # of the keyed noise: flips, crops and binarisation have 1 to 5
BYTES = {"cpu": 512 << 20, "cuda": 4 << 30}  # that the decoder's layers may take at once, ...
LAYERS = 32  # ... if they have so many numbers for each of the image


@dataclass(frozen=True)
class ImportanceSampler:
    """Weighs ``samples`` codes of each image, the noise of each a matter of the model's seed, image and sample alone.

    Args:
        samples: K, for each image.
        block: samples of an image that are decoded at once; None: as many as memory is meant for.
    """

    samples: int
    block: int | None = None

    def weighed(self, model: Any, image: Tensor, index: Tensor, label: Tensor | None) -> Tensor:
        """-log p(x) in nats above the effective sample size, [2, B] float64. [B, C, H, W], [B]."""
        together, block = self.shares(model, image)
        parts = []
        for start in range(0, len(image), together):
            part = slice(start, start + together)
            labelled = for_model(model, None if label is None else label[part])
            noises = self.noises(model, index[part], block)
            found = RunningWeights(len(index[part]), image.device)
            for log_w in model.log_weights(image[part], noises, **labelled):
                found.add(log_w)
            parts.append(torch.stack([found.nll(), found.effective()]))
        return torch.cat(parts, 1)

    def log_weights(self, model: Any, image: Tensor, index: Tensor, label: Tensor | None) -> Tensor:
        """log w of every sample, [B, K] float64: where all of them can be held."""
        _, block = self.shares(model, image)
        noises = self.noises(model, index, min(block, max(1, self.samples // 4)))
        return torch.cat([*model.log_weights(image, noises, **for_model(model, label))], 1).to(
            widest(image.device), torch.float64
        )

    def shares(self, model: Any, image: Tensor) -> tuple[int, int]:
        """How many images are encoded together, and how many samples of each are decoded together."""
        numbers = math.prod(image.shape[1:]) * model.weight_dtype.itemsize * LAYERS
        rows = max(1, BYTES.get(model.device.type, BYTES["cpu"]) // numbers)
        block = min(self.samples, self.block or max(1, rows // len(image)))
        return min(len(image), max(1, rows // block)), block

    def noises(self, model: Any, index: Tensor, block: int) -> Iterator[Tensor]:
        """The noise of all samples in order, [B, n, noise_size]."""
        for first in range(0, self.samples, block):
            note_draw("nll")
            count = min(block, self.samples - first)
            yield normal(index, first, count, model.noise_size, (model.seed, PURPOSE), model.weight_dtype)


def has_likelihood(model: Any) -> bool:
    """Whether the pixels have a likelihood: not grey ones under a Bernoulli."""
    pixels = pixels_of(model)
    return pixels is None or pixels.is_likelihood


def is_mass(model: Any) -> bool:
    """Whether p(x) is a probability and not a density."""
    pixels = pixels_of(model)
    return pixels is not None and pixels.is_mass


def pixels_of(model: Any) -> Any:
    """The part of a model that says what its pixels' likelihood is; None: it has none."""
    return next((part for part in model.children() if hasattr(part, "likelihood")), None)
