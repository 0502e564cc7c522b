"""Noise as a pure function of seed, batch and purpose; in evaluation, of seed, image and purpose.

So a resumed run draws the same noise, several devices together draw what one would draw alone, and what is measured is
the same for every size of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.random import keyed_generator, keyed_number, normal, uniform

BLOCK = 256  # images whose draws from a distribution are made together
WATCHED: list[list[str]] = []  # for each who watches, what has been drawn


@contextmanager
def watched_draws() -> Iterator[list[str]]:
    """The purposes for which noise is drawn while the context is open; none: nothing in it depends on the seed."""
    WATCHED.append([])
    try:
        yield WATCHED[-1]
    finally:
        WATCHED.pop()


def note_draw(purpose: str) -> None:
    """Tell those who watch."""
    for purposes in WATCHED:
        purposes.append(purpose)


def global_state(device: torch.device) -> Tensor:
    """torch's global random state on a device, as bytes on the CPU."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.default_generator.get_state()


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
        stream = self.stream(purpose)
        drawn = torch.randn(rows * self.world, *shape, generator=stream, device=self.device, dtype=self.dtype)
        return drawn[self.rank :: self.world]

    def uniform(self, purpose: str, rows: int, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1), [rows, *shape]."""
        stream = self.stream(purpose)
        drawn = torch.rand(rows * self.world, *shape, generator=stream, device=self.device, dtype=self.dtype)
        return drawn[self.rank :: self.world]

    def draws(self, purpose: str, rows: int, draw: Callable[[int, torch.Generator, torch.dtype], Tensor]) -> Tensor:
        """Rows that ``draw`` makes of their number, a stream and the dtype. -> [rows, ...]."""
        return draw(rows * self.world, self.stream(purpose), self.dtype)[self.rank :: self.world]

    def orders(self, purpose: str, rows: int, columns: int) -> Tensor:
        """For each column a random order of the rows of all ranks, the same on every rank. -> int64 [rows of all, columns]."""
        stream = self.stream(purpose)
        return torch.rand(rows * self.world, columns, generator=stream, device=self.device, dtype=self.dtype).argsort(0)

    def stream(self, purpose: str) -> torch.Generator:
        """The generator of a purpose, the same on every rank."""
        note_draw(purpose)
        return keyed_generator(self.device, self.seed, self.stage, self.batch, purpose)

    def decisions(self, purpose: str) -> torch.Generator:
        """A CPU generator specific to this rank, for random decisions on the host."""
        note_draw(purpose)
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
            before = global_state(self.device) if WATCHED else None
            yield
            if before is not None and not torch.equal(before, global_state(self.device)):
                note_draw(purpose)  # a layer has


@dataclass(frozen=True)
class ImageNoise:
    """The noise of single images, for evaluation: it depends on the purpose and on an image's index in its split alone.

    So it is the same in every validation, whatever the batch size, the ranks and the seed: all models that are compared
    see the same images.
    """

    index: Tensor  # [B] int64
    dtype: torch.dtype = torch.float32
    key: tuple[object, ...] = ()  # what else it depends on

    def uniform(self, purpose: str, rows: int, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1), [rows, *shape], one row for each image."""
        count = math.prod(shape)
        place = self.index.view(rows, 1) * count + torch.arange(count, device=self.index.device)
        return uniform(place, 0, 0, keyed_number(*self.key, purpose)).view(rows, *shape).to(self.dtype)

    def normal(self, purpose: str, rows: int, *shape: int) -> Tensor:
        """Standard normal numbers, [rows, *shape], one row for each image."""
        key = 0, keyed_number(*self.key, purpose)
        return normal(self.index, 0, 1, math.prod(shape), key, torch.float32).view(rows, *shape).to(self.dtype)


@dataclass(frozen=True, kw_only=True)
class EvaluationNoise(Noise):
    """The noise of a batch in evaluation: each image has its own, whatever batch and rank it comes in.

    It follows from seed, stage, purpose and the image's index in its split; only layers that draw do so by batch and rank.
    """

    index: Tensor  # [B] int64

    @property
    def of_images(self) -> ImageNoise:
        """By image."""
        return ImageNoise(self.index, self.dtype, (self.seed, self.stage))

    def normal(self, purpose: str, rows: int, *shape: int) -> Tensor:
        """Standard normal numbers, [rows, *shape]."""
        note_draw(purpose)
        return self.of_images.normal(purpose, rows, *shape)

    def uniform(self, purpose: str, rows: int, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1), [rows, *shape]."""
        note_draw(purpose)
        return self.of_images.uniform(purpose, rows, *shape)

    def draws(self, purpose: str, rows: int, draw: Callable[[int, torch.Generator, torch.dtype], Tensor]) -> Tensor:
        """As in training, by streams of ``BLOCK`` images each. -> [rows, ...]."""
        note_draw(purpose)
        blocks, of_block = (self.index // BLOCK).unique(return_inverse=True)
        streams = [keyed_generator(self.device, self.seed, self.stage, purpose, block) for block in blocks.tolist()]
        drawn = torch.stack([draw(BLOCK, stream, self.dtype) for stream in streams])
        return drawn[of_block, self.index % BLOCK]
