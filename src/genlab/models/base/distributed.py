"""Several ranks, one number: averages as sums and counts, and statistics that all ranks agree on."""

from __future__ import annotations

from typing import Any

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


def gathered(value: Any) -> dict[str, Any]:
    """The value of every rank, by rank number as text."""
    if not (dist.is_available() and dist.is_initialized()):
        return {"0": value}
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return {str(rank): value for rank, value in enumerate(values)}


class Totals:
    """Collects [B] values by name and gives their means over every image seen by any rank."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: dict[str, Tensor]) -> None:
        """Take in one batch; every value is [B], of two domains each with its own B."""
        for name, value in terms.items():
            wide = torch.float32 if value.device.type == "mps" else torch.float64
            total = value.detach().to(wide).sum()
            self.sums[name] = self.sums[name] + total if name in self.sums else total
            self.counts[name] = self.counts.get(name, 0) + len(value)

    def means(self) -> dict[str, float]:
        """The means over all ranks; forgets what was collected."""
        if not self.sums:
            return {}
        names, first = list(self.sums), next(iter(self.sums.values()))
        packed = torch.stack([torch.stack(list(self.sums.values())), first.new_tensor(list(self.counts.values()))])
        sums, counts = sum_over_ranks(packed).tolist()
        self.sums, self.counts = {}, {}
        return {name: total / count for name, total, count in zip(names, sums, counts, strict=True) if count}
