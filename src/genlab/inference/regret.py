"""Likelihood regret: how much better the ELBO could be if the encoder knew the one image.

Xiao et al., 2020, "Likelihood Regret: An Out-of-Distribution Detection Score for Variational Auto-encoder" (arXiv:2003.02977).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.config.types import PositiveFloat, PositiveInt
from genlab.contracts import Variational
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.noise import Noise
from genlab.models.base.parts import Prior

MEASURED = 16  # codes drawn for the bound before and after, the same noise both times


@dataclass(frozen=True)
class LikelihoodRegret:
    """How much the ELBO of an image rises when q(z|x) is fitted to it alone, in nats: little for images like those of training.

    The paper trains a copy of the encoder on each image; here the mean and log-variance of its q(z|x) are the parameters, so
    that a batch of images is fitted at once, each by itself. The decoder stays.

    Args:
        images: of either kind at most; it takes ``steps`` passes forward and back through the decoder.
        steps: of Adam, as the paper.
        lr: its learning rate.
    """

    images: PositiveInt
    steps: PositiveInt
    lr: PositiveFloat

    def __call__(self, model: Variational, x: Tensor, noise: Noise) -> Tensor | None:
        """[B, C, H, W] -> [B]; None where q(z|x) is not one Gaussian. ``model``: in evaluation mode."""
        with torch.inference_mode(False), torch.enable_grad():
            x = x.clone()  # made in inference mode it could not be differentiated through
            mean, logvar = model.encode(x)
            if logvar is None:
                return None
            first = DiagonalGaussian(mean.float().clone(), logvar.float().clone())
            fitted = DiagonalGaussian(*(part.clone().requires_grad_() for part in first))
            adam = torch.optim.Adam(fitted, self.lr)
            with torch.no_grad():
                prior = model.prior.fixed()
            for step in range(self.steps):
                z = fitted.sample(noise.normal(f"regret {step}", len(x), 1, first.mean.shape[1]))
                gradients = torch.autograd.grad(negative_elbo(model, prior, x, fitted, z).sum(), fitted)
                fitted.mean.grad, fitted.logvar.grad = gradients
                adam.step()
            with torch.no_grad():
                return measured(model, prior, x, first, noise) - measured(model, prior, x, fitted, noise)


def measured(model: Variational, prior: Prior, x: Tensor, q: DiagonalGaussian, noise: Noise) -> Tensor:
    """-ELBO under ``q``, [B], the mean over ``MEASURED`` draws of the same noise."""
    draws = noise.normal("regret measured", len(x), MEASURED, q.mean.shape[1])
    return torch.stack([negative_elbo(model, prior, x, q, q.sample(one)) for one in draws.split(1, 1)]).mean(0)


def negative_elbo(model: Variational, prior: Prior, x: Tensor, q: DiagonalGaussian, z: Tensor) -> Tensor:
    """recon + kl of codes [B, K, D], [B]."""
    return model.nll(x, z).mean(1) + prior.kl(q, z)
