"""The likelihood of pixels given a decoder's output, which fixes the unit of the reconstruction loss."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from genlab.config.types import PositiveFloat
from genlab.losses.likelihood import bernoulli_nll, gaussian_nll, squared_error
from genlab.models.base.distributed import sum_over_ranks
from genlab.models.base.phases import Terms

Likelihood = Literal["bernoulli", "gaussian"]
Sigma = PositiveFloat | Literal["learned"]
NEWEST = 0.1  # weight of the newest update in the mean squared error that a learned sigma follows
FLOOR = -6.0  # of log sigma, as in the paper's code: 0.6 of the 255 grey levels


class Pixels(nn.Module):
    """p(x | decoder output).

    ``bernoulli`` takes logits. ``gaussian`` takes means and one ``sigma`` for all pixels: a number, or ``learned``, which is
    the optimum in closed form, sigma^2 = the mean squared error (optimal sigma-VAE: Rybkin et al., 2021,
    arXiv:2006.13202). It is that of the training images, also in evaluation: an average over the newest updates and all
    ranks, constant within an update. Only the first update has sigma = 1.
    """

    log_sigma: Tensor

    def __init__(self, likelihood: Likelihood, sigma: Sigma) -> None:
        super().__init__()
        self.likelihood = likelihood
        self.learned = likelihood == "gaussian" and sigma == "learned"
        self.register_buffer("log_sigma", torch.tensor(0.0 if sigma == "learned" else math.log(sigma)))
        self.seen: Tensor | None = None  # [2]: squared error and number of the pixels of this update

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x | output) in nats per image. [B, C, H, W] twice -> [B]; for K outputs each, [B K, C, H, W] -> [B K]."""
        if len(output) > len(x):
            x = x.repeat_interleave(len(output) // len(x), 0)
        if self.likelihood == "bernoulli":
            return bernoulli_nll(output, x)
        if self.learned and self.training:
            self.collect(output.detach(), x)
        return gaussian_nll(output, x, self.log_sigma)

    def collect(self, output: Tensor, x: Tensor) -> None:
        """Add the squared error of a training batch."""
        error = squared_error(output, x).sum()
        seen = torch.stack([error, torch.full_like(error, x.numel())])
        self.seen = seen if self.seen is None else self.seen + seen

    @torch.no_grad()
    def solve(self, update: int) -> None:
        """Set a learned sigma after optimiser step number ``update``, from 0. Collective: every rank must call it."""
        if self.seen is None:
            return
        error, count = sum_over_ranks(self.seen)
        square = torch.lerp((2 * self.log_sigma).exp(), error / count, max(NEWEST, 1 / (1 + update)))
        self.log_sigma.copy_(square.log() / 2).clamp_(min=FLOOR)
        self.seen = None

    def terms(self, x: Tensor) -> Terms:
        """``sigma`` for each image, [B], if it is learned; else nothing."""
        return {"sigma": self.log_sigma.exp().expand(len(x))} if self.learned else {}

    def mean(self, output: Tensor) -> Tensor:
        """The mean image, in [0, 1]. [B, C, H, W] -> [B, C, H, W]."""
        return output.sigmoid() if self.likelihood == "bernoulli" else output.clamp(0, 1)

    @property
    def note(self) -> str:
        """What ``recon`` measures, in one line for the run's summary."""
        if self.likelihood == "bernoulli":
            return "bernoulli on grey pixels: recon is a cross-entropy in nats, not a likelihood"
        sigma = "learned" if self.learned else f"{float(self.log_sigma.exp()):.3g}"
        return f"gaussian pixels: recon is a density in nats, sigma {sigma}"
