"""Free bits: Kingma et al., 2016, "Improved Variational Inference with Inverse Autoregressive Flow" (arXiv:1606.04934)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from genlab.config.types import NonNegativeFloat, PositiveInt
from genlab.losses.divergence import gaussian_kl_each
from genlab.models.base.distributed import batch_mean
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.parts import Objective, Prior, WeightAt, bound_terms
from genlab.models.base.phases import Terms


class FreeBits(Objective):
    """loss = recon + beta sum_d max(lambda, KL_d), with KL_d averaged over the batch: eq. 15, for single dimensions of z.

    A dimension that holds less than lambda on average is not pulled towards the prior. The terms ``kl`` and ``elbo`` are
    those of the model, never raised to lambda. The prior is N(0, I).

    Args:
        nats: lambda, for each dimension of the code.
        samples: z drawn for each image.
    """

    for_gaussians: ClassVar[bool] = True
    for_standard_normal: ClassVar[bool] = True
    of_batch: ClassVar[bool] = True

    def __init__(self, nats: NonNegativeFloat, samples: PositiveInt) -> None:
        self.nats, self.samples = nats, samples

    def __call__(self, nll: Tensor, q: DiagonalGaussian, p: Prior, z: Tensor, beta: float, at: WeightAt) -> Terms:
        """loss, whose mean over a training batch is the one above; recon, kl, elbo."""
        recon, each = nll.mean(1), gaussian_kl_each(*q)  # [B], [B, D]
        kl = counted = each.sum(1)
        if torch.is_grad_enabled():
            counted = torch.where(batch_mean(each) > self.nats, each, self.nats).sum(1)
        return bound_terms(recon + beta * counted, recon, kl)
