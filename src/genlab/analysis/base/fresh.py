"""A fresh discriminator against a frozen generator: the architecture of the model's own, weights drawn anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import torch
from torch import nn

from genlab.analysis.base.analysis import Analysis
from genlab.analysis.base.players import HasPlayers, Players
from genlab.config.types import PositiveFloat, PositiveInt
from genlab.console import progress
from genlab.losses.adversarial import bce_fake, bce_real
from genlab.models.base.noise import Noise


@dataclass
class AgainstFrozen(Analysis):
    """An analysis that watches a fresh discriminator learn.

    Args:
        steps: of the fresh discriminator.
        every: steps between two points of its curves.
        lr: of its Adam.
        batch_size: real ones in a step, and as many fakes.
    """

    needs: ClassVar[tuple[type, ...]] = (HasPlayers,)

    steps: PositiveInt
    every: PositiveInt
    lr: PositiveFloat
    batch_size: PositiveInt

    def shown(self, players: Players) -> Iterator[tuple[int, nn.Module]]:
        """Step and discriminator of each point of the curves, the first and the last step among them."""
        for step, discriminator in trained(players, self.lr, self.batch_size, self.steps):
            if step % self.every == 0 or step == self.steps:
                yield step, discriminator


def trained(players: Players, lr: float, batch_size: int, steps: int) -> Iterator[tuple[int, nn.Module]]:
    """Train by the cross-entropy of the first paper, whatever the model's own loss; yields step (from 0) and discriminator.

    Training data and new fakes in every step; in training mode whatever mode the caller leaves it in.
    """
    subject = players.subject
    discriminator: nn.Module = subject.anew("fresh discriminator").discriminator  # type: ignore[assignment]
    optimizer = torch.optim.Adam(discriminator.parameters(), lr)
    yield 0, discriminator
    with progress("fresh discriminator", steps, unit="steps", announced=f"{steps} steps") as advance:
        for step, x in enumerate(islice(players.training(batch_size), steps), 1):
            discriminator.train()
            with Noise(subject.seed, "analysis", step, subject.device).for_layers("dropout"):
                loss = bce_real(players.logits(discriminator, x.real, x.given)).mean()
                loss = loss + bce_fake(players.logits(discriminator, x.fake, x.given)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            advance()
            yield step, discriminator
