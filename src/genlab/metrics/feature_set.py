"""The features of a set of images, and what is worked out of them once: the input of every measure of two sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genlab.metrics.moments import Moments

if TYPE_CHECKING:
    from genlab.metrics.extractors.extractor import Extractor


class FeatureSet:
    """Features [N, d], float32 on the CPU, and their moments.

    Args:
        features: [N, d].
        extractor: what made them; None for features of another origin.
    """

    features: Tensor

    def __init__(self, features: Tensor, extractor: Extractor | None = None) -> None:
        self.features, self.extractor = features, extractor
        self.at_hand: dict[torch.device, Moments] = {}

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, index: Tensor) -> FeatureSet:
        """The features at ``index``, [n] int64; a row may come several times."""
        return FeatureSet(self.features[index], self.extractor)

    def moments(self, device: torch.device) -> Moments:
        """Their moments on a device, worked out once."""
        if device not in self.at_hand:
            self.at_hand[device] = Moments.of(self.features.to(device))
        return self.at_hand[device]
