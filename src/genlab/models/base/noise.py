"""Noise as a pure function of seed, batch and purpose.

So a resumed run draws the same noise, and several devices together draw what one would draw alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.random import keyed_generator, keyed_number


@dataclass(frozen=True)
class Noise:
    """The noise of one batch. Drawn for the global batch of all ranks; rank r of W takes the rows r, r + W, …"""

    seed: int
    stage: str
    batch: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    rank: int = 0
    world: int = 1

    def normal(self, purpose: str, rows: int, *shape: int) -> Tensor:
        """Standard normal numbers, [rows, *shape]."""
        stream = keyed_generator(self.device, self.seed, self.stage, self.batch, purpose)
        drawn = torch.randn(rows * self.world, *shape, generator=stream, device=self.device, dtype=self.dtype)
        return drawn[self.rank :: self.world]

    def uniform(self, purpose: str, rows: int, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1), [rows, *shape]."""
        stream = keyed_generator(self.device, self.seed, self.stage, self.batch, purpose)
        drawn = torch.rand(rows * self.world, *shape, generator=stream, device=self.device, dtype=self.dtype)
        return drawn[self.rank :: self.world]

    def decisions(self, purpose: str) -> torch.Generator:
        """A CPU generator specific to this rank, for random decisions on the host."""
        return keyed_generator(torch.device("cpu"), self.seed, self.stage, self.batch, purpose, self.rank)

    @contextmanager
    def for_layers(self, purpose: str) -> Iterator[None]:
        """Seed torch's global random state by batch and rank, for layers that draw from it (dropout).

        The previous state is restored on exit.
        """
        number = keyed_number(self.seed, self.stage, self.batch, purpose, self.rank)
        on_cuda = self.device.type == "cuda"
        with torch.random.fork_rng(devices=[self.device] if on_cuda else []):
            torch.default_generator.manual_seed(number)
            if on_cuda:
                with torch.cuda.device(self.device):
                    torch.cuda.manual_seed(number)
            yield
