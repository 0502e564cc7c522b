"""Mutual information gap: Chen et al., 2018, "Isolating Sources of Disentanglement in VAEs" (arXiv:1802.04942).

The literature has two numbers of this name. That of the paper takes codes sampled from q(z|x), whose distribution is an exact
mixture over the images; that of Locatello et al., 2019 (arXiv:1811.12359), puts the means of q(z|x) into a histogram of 20
bins. The two are not comparable, so their names differ: ``mig_chen`` and ``mig_hist20``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from genlab.metrics.disentanglement.histogram import binned, entropies, information

ENTRIES = 4 * 10**6  # of a block of densities in float64: 32 MB


def gap(shared: np.ndarray, entropy: np.ndarray) -> float:
    """(largest - second) / H(v_k), the mean over factors (eq. 6). Information [D, K], H(v) [K]; with one latent, second = 0."""
    ordered = np.sort(shared, 0)[::-1]
    second = ordered[1] if len(ordered) > 1 else np.zeros_like(entropy)
    return float(np.mean((ordered[0] - second) / entropy))


def mig_hist(codes: np.ndarray, factors: np.ndarray, bins: int = 20) -> float:
    """The gap by a histogram of the codes, as Locatello et al., 2019."""
    return gap(information(binned(codes, bins), factors), entropies(factors))


def mig_chen(mean: Tensor, logvar: Tensor, factors: Tensor, rows: Tensor, noise: Tensor) -> float:
    """The gap by samples of q(z|x) and exact mixtures, as Chen et al., 2018; arguments as of ``exact_information``."""
    return gap(exact_information(mean, logvar, factors, rows, noise).cpu().numpy(), entropies(factors.cpu().numpy()))


def exact_information(mean: Tensor, logvar: Tensor, factors: Tensor, rows: Tensor, noise: Tensor) -> Tensor:
    """I(z_j; v_k) = E[log q(z_j | v_k) - log q(z_j)] for z ~ q(z|x): both densities are mixtures over the images. -> [D, K].

    The images must cover the space of codes: where no other posterior reaches a sample, only its own is seen, and every
    latent seems to tell everything.

    Args:
        mean: of q(z|x) for each image, [N, D].
        logvar: its log-variance, [N, D].
        factors: int64 [N, K].
        rows: the images that a code is sampled from, int64 [S].
        noise: standard normal, [S, D].
    """
    mean, logvar = mean.double(), logvar.double()
    z = mean[rows] + (logvar[rows] / 2).exp() * noise.double()  # samples: the variance itself is none
    levels = [one_hot(column).double() for column in factors.T]
    members = torch.cat(levels, 1)  # [N, all levels]: who has each level of each factor
    first = torch.tensor([0, *(level.shape[1] for level in levels[:-1])]).cumsum(0).to(rows.device)
    of_own, size = first + factors[rows], members.sum(0)  # [S, K]: the column of each sample's own levels
    total = mean.new_zeros(mean.shape[1], factors.shape[1])
    for part in torch.arange(len(rows), device=rows.device).split(max(1, ENTRIES // len(mean))):
        for j in range(mean.shape[1]):
            total[j] += log_ratio(z[part, j], mean[:, j], logvar[:, j], members, size, of_own[part]).sum(0)
    return total / len(rows)


def log_ratio(z: Tensor, mean: Tensor, logvar: Tensor, members: Tensor, size: Tensor, of_own: Tensor) -> Tensor:
    """log q(z | v_k) - log q(z) of samples of one latent, for each factor: [S], [N], [N], [N, L], [L], [S, K] -> [S, K]."""
    log_q = -((z[:, None] - mean).square() * (-logvar).exp() + logvar) / 2  # [S, N], up to a constant that cancels
    q = (log_q - log_q.amax(1, keepdim=True)).exp()
    given = (q @ members / size).gather(1, of_own)
    return (given.log() - q.mean(1, keepdim=True).log()).clamp(min=-700)
