"""Sums over features from which their mean and covariance come, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor


@dataclass
class Moments:
    """Sums over features in float64: count, sum [d], sum of outer products [d, d]. Additive over batches and ranks."""

    count: Tensor
    total: Tensor
    outer: Tensor

    @classmethod
    def zero(cls, features: int, device: torch.device | None = None) -> Moments:
        """Moments of no features."""
        kind: dict[str, Any] = {"dtype": torch.float64, "device": device}
        return cls(torch.zeros((), **kind), torch.zeros(features, **kind), torch.zeros(features, features, **kind))

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """Moments of features [N, d]."""
        sums = cls.zero(features.shape[1], features.device)
        for part in features.split(1000):
            sums.add(part)
        return sums

    def add(self, features: Tensor) -> None:
        """Add a batch of features, [B, d]."""
        x = features.to(self.total)
        self.count += len(x)
        self.total += x.sum(0)
        self.outer += x.T @ x

    @property
    def mean(self) -> Tensor:
        """[d]."""
        return self.total / self.count

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, [d, d]."""
        return (self.outer - self.count * torch.outer(self.mean, self.mean)) / (self.count - 1)

    @cached_property
    def root(self) -> Tensor:
        """The square root of the covariance, [d, d]; eigenvalues that rounding pushes below 0 are clipped."""
        values, vectors = torch.linalg.eigh(self.covariance)
        return vectors * values.clamp_min(0).sqrt() @ vectors.T

    def plain(self) -> dict[str, Tensor]:
        """The tensors to be saved, including the root of the covariance."""
        return {"count": self.count, "total": self.total, "outer": self.outer, "root": self.root}

    @classmethod
    def from_plain(cls, plain: dict[str, Tensor], device: torch.device) -> Moments:
        """The inverse of ``plain``, on a device."""
        count, total, outer, root = (plain[name].to(device) for name in ("count", "total", "outer", "root"))
        found = cls(count, total, outer)
        found.__dict__["root"] = root  # as if it had been worked out
        return found
