"""Means over the images of all ranks, from sums and counts, so that unequal batches are weighted correctly."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.models.base.distributed import sum_over_ranks


class Totals:
    """Collects [B] values by name and gives their means over every image seen by any rank."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: dict[str, Tensor]) -> None:
        """Add one batch; every value is [B], where two domains may differ in B."""
        for name, value in terms.items():
            wide = torch.float32 if value.device.type == "mps" else torch.float64
            total = value.detach().to(wide).sum()
            self.sums[name] = self.sums[name] + total if name in self.sums else total
            self.counts[name] = self.counts.get(name, 0) + len(value)

    def means(self) -> dict[str, float]:
        """The means over all ranks; resets the totals."""
        if not self.sums:
            return {}
        names, first = list(self.sums), next(iter(self.sums.values()))
        packed = torch.stack([torch.stack(list(self.sums.values())), first.new_tensor(list(self.counts.values()))])
        sums, counts = sum_over_ranks(packed).tolist()
        self.sums, self.counts = {}, {}
        return {name: total / count for name, total, count in zip(names, sums, counts, strict=True) if count}
