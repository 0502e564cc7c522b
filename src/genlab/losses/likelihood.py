"""Negative log-likelihoods -log p(x | z), in nats per image (summed over pixels)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.losses.precision import at_least_float32


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log Bernoulli(x | sigmoid(logits)). [B, ...], [B, ...] in [0, 1] -> [B].

    For grey x this is the cross-entropy, not a likelihood: it is never below the entropy of the pixels themselves.
    """
    logits, x = at_least_float32(logits), at_least_float32(x)
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def bernoulli_nll_of_each(logits: Tensor, x: Tensor) -> Tensor:
    """-log Bernoulli(x | sigmoid(logits)) of K decoder outputs for each image. [B K, ...], [B, ...] in [0, 1] -> [B K].

    Pixel by pixel: as a difference of two sums, softplus(logit) and x logit, it would lose its last digits, in TF32 its third.
    """
    logits, x = at_least_float32(logits).flatten(1), at_least_float32(x).flatten(1)
    each = logits.view(len(x), -1, x.shape[1])  # [B, K, pixels]
    targets = x.to(each)[:, None].expand_as(each)
    return F.binary_cross_entropy_with_logits(each, targets, reduction="none").sum(2).flatten()


def squared_error(mean: Tensor, x: Tensor) -> Tensor:
    """SSE: summed over an image's pixels. [B, ...], [B, ...] -> [B]."""
    return (at_least_float32(x) - at_least_float32(mean)).square().flatten(1).sum(1)


def gaussian_nll(mean: Tensor, x: Tensor, log_sigma: Tensor) -> Tensor:
    """-log N(x | mean, sigma^2 I) = SSE / (2 sigma^2) + P (log sigma + log(2 pi) / 2), P pixels. [B, ...] -> [B]."""
    pixels, log_sigma = x[0].numel(), at_least_float32(log_sigma)
    return 0.5 * squared_error(mean, x) * (-2 * log_sigma).exp() + pixels * (log_sigma + 0.5 * math.log(2 * math.pi))


def absolute_error(mean: Tensor, x: Tensor) -> Tensor:
    """SAE: summed over an image's pixels. [B, ...], [B, ...] -> [B]."""
    return (at_least_float32(x) - at_least_float32(mean)).abs().flatten(1).sum(1)


def laplace_nll(mean: Tensor, x: Tensor, log_scale: Tensor) -> Tensor:
    """-log Laplace(x | mean, b) = SAE / b + P (log b + log 2), P pixels, b the mean absolute deviation. [B, ...] -> [B]."""
    pixels, log_scale = x[0].numel(), at_least_float32(log_scale)
    return absolute_error(mean, x) * torch.exp(-log_scale) + pixels * (log_scale + math.log(2))


def bits_per_dimension(nats: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Nats per image [C, H, W] -> bits per pixel and channel, D of them: nats / (D ln 2). [B] -> [B]."""
    return nats / (math.prod(shape) * math.log(2))
