"""VAE with two stochastic layers: Tomczak and Welling, 2018, "VAE with a VampPrior" (arXiv:1705.07120), section 4."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.contracts import CodePart, DataSpec, Images
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.latent_variable import LatentVariableModel
from genlab.models.base.levels import TwoLevelPosterior, TwoLevelPrior
from genlab.models.base.noise import Noise
from genlab.models.base.parts import Objective, Prior
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule, Weight
from genlab.nets.by_size import AutoencoderNet
from genlab.nets.gated_mlp import gated_layers


class HVAE(LatentVariableModel):
    """q(z2|x) q(z1|x, z2) and p(z2) p(z1|z2) p(x|z1, z2), eq. 13 and 14; a code is both levels, (z1, z2).

    Args:
        latent_dim: D1, of z1; ``latent_dim_2``: D2, of z2.
        hidden: width of the gated layers between the levels, and of the features of images that q(z1|x, z2) sees.
        beta: weight of both levels' KL in the loss, a number or a schedule; it never enters ``elbo``.
        likelihood: of the pixels; ``sigma`` and ``output_activation``: of gaussian or laplace ones; ``logistic_mixtures``:
            components of a discretised logistic.
        objective: what is minimised: ``elbo``, ``iwae`` or ``capacity``; ``prior``: p(z2).
        net: the network family; ``spec``: the data set, from which it takes its shape.
        optimizer: over all parameters; ``schedule``: factor on its learning rate; ``seed``: of all noise.
    """

    levels: ClassVar[int] = 2

    prior: TwoLevelPrior

    def __init__(
        self,
        latent_dim: PositiveInt,
        latent_dim_2: PositiveInt,
        hidden: PositiveInt,
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
        self.noise_size, self.beta = latent_dim + latent_dim_2, beta
        self.encoder_2 = net.encoder(spec.shape, 2 * latent_dim_2)
        self.features = net.encoder(spec.shape, hidden)
        self.encoder_1 = nn.Sequential(*gated_layers([hidden + latent_dim_2, hidden, 2 * latent_dim]))
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(self.noise_size, self.pixels.output_shape(spec.shape))
        prior.size_key = "model.latent_dim_2"
        between = nn.Sequential(*gated_layers([latent_dim_2, hidden, hidden, 2 * latent_dim]))
        self.prior = TwoLevelPrior(prior.bound_to(latent_dim_2, spec, self.posterior_2), between)
        self.objective = objective.bound_to(spec)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """loss, recon, kl and elbo, by the objective; the KL of each level; and a learned sigma."""
        x = batch.image  # [B, C, H, W] in [0, 1]
        q, p = self.posterior(x), self.prior.fixed()
        z = q.sample(noise.normal("z", len(x), self.objective.samples, self.noise_size))  # [B, K, D1 + D2]
        terms = self.objective(self.nll(x, z), q, p, z, self.at(self.beta), self.at)
        with torch.no_grad():
            one, two = p.kl_by_level(q, z)
        return terms | {"kl_1": one, "kl_2": two} | self.pixels.terms(x, terms.get("elbo"))

    def posterior_2(self, x: Tensor) -> DiagonalGaussian:
        """q(z2|x): mean and log-variance, [B, D2] each."""
        return DiagonalGaussian(*self.encoder_2(x).chunk(2, dim=1))

    def posterior(self, x: Tensor, *y: Tensor) -> TwoLevelPosterior:
        """q(z2|x) q(z1|x, z2)."""
        return TwoLevelPosterior(self.posterior_2(x), self.features(x), self.encoder_1)

    def code_parts(self) -> tuple[CodePart, ...]:
        """z1, then z2."""
        top = self.prior.top.latent_dim
        return CodePart("z1, the lower level", self.noise_size - top), CodePart("z2, the upper level", top)
