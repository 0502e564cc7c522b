"""A discriminator's verdict on real and fake data that it has not seen, and the distance that it proves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.analysis.base.players import Both, Players
from genlab.losses.adversarial import bce_fake, bce_real

LOG2 = math.log(2)
PROBABLE = ("non_saturating", "saturating")  # losses whose D gives log-odds


@dataclass(frozen=True)
class Verdict:
    """The logits of D, positive for real: ``real`` [N] of real data, ``fake`` [M] of fakes; float64, on the CPU."""

    real: Tensor
    fake: Tensor

    @property
    def loss(self) -> float:
        """Cross-entropy in nats, the mean over real and over fake, of these two the mean: log 2 for one who cannot tell."""
        return float(bce_real(self.real).mean() + bce_fake(self.fake).mean()) / 2

    @property
    def loss_se(self) -> float:
        """Standard error of ``loss`` over the samples."""
        parts = [bce_real(self.real), bce_fake(self.fake)]
        return math.sqrt(sum(float(part.var()) / len(part) for part in parts)) / 2

    @property
    def bound(self) -> float:
        """log 2 - loss, in nats: at most the Jensen-Shannon divergence of data and generator, in expectation.

        Goodfellow et al., 2014 (arXiv:1406.2661), proof of theorem 1: E log D(x) + E log(1 - D(G(z))) is largest, over all
        D, at -log 4 + 2 JSD. Half of that sum is -loss, so JSD >= log 2 - loss for every D, if the samples are new to it.
        """
        return LOG2 - self.loss

    @property
    def d_real(self) -> float:
        """Mean D(x) in [0, 1]."""
        return float(self.real.sigmoid().mean())

    @property
    def d_fake(self) -> float:
        """Mean D(G(z)) in [0, 1]."""
        return float(self.fake.sigmoid().mean())

    @property
    def accuracy(self) -> float:
        """Share that D takes for what it is, the mean of real and fake."""
        return float((self.real > 0).double().mean() + (self.fake < 0).double().mean()) / 2

    @property
    def distance(self) -> float:
        """Mean |D - 1/2| over real and fake: 0 at the equilibrium, 1/2 for one who is always sure."""
        return float(torch.cat([self.real, self.fake]).sigmoid().sub(0.5).abs().mean())


def judge(players: Players, discriminator: nn.Module, batches: Iterable[Both]) -> Verdict:
    """The verdict of a discriminator, in evaluation mode, on real data and fakes."""
    discriminator.eval()
    with torch.no_grad():
        parts = [
            (players.logits(discriminator, x.real, x.given), players.logits(discriminator, x.fake, x.given))
            for x in batches
        ]
    real, fake = (torch.cat(part).double().cpu() for part in zip(*parts, strict=True))
    return Verdict(real, fake)
