"""The likelihood of pixels given a decoder's output, which fixes the unit of the reconstruction loss."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from genlab.config.types import PositiveFloat
from genlab.losses.likelihood import bernoulli_nll, gaussian_nll

Likelihood = Literal["bernoulli", "gaussian"]
Sigma = PositiveFloat | Literal["learned"]


class Pixels(nn.Module):
    """p(x | decoder output).

    ``bernoulli`` takes logits. ``gaussian`` takes means and one ``sigma`` for all pixels, fixed or learned with the
    networks (sigma-VAE: Rybkin et al., 2021, arXiv:2006.13202).
    """

    log_sigma: Tensor

    def __init__(self, likelihood: Likelihood, sigma: Sigma) -> None:
        super().__init__()
        self.likelihood = likelihood
        start = torch.tensor(0.0 if sigma == "learned" else math.log(sigma))
        if sigma == "learned" and likelihood == "gaussian":
            self.log_sigma = nn.Parameter(start)
        else:
            self.register_buffer("log_sigma", start)

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x | output) in nats per image. [B, C, H, W] twice -> [B]; for K outputs each, [B K, C, H, W] -> [B K]."""
        if len(output) > len(x):
            x = x.repeat_interleave(len(output) // len(x), 0)
        if self.likelihood == "bernoulli":
            return bernoulli_nll(output, x)
        return gaussian_nll(output, x, self.log_sigma)

    def mean(self, output: Tensor) -> Tensor:
        """The mean image, in [0, 1]. [B, C, H, W] -> [B, C, H, W]."""
        return output.sigmoid() if self.likelihood == "bernoulli" else output.clamp(0, 1)

    @property
    def note(self) -> str:
        """What ``recon`` measures, in one line for the run's summary."""
        if self.likelihood == "bernoulli":
            return "bernoulli on grey pixels: recon is a cross-entropy in nats, not a likelihood"
        return f"gaussian pixels: recon is a density in nats, sigma {float(self.log_sigma.exp()):.3g}"
