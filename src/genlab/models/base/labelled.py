"""The training images whose class a model is told: so many, chosen by the seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import ConfigError, DataSpec, Images, Problem
from genlab.models.base.labels import require_labelled
from genlab.random import keyed_bits

PURPOSE = 0x1ABE1


class Labelled:
    """Which images are labelled, as a pure function of seed and index: the same on every rank and in every epoch.

    Args:
        name: of the model, for messages.
        count: how many training images; 0: none.
        spec: the data set.
        seed: of the choice.

    Raises:
        ConfigError: the set has no classes, or fewer images.
    """

    def __init__(self, name: str, count: int, spec: DataSpec, seed: int) -> None:
        self.count, self.seed, images = count, seed, spec.sizes["train"]
        if count:
            require_labelled(name, ("classes",), spec)
        if count > images:
            what, remedy = f"{spec.name} has {images:,} training images", f"Type: model.labelled={images}"
            problem = Problem(f"model.labelled={count}", what, remedy)
            raise ConfigError([problem])
        bits = keyed_bits(np.arange(images), seed, 0, PURPOSE)
        self.last = (
            int(bits.argsort(kind="stable")[count - 1]) if count else -1
        )  # of images alike, the first are labelled
        self.most = int(bits[self.last]) if count else -1

    def of(self, batch: Images, training: bool) -> Tensor:
        """True where the image is labelled; outside training no image is. -> bool [B]."""
        if not (training and self.count):
            return torch.zeros_like(batch.index, dtype=torch.bool)
        bits = keyed_bits(batch.index, self.seed, 0, PURPOSE)
        return (bits < self.most) | ((bits == self.most) & (batch.index <= self.last))
