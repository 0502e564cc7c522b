"""The evidence lower bound: Kingma and Welling, 2013, "Auto-Encoding Variational Bayes" (arXiv:1312.6114)."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.models.base.distributions import Posterior
from genlab.models.base.parts import Objective, Prior, WeightAt, bound_terms
from genlab.models.base.phases import Terms


class ELBO(Objective):
    """loss = E_q(z|x)[-log p(x|z)] + beta KL(q(z|x) || p(z)): eq. 7, negated; with beta: Higgins et al., 2017.

    Args:
        samples: z drawn for each image (L in eq. 7).
    """

    def __init__(self, samples: PositiveInt) -> None:
        self.samples = samples

    def __call__(self, nll: Tensor, q: Posterior, p: Prior, z: Tensor, beta: float, at: WeightAt) -> Terms:
        """recon, kl, elbo = -(recon + kl), loss = recon + beta kl."""
        recon, kl = nll.mean(1), p.kl(q, z)
        return bound_terms(recon + beta * kl, recon, kl)
