"""Variational autoencoder: Kingma and Welling, 2013, "Auto-Encoding Variational Bayes" (arXiv:1312.6114)."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.contracts import Code, DataSpec, Images
from genlab.losses.importance import importance_bound
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.parts import DiagonalGaussian, Objective, Prior
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, Pixels, Sigma
from genlab.models.base.schedules import Schedule, Weight
from genlab.nets.by_size import AutoencoderNet


class VAE(Model):
    """log p(x) >= E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z)), in nats per image (eq. 3).

    Args:
        latent_dim: D, the size of the code.
        beta: weight of the KL in the loss, a number or a schedule; it never enters ``elbo``.
        likelihood: of the pixels: ``bernoulli``, or ``gaussian`` with ``sigma``, a number or ``learned`` in closed form.
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
        objective: Objective,
        prior: Prior,
        net: AutoencoderNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim, self.beta = latent_dim, beta
        self.encoder = net.encoder(spec.shape, 2 * latent_dim)
        self.decoder = net.decoder(latent_dim, spec.shape)
        self.pixels = Pixels(likelihood, sigma)
        self.objective, self.prior = objective.bound_to(spec), prior.bound_to(latent_dim, spec, self.posterior)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """loss, recon, kl and elbo, computed by the objective from K codes per image; and a learned sigma."""
        x = batch.image  # [B, C, H, W] in [0, 1]
        q = self.posterior(x)
        z = q.sample(noise.normal("z", len(x), self.objective.samples, self.latent_dim))  # [B, K, D]
        return self.objective(self.nll(x, z), q, self.prior, z, self.at(self.beta)) | self.pixels.terms(x)

    def posterior(self, x: Tensor) -> DiagonalGaussian:
        """q(z|x): mean and log-variance, [B, D] each."""
        return DiagonalGaussian(*self.encoder(x).chunk(2, dim=1))

    def nll(self, x: Tensor, z: Tensor) -> Tensor:
        """-log p(x|z) of K codes for each image. [B, C, H, W], [B, K, D] -> [B, K]."""
        return self.pixels.nll(self.decoder(z.flatten(0, 1)), x).view(z.shape[:2])

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code:
        """q(z|x)."""
        with self.evaluating():
            return Code(*self.posterior(x))

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """The mean image of p(x|z)."""
        with self.evaluating():
            return self.pixels.mean(self.decoder(z))

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Decode the mean of q(z|x)."""
        return self.decode(self.encode(x).mean)

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """Decode draws from the prior."""
        return self.decode(self.draw(n, seed=seed))

    def draw(self, n: int, *, seed: int | None = None) -> Tensor:
        """Draws from the prior, [n, D]."""
        with self.evaluating():
            return self.prior.sample(n, self.sample_stream(seed), self.weight_dtype)

    def bound(self, x: Tensor, k: int = 1, *, label: Tensor | None = None) -> Tensor:
        """log 1/k sum_s p(x|z_s) p(z_s) / q(z_s|x): Burda et al., 2015 (arXiv:1509.00519), eq. 8. -> [B]."""
        with self.evaluating():
            q = self.posterior(x)
            draws = (q.sample(self.noise("bound", s).normal("z", len(x), 1, self.latent_dim)) for s in range(k))
            log_w = [self.prior.log_prob(z) - q.log_prob(z) - self.nll(x, z) for z in draws]  # [B, 1] each, one by one
        return importance_bound(torch.cat(log_w, 1))

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """-ELBO: images that are unlikely under the model score high."""
        return -self.bound(x)
