"""The two players of a GAN, as the laboratory asks for them: the one place that knows how a GAN keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from genlab.analysis.base.subject import Subject
from genlab.contracts import Split
from genlab.models.base.packing import scores_of_packs
from genlab.random import keyed_number


@runtime_checkable
class HasPlayers(Protocol):
    """Has a generator of z [B, D], and a discriminator of what it makes and of ``real`` data. ``draw`` gives z."""

    generator: nn.Module
    discriminator: nn.Module

    def real(self, batch: Any) -> Tensor: ...

    def draw(self, n: int, *, seed: int | None = None) -> Tensor: ...


class Both(NamedTuple):
    """Real data and as many fakes as D takes them, [B, *shape], and what both players are told of them besides."""

    real: Tensor
    fake: Tensor
    given: tuple[Tensor, ...]


class Players:
    """The players of a model that ``HasPlayers``: of the generator the average that samples, or the one that learns."""

    def __init__(self, subject: Subject, averaged: bool = True) -> None:
        self.subject, self.model = subject, subject.model
        self.pack = int(subject.loaded.config.model.get("pack", 1))  # images that D judges at once
        sampling = self.model.working() if averaged else {}  # has no average where the model keeps none
        self.generator: nn.Module = sampling.get("generator", self.model.generator)

    @property
    def loss(self) -> str:
        """The name of the loss that they were trained by."""
        return str(self.subject.loaded.config.model.loss)

    def given(self, batch: Any) -> tuple[Tensor, ...]:
        """The labels of a batch as the networks take them; of a model without, nothing."""
        return self.model.given(batch.label) if hasattr(self.model, "given") else ()

    def z(self, count: int, *key: object) -> Tensor:
        """Codes by seed and key, [count, D]."""
        return self.model.draw(count, seed=keyed_number(self.subject.seed, "analysis", *key))

    def both(self, batch: Any, *key: object) -> Both:
        """The batch's real data, and as many fakes by seed and key, with the labels of the real ones."""
        real, given = self.model.real(batch), self.given(batch)
        with torch.no_grad():
            return Both(real, self.generator(self.z(len(real), *key), *given), given)

    def held_out(self, split: Split, count: int) -> Iterator[Both]:
        """At most ``count`` held-out real ones in batches, and as many fakes."""
        for number, batch in enumerate(self.subject.held_out(split, count)):
            yield self.both(batch, split, number)

    def training(self, batch_size: int) -> Iterator[Both]:
        """Training data without end, and new fakes for each batch."""
        for number, batch in enumerate(self.subject.training(batch_size)):
            yield self.both(batch, "train", number)

    def logits(self, discriminator: nn.Module, x: Tensor, given: tuple[Tensor, ...]) -> Tensor:
        """A discriminator's scores, the mean over patches: [B, *shape] -> [B], or [B / p] of packs of p images."""
        return scores_of_packs(discriminator, x, given, self.pack)
