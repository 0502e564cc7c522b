"""beta-TC-VAE: Chen et al., 2018, "Isolating Sources of Disentanglement in VAEs" (arXiv:1802.04942)."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor

from genlab.contracts import DataSpec
from genlab.losses.divergence import log_density_each
from genlab.models.base.distributed import gather_with_gradients
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.parts import Objective, Prior, WeightAt, bound_terms
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import Weight


class TotalCorrelation(Objective):
    """loss = recon + alpha I(x; z) + beta TC(z) + gamma sum_d KL(q(z_d) || p(z_d)): eq. 4; with 1, 1, 1 the ELBO.

    The third is a KL only where p(z) is a product over the dimensions, as N(0, I) is. The three parts add up to the KL,
    whatever the estimate of q(z). They are estimates by one batch, biased, and the mutual information cannot come out above
    the log of its size; those of the whole set are measured apart from training.

    Args:
        alpha: weight of the mutual information between image and code (index-code mutual information).
        gamma: weight of the dimension-wise KL. That of the total correlation is ``model.beta``.
    """

    for_gaussians: ClassVar[bool] = True
    for_standard_normal: ClassVar[bool] = True
    of_batch: ClassVar[bool] = True

    def __init__(self, alpha: Weight, gamma: Weight) -> None:
        self.alpha, self.gamma = alpha, gamma

    def bound_to(self, spec: DataSpec) -> Self:
        """The number of training images decides an image's share in q(z)."""
        self.images = spec.sizes["train"]
        return self

    def kl_weights(self, beta: Weight) -> dict[str, Weight]:
        """Without beta: codes of independent dimensions have no total correlation, however much they say."""
        return {"model.objective.alpha": self.alpha, "model.objective.gamma": self.gamma}

    def __call__(self, nll: Tensor, q: DiagonalGaussian, p: Prior, z: Tensor, beta: float, at: WeightAt) -> Terms:
        """loss, recon, kl, elbo; and the parts of the kl as this batch estimates them."""
        recon = nll.mean(1)
        if not torch.is_grad_enabled():
            kl = p.kl(q, z)
            return bound_terms(recon + kl, recon, kl)
        z = z[:, 0]
        log_qz, log_qz_d = aggregate(z, *gather_with_gradients(q), self.images)
        mi, tc, dwkl = q.log_prob(z) - log_qz, log_qz - log_qz_d, log_qz_d - p.log_prob(z)
        loss = recon + at(self.alpha) * mi + beta * tc + at(self.gamma) * dwkl
        return bound_terms(loss, recon, mi + tc + dwkl) | {"mi_batch": mi, "tc_batch": tc, "dwkl_batch": dwkl}


def aggregate(z: Tensor, mean: Tensor, logvar: Tensor, own: int, images: int) -> tuple[Tensor, Tensor]:
    """log q(z) and log prod_d q(z_d), with the aggregate posterior estimated by a batch of M of ``images`` images.

    Chen et al., appendix C.2 (minibatch stratified sampling), symmetric: z's own image stands for itself, 1/N, and the others
    of the batch in equal parts for the other images, so that the shares add up to 1. The share is added once to the log
    density of a whole code, and once to that of each of its dimensions.

    Args:
        z: [B, D], drawn from the posteriors in rows ``own``, ``own`` + 1, …
        mean, logvar: of the batch's posteriors, [M, D].

    Returns:
        [B], [B].
    """
    count = len(mean)
    itself = 1 / images if count > 1 else 1.0
    shares = torch.full((len(z), count), (1 - itself) / max(count - 1, 1), dtype=z.dtype, device=z.device)
    log_share = shares.diagonal_scatter(shares.new_full((len(z),), itself), own).log()  # [B, M]
    each = log_density_each(z[:, None], mean, logvar)  # [B, M, D]
    return (each.sum(2) + log_share).logsumexp(1), (each + log_share[..., None]).logsumexp(1).sum(1)
