"""Gradients averaged over ranks during backward: Li et al., 2020, "PyTorch Distributed" (arXiv:2006.15704)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from genlab.models.base.distributed import begin_sum, connected, finish, world_size

BUCKET_BYTES = 25 << 20  # as torch's own: large enough for the network, small enough to begin early


@dataclass
class Bucket:
    """Parameters whose gradients are reduced together."""

    parameters: list[nn.Parameter]
    missing: int = 0  # gradients of this backward that are not there yet
    flat: Tensor | None = None
    work: Any = None
    travelling: list[Tensor] = field(default_factory=list)

    def send(self) -> None:
        """Start to sum the gradients over all ranks; parameters without one are left out, on every rank alike."""
        self.travelling = [p.grad for p in self.parameters if p.grad is not None]
        if self.travelling:
            self.flat = torch.cat([gradient.flatten() for gradient in self.travelling])
            self.work = begin_sum(self.flat)

    def receive(self) -> None:
        """Wait for the sums and replace the gradients by the means."""
        if self.flat is None:
            return
        finish(self.work)
        means = (self.flat / world_size()).split([gradient.numel() for gradient in self.travelling])
        torch._foreach_copy_(self.travelling, [m.view_as(g) for m, g in zip(means, self.travelling, strict=True)])
        self.flat, self.work, self.travelling = None, None, []


class GradientAverager:
    """Averages the gradients of some parameters over all ranks, starting while backward still computes the others.

    Args:
        parameters: of one phase, in the order of the forward pass.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.buckets = bucketed(list(reversed(parameters)))
        self.active = False
        self.sent = 0
        for bucket in self.buckets if connected() else ():
            for parameter in bucket.parameters:
                parameter.register_post_accumulate_grad_hook(lambda _, bucket=bucket: self.arrived(bucket))

    @contextmanager
    def averaging(self) -> Iterator[None]:
        """Wrap the last backward of an update: on exit every gradient is the mean over all ranks."""
        if not connected():
            yield
            return
        for bucket in self.buckets:
            bucket.missing = len(bucket.parameters)
        self.active, self.sent = True, 0
        try:
            yield
        finally:
            self.active = False
        self.send_until(len(self.buckets))
        for bucket in self.buckets:
            bucket.receive()

    def arrived(self, bucket: Bucket) -> None:
        """One more gradient is complete: send the buckets that are full, in the same order on every rank."""
        if not self.active:
            return
        bucket.missing -= 1
        full = self.sent
        while full < len(self.buckets) and self.buckets[full].missing == 0:
            full += 1
        self.send_until(full)

    def send_until(self, end: int) -> None:
        """Send every bucket before ``end`` that has not been sent."""
        for bucket in self.buckets[self.sent : end]:
            bucket.send()
        self.sent = max(self.sent, end)


def bucketed(parameters: Sequence[nn.Parameter]) -> list[Bucket]:
    """The parameters in order, in buckets of one dtype and up to ``BUCKET_BYTES`` (or one larger parameter)."""
    buckets: list[Bucket] = []
    room = 0
    for parameter in parameters:
        size = parameter.numel() * parameter.element_size()
        if not buckets or room < size or buckets[-1].parameters[0].dtype != parameter.dtype:
            buckets.append(Bucket([]))
            room = max(BUCKET_BYTES, size)
        buckets[-1].parameters.append(parameter)
        room -= size
    return buckets
