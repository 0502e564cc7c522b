"""A fresh discriminator against a frozen generator: the architecture of the model's own, weights drawn anew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import nn

from genlab.analysis.base.players import Players
from genlab.console import progress
from genlab.losses.adversarial import bce_fake, bce_real
from genlab.models.base.noise import Noise


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
