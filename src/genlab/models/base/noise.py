"""Noise as a pure function of the seed, the batch number and its purpose.

So a resumed run needs no luck, and several devices draw together what one would draw alone.
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
    """The noise of one batch. Drawn for the batch of all ranks together; rank r of W takes the rows r, r + W, …"""

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
        """Numbers even in [0, 1), [rows, *shape]."""
        stream = keyed_generator(self.device, self.seed, self.stage, self.batch, purpose)
        drawn = torch.rand(rows * self.world, *shape, generator=stream, device=self.device, dtype=self.dtype)
        return drawn[self.rank :: self.world]

    def decisions(self, purpose: str) -> torch.Generator:
        """This rank's own CPU generator, for decisions made on the host."""
        return keyed_generator(torch.device("cpu"), self.seed, self.stage, self.batch, purpose, self.rank)

    @contextmanager
    def for_layers(self, purpose: str) -> Iterator[None]:
        """torch's global random state named by batch and rank, for layers that draw from nothing else (dropout).

        Afterwards it is what it was before.
        """
        number = keyed_number(self.seed, self.stage, self.batch, purpose, self.rank)
        on_cuda = self.device.type == "cuda"
        with torch.random.fork_rng(devices=[self.device] if on_cuda else []):
            torch.default_generator.manual_seed(number)
            if on_cuda:
                with torch.cuda.device(self.device):
                    torch.cuda.manual_seed(number)
            yield
