"""Whether samples are copies of training images: how near the nearest one is, held against images that cannot be copies."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.metrics.nearest import nearest_between

RARE = 0.01  # of held-out images that are nearer to a training image than what counts as a copy


@dataclass(frozen=True)
class Memorisation:
    """Samples and held-out images beside the training image nearest to each.

    Args:
        distances: of each sample to the nearest training image, [N].
        nearest: which that is, [N].
        held_out: the same distances of images that no training saw, [M].
        rare: the share of held-out images below ``threshold``.
    """

    distances: Tensor
    nearest: Tensor
    held_out: Tensor
    rare: float = RARE

    @property
    def threshold(self) -> float:
        """The distance below which a sample counts as a copy: so few held-out images are that near."""
        return float(self.held_out.quantile(self.rare))

    @property
    def share(self) -> float:
        """The share of samples nearer than ``threshold``: ``rare`` of new images, 1 of copies."""
        return float((self.distances < self.threshold).double().mean())


def memorisation(samples: Tensor, train: Tensor, held_out: Tensor, device: torch.device) -> Memorisation:
    """Compare samples [N, d] and held-out images [M, d] with the training images [T, d], in one space: features or pixels."""
    distances, nearest = nearest_between(samples, train, 1, device)
    others, _ = nearest_between(held_out, train, 1, device)
    return Memorisation(distances[:, 0], nearest[:, 0], others[:, 0])
