"""Variational autoencoder: Kingma and Welling, 2013, "Auto-Encoding Variational Bayes" (arXiv:1312.6114)."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.contracts import DataSpec, Images
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.latent_variable import LatentVariableModel
from genlab.models.base.noise import Noise
from genlab.models.base.parts import Objective, Prior
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule, Weight
from genlab.nets.by_size import AutoencoderNet


class VAE(LatentVariableModel):
    """log p(x) >= E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z)), in nats per image (eq. 3).

    Args:
        latent_dim: D, the size of the code.
        beta: weight of the KL in the loss, a number or a schedule; it never enters ``elbo``.
        likelihood: of the pixels; ``sigma``: of gaussian or laplace ones, a number, or ``learned`` in closed form;
            ``logistic_mixtures``: components of a discretised logistic.
        output_activation: from the decoder to the means of gaussian or laplace pixels: ``linear``, or ``sigmoid`` into (0, 1).
        objective: what is minimised; ``prior``: p(z). Exchanging them makes other models of the VAE family.
        net: the network family; ``spec``: the data set, from which it takes its shape.
        optimizer: over all parameters; ``schedule``: factor on its learning rate; ``seed``: of all noise.
    """

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
        self.beta = beta
        self.encoder = net.encoder(spec.shape, 2 * latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(latent_dim, self.pixels.output_shape(spec.shape))
        self.objective, self.prior = objective.bound_to(spec), prior.bound_to(latent_dim, spec, self.posterior)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """loss, recon, kl and elbo, computed by the objective from K codes per image; a learned sigma, and bits where apt."""
        x = batch.image  # [B, C, H, W] in [0, 1]
        q = self.posterior(x)
        z = q.sample(noise.normal("z", len(x), self.objective.samples, self.latent_dim))  # [B, K, D]
        terms = self.objective(self.nll(x, z), q, self.prior, z, self.at(self.beta), self.at)
        return terms | self.pixels.terms(x, terms.get("elbo"))

    def posterior(self, x: Tensor, *y: Tensor) -> DiagonalGaussian:
        """q(z|x): mean and log-variance, [B, D] each."""
        return DiagonalGaussian(*self.encoder(x).chunk(2, dim=1))
