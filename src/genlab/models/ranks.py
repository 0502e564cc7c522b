"""Several ranks, one number: averages as sums and counts, and statistics that all ranks agree on."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch import distributed as dist


def sum_over_ranks(x: Tensor) -> Tensor:
    """The sum over all ranks; x itself where there is one."""
    if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        dist.all_reduce(x)
    return x


def agree_on_buffers(module: nn.Module) -> None:
    """Give every rank the buffers of rank 0: batch norm's running statistics are collected by each rank for itself."""
    if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        for buffer in module.buffers():
            dist.broadcast(buffer, 0)


class Totals:
    """Collects [B] values by name and gives their means over every image seen by any rank."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.count = 0

    def add(self, terms: dict[str, Tensor]) -> None:
        """Take in one batch; every value is [B]."""
        for name, value in terms.items():
            wide = torch.float32 if value.device.type == "mps" else torch.float64
            total = value.detach().to(wide).sum()
            self.sums[name] = self.sums[name] + total if name in self.sums else total
        self.count += len(next(iter(terms.values())))

    def means(self) -> dict[str, float]:
        """The means over all ranks; forgets what was collected."""
        if not self.sums:
            return {}
        names, first = list(self.sums), next(iter(self.sums.values()))
        packed = torch.stack([*self.sums.values(), torch.full_like(first, self.count)])
        *sums, count = sum_over_ranks(packed).tolist()
        self.sums, self.count = {}, 0
        return {name: total / count for name, total in zip(names, sums, strict=True)}
