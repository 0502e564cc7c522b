"""What the codes of a whole split say: active units, and the KL taken apart by the mixture of all posteriors.

q(z) = 1/N sum_n q(z|x_n) over the images of a split, never over a batch, whose mixture is another distribution (Chen et al.,
2018, arXiv:1802.04942, table of estimators; Hoffman and Johnson, 2016). Everything is in float64 and in nats.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from genlab.losses.divergence import gaussian_kl_each, gaussian_log_density

ACTIVE = 0.01  # variance of a unit's posterior means, above which it is active: Burda et al., 2015 (arXiv:1509.00519)
AT_ONCE = 1 << 18  # numbers of a block: as many as stay in a core's cache


class Posteriors(NamedTuple):
    """q(z|x_n) of every image of a split: mean, logvar [N, D], float64."""

    mean: Tensor
    logvar: Tensor

    def log_prob(self, z: Tensor, n: Tensor) -> Tensor:
        """log q(z_m|x_n(m)) of M codes, each under the posterior of its own image. [M, D], int64 [M] -> [M]."""
        return gaussian_log_density(z, self.mean[n], self.logvar[n])

    def draw(self, n: Tensor, noise: Tensor) -> Tensor:
        """A code from the posterior of each of the images ``n``. int64 [M], standard normal [M, D] -> [M, D]."""
        return self.mean[n] + (0.5 * self.logvar[n]).exp() * noise

    def variances_of_means(self) -> Tensor:
        """The unbiased variance of E q(z_j|x) over the images; 0 of a single one. -> [D]."""
        return self.mean.var(0) if len(self.mean) > 1 else torch.zeros_like(self.mean[0])

    def active(self) -> Tensor:
        """Which units are active. -> bool [D]."""
        return self.variances_of_means() > ACTIVE

    def kl_by_dimension(self) -> Tensor:
        """KL(q(z_j|x) || N(0, 1)) of each dimension, meant over the images. -> [D]."""
        return gaussian_kl_each(self.mean, self.logvar).mean(0)

    def log_mixture(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """log q(z) and sum_j log q(z_j), q the mixture over all N images. [M, D] -> [M] twice."""
        rows = max(1, AT_ONCE // len(self.mean))
        parts = [self.log_mixture_of_few(part) for part in z.split(rows)]
        joint, marginals = (torch.cat(part) for part in zip(*parts, strict=True))
        return joint, marginals

    def log_mixture_of_few(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """``log_mixture`` of as many codes as fit: dimension by dimension, all pairs of code and image in one matrix."""
        joint, marginals = z.new_zeros(len(z), len(self.mean)), z.new_zeros(len(z))
        spread = (-0.5 * self.logvar).exp().T.contiguous()  # [D, N]
        constant = (-0.5 * (math.log(2 * math.pi) + self.logvar)).T.contiguous()
        for j, mean in enumerate(self.mean.T.contiguous()):
            each = z[:, j, None].sub(mean).mul_(spread[j]).square_().mul_(-0.5).add_(constant[j])  # [M, N]
            joint += each
            marginals += each.logsumexp(1)
        log_n = math.log(len(self.mean))
        return joint.logsumexp(1) - log_n, marginals - z.shape[1] * log_n


class Decomposition(NamedTuple):
    """E KL(q(z|x) || p(z)) taken apart, as one value for each code, [M]: their means are the terms, their sum is the KL's.

    mutual_information: log q(z|x) - log q(z); its mean is at most log N. total_correlation: log q(z) - sum_j log q(z_j).
    dimension_wise_kl: sum_j log q(z_j) - log p(z); where p(z) does not factorise it is no KL and may be negative.
    """

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor


def decomposition(posteriors: Posteriors, z: Tensor, n: Tensor, log_prior: Tensor) -> Decomposition:
    """The terms of M codes: z [M, D], drawn from the posteriors of the images n [M]; log p(z) [M]. Chen et al., eq. 2."""
    joint, marginals = posteriors.log_mixture(z)
    return Decomposition(posteriors.log_prob(z, n) - joint, joint - marginals, marginals - log_prior)
