"""Discretised logistic mixture on the 256 grey levels: Salimans et al., 2017, "PixelCNN++" (arXiv:1701.05517), eq. 2.

A pixel's grey level is a draw from a mixture of logistic distributions, rounded to the levels k / 255; the outermost two have
what lies beyond them, so that the 256 probabilities sum to 1. Bits per dimension of probabilities are comparable.

A decoder puts out, for each pixel and channel, ``[B, 2, C, H, W]``: mean in [0, 1] and log-scale; or of a mixture of M,
``[B, 3 M, C, H, W]``: M logits of the weights, M means, M log-scales.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.losses.precision import at_least_float32

LEVELS = 256  # of a pixel
HALF = 0.5 / (LEVELS - 1)  # half the width of a level
FLOOR = -7 - math.log(2)  # of a log-scale, as in the paper's code (-7 for [-1, 1]): 0.12 grey levels
CEILING = 10.0  # beyond it all levels are alike, and the logarithm of their width underflows


def parameters_of(mixtures: int) -> int:
    """The numbers that a decoder puts out for each pixel and channel."""
    return 2 if mixtures == 1 else 3 * mixtures


def components(output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log-weights, means and log-scales of the M components, [B, M, C, H, W] each."""
    output = at_least_float32(output)
    if output.shape[1] == 2:
        mean, log_scale = output.chunk(2, 1)
        return torch.zeros_like(mean), mean, log_scale.clamp(FLOOR, CEILING)
    logits, mean, log_scale = output.chunk(3, 1)
    return logits.log_softmax(1), mean, log_scale.clamp(FLOOR, CEILING)


def discretized_logistic_nll(output: Tensor, x: Tensor) -> Tensor:
    """-log P(x), x rounded to the 256 levels. [B, 2 or 3 M, C, H, W], [B, C, H, W] in [0, 1] -> [B]."""
    log_weight, mean, log_scale = components(output)
    level = (at_least_float32(x) * (LEVELS - 1)).round()[:, None] / (LEVELS - 1)
    return -torch.logsumexp(log_weight + log_mass(level, mean, log_scale), 1).flatten(1).sum(1)


def log_mass(level: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log P of a level k / 255, elementwise, without a difference of nearly equal numbers.

    F(a) - F(b) = F(a) F(-b) (1 - exp(b - a)) of the logistic F; at the ends a or b is infinite, and its factors are 1.
    """
    precision = torch.exp(-log_scale)
    above, below = (level + HALF - mean) * precision, (level - HALF - mean) * precision
    is_last, is_first = level >= 1 - HALF, level <= HALF
    upper, lower = F.logsigmoid(above).masked_fill(is_last, 0), F.logsigmoid(-below).masked_fill(is_first, 0)
    width = (-torch.expm1(-2 * HALF * precision)).log()
    return upper + lower + torch.where(is_last | is_first, torch.zeros_like(width), width)


def discretized_logistic_mean(output: Tensor) -> Tensor:
    """The mean image in [0, 1], before rounding to levels. [B, 2 or 3 M, C, H, W] -> [B, C, H, W].

    A logistic cut off at 0 and 1 has the mean s (softplus(m / s) - softplus((m - 1) / s)). The mean of the levels differs by
    0.01 levels at most where s is a level or more; by half a level at most where it is less.
    """
    log_weight, mean, log_scale = components(output)
    precision = torch.exp(-log_scale)
    cut = (F.softplus(mean * precision) - F.softplus((mean - 1) * precision)) / precision
    return (log_weight.exp() * cut).sum(1).clamp(0, 1)


def discretized_logistic_draw(output: Tensor, uniform: Tensor) -> Tensor:
    """Pixels on the 256 levels. [B, 2 or 3 M, C, H, W], uniform numbers in (0, 1) [2, B, C, H, W] -> [B, C, H, W]."""
    log_weight, mean, log_scale = components(output)
    chosen = (log_weight.exp().cumsum(1) < uniform[0][:, None]).sum(1, keepdim=True).clamp(max=mean.shape[1] - 1)
    mean, log_scale = mean.gather(1, chosen)[:, 0], log_scale.gather(1, chosen)[:, 0]
    x = mean + log_scale.exp() * torch.logit(uniform[1])
    return (x.clamp(0, 1) * (LEVELS - 1)).round() / (LEVELS - 1)
