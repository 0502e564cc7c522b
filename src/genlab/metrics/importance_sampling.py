"""log p(x) by importance sampling, from weights that come block by block: Burda et al., 2015 (arXiv:1509.00519)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def widest(device: torch.device) -> torch.device:
    """A device with float64: this one, except MPS, for which it is the CPU."""
    return device if device.type != "mps" else torch.device("cpu")


class RunningWeights:
    """The sums over s of w_s and of w_s^2 for each image, as logarithms in float64; their order does not matter.

    Args:
        images: B.
        device: of the weights.
    """

    def __init__(self, images: int, device: torch.device) -> None:
        self.sum, self.squares = (
            torch.full((images,), -math.inf, dtype=torch.float64, device=widest(device)) for _ in range(2)
        )
        self.samples = 0

    def add(self, log_w: Tensor) -> None:
        """Add the weights of a block of samples. log w in nats, [B, n]."""
        log_w = log_w.to(self.sum)
        self.sum = torch.logaddexp(self.sum, log_w.logsumexp(1))
        self.squares = torch.logaddexp(self.squares, (2 * log_w).logsumexp(1))
        self.samples += log_w.shape[1]

    def nll(self) -> Tensor:
        """-log 1/K sum_s w_s: in expectation never below -log p(x), and nearer as K grows (eq. 8 and theorem 1). -> [B]."""
        return math.log(self.samples) - self.sum

    def effective(self) -> Tensor:
        """The effective sample size (sum w)^2 / sum w^2: 1, one weight has everything, to K, all are equal. -> [B]."""
        return (2 * self.sum - self.squares).exp()


def mean_and_error(values: Tensor) -> tuple[float, float]:
    """The mean of [N] values, and its standard error: that of another draw of N of them; 0 of a single one."""
    values = values.double()
    error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(values.mean()), error
