"""Importance-weighted autoencoder: Burda et al., 2015, "Importance Weighted Autoencoders" (arXiv:1509.00519)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.losses.importance import importance_bound
from genlab.models.base.distributions import Posterior
from genlab.models.base.parts import Objective, Prior, WeightAt, bound_terms
from genlab.models.base.phases import Terms

Gradient = Literal["plain", "dreg"]


class IWAE(Objective):
    """loss = -log 1/K sum_k w_k with log w_k = beta (log p(z_k) - log q(z_k|x)) + log p(x|z_k): eq. 8, negated.

    There is no closed form of the KL in it: with one, the bound would not be one for K > 1.

    Args:
        samples: K.
        gradient: of the encoder. ``plain``: that of the loss. ``dreg``, doubly reparameterised: the same on average,
            with less variance (Tucker et al., 2019, arXiv:1810.04152, eq. 8).
    """

    def __init__(self, samples: PositiveInt, gradient: Gradient) -> None:
        self.samples, self.gradient = samples, gradient

    def __call__(self, nll: Tensor, q: Posterior, p: Prior, z: Tensor, beta: float, at: WeightAt) -> Terms:
        """loss; and, as means over the K draws, recon, kl and elbo = -(recon + kl)."""
        log_q = (q.stopped() if self.gradient == "dreg" else q).log_prob(z)
        difference = log_q - p.log_prob(z)
        log_w = -nll - beta * difference
        if self.gradient == "dreg" and z.requires_grad:
            z.register_hook(lambda slope: slope * dreg_share(log_w, beta)[..., None])
        return bound_terms(-importance_bound(log_w), nll.mean(1), difference.mean(1))


def dreg_share(log_w: Tensor, beta: float) -> Tensor:
    """By how much the slope at each draw is multiplied, once log q has constant parameters. [B, K] -> [B, K].

    The slope has the normalised weight in it already, and with beta = 1 its square is wanted. For another beta, the same
    identity (E[g dlog q] = E[dg/dz dz], with g the normalised weight) replaces beta times the score's part of the gradient.
    """
    return 1 - beta + beta * log_w.detach().softmax(1)
