"""Conditional VAE: Sohn et al., 2015, "Learning Structured Output Representation using Deep Conditional Generative Models".

With the label given to both networks, as in the model M2 of Kingma et al., 2014 (arXiv:1406.5298), where all are known.
"""

from __future__ import annotations

import math
from typing import ClassVar

from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.contracts import DataSpec, Images, LabelKind
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.labels import label_size
from genlab.models.base.latent_variable import LatentVariableModel
from genlab.models.base.noise import Noise
from genlab.models.base.parts import Objective, Prior
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule, Weight
from genlab.nets.by_size import AutoencoderNet


class CVAE(LatentVariableModel):
    """log p(x|y) >= E_q(z|x,y)[log p(x|z,y)] - KL(q(z|x,y) || p(z)), in nats per image (eq. 4, with p(z) for all y).

    Both networks see the label y, so that z has no need to tell it: one z gives all labels in one style.

    Args:
        latent_dim: D, the size of the code.
        beta: weight of the KL in the loss, a number or a schedule; it never enters ``elbo``.
        likelihood: of the pixels; ``sigma``: of gaussian or laplace ones, a number or ``learned`` in closed form;
            ``logistic_mixtures``: components of a discretised logistic.
        objective: what is minimised; ``prior``: p(z).
        net: the network family; ``spec``: the data set, from which it takes its shape and the labels.
        optimizer: over all parameters; ``schedule``: factor on its learning rate; ``seed``: of all noise.
    """

    needs: ClassVar[tuple[LabelKind, ...]] = ("classes", "attributes")
    conditional: ClassVar[bool] = True

    def __init__(
        self,
        latent_dim: PositiveInt,
        beta: Weight,
        likelihood: Likelihood,
        sigma: Sigma,
        output_activation: OutputActivation,
        logistic_mixtures: PositiveInt,
        objective: Objective,
        prior: Prior,
        net: AutoencoderNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(objective, prior, spec, optimizer, schedule, seed)
        self.latent_dim = self.noise_size = latent_dim
        self.beta, size = beta, label_size(spec)
        self.label_image = nn.Sequential(
            nn.Linear(size, math.prod(spec.shape), bias=False), nn.Unflatten(1, spec.shape)
        )
        self.encoder = net.encoder(spec.shape, 2 * latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(latent_dim + size, self.pixels.output_shape(spec.shape))
        self.objective, self.prior = objective.bound_to(spec), prior.bound_to(latent_dim, spec, self.posterior_of_input)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """loss, recon, kl and elbo, computed by the objective from K codes per image; and a learned sigma."""
        x, (y,) = batch.image, self.given(batch.label)
        q = self.posterior(x, y)
        z = q.sample(noise.normal("z", len(x), self.objective.samples, self.latent_dim))  # [B, K, D]
        found = self.objective(self.nll(x, z, y), q, self.prior, z, self.at(self.beta), self.at)
        return found | self.pixels.terms(x, found.get("elbo"))

    def posterior(self, x: Tensor, *y: Tensor) -> DiagonalGaussian:
        """q(z|x,y): an image of the label is added to x, which for the first layer is the label beside the pixels."""
        return self.posterior_of_input(x + self.label_image(*y))

    def posterior_of_input(self, x: Tensor) -> DiagonalGaussian:
        """The same for x and y in one; a prior of pseudo-inputs learns them so. [B, C, H, W] -> [B, D]."""
        return DiagonalGaussian(*self.encoder(x).chunk(2, dim=1))
