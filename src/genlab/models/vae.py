"""Variational autoencoder: Kingma and Welling, 2013, "Auto-Encoding Variational Bayes" (arXiv:1312.6114)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genlab.config.types import NonNegativeFloat, PositiveInt
from genlab.contracts import Code, DataSpec, Images
from genlab.losses.divergence import gaussian_kl, gaussian_log_density
from genlab.models.base.model import OptimizerFactory, Terms
from genlab.models.base.noise import Noise, keyed_generator
from genlab.models.base.objective import ObjectiveModel
from genlab.models.base.pixels import Likelihood, Pixels, Sigma
from genlab.models.base.schedules import Schedule
from genlab.nets.by_size import AutoencoderNet


class VAE(ObjectiveModel):
    """loss(x) = E_q(z|x)[-log p(x|z)] + beta KL(q(z|x) || N(0, I)), in nats an image (eq. 3 with beta = 1).

    Args:
        latent_dim: D, the size of the code.
        beta: weight of the KL in the loss; it never enters ``elbo``. Above 1: Higgins et al., 2017.
        likelihood: of the pixels; ``bernoulli`` or ``gaussian``.
        sigma: of gaussian pixels in [0, 1]: a number, or ``learned``.
        net: the network family, ``mlp``, ``conv`` or ``auto``.
        optimizer: over all parameters.
        schedule: factor on the learning rate.
        spec: the data set, from which the networks take their shape.
        seed: of all noise.
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        beta: NonNegativeFloat,
        likelihood: Likelihood,
        sigma: Sigma,
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

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log p(x|z), kl, elbo = -(recon + kl), loss = recon + beta kl."""
        x = batch.image  # [B, C, H, W] in [0, 1]
        mean, logvar = self.encoder(x).chunk(2, dim=1)  # [B, D] each
        z = mean + (0.5 * logvar).exp() * noise.normal("z", *mean.shape)  # [B, D]
        recon = self.pixels.nll(self.decoder(z), x)
        kl = gaussian_kl(mean, logvar)
        return {"loss": recon + self.beta * kl, "recon": recon, "kl": kl, "elbo": -(recon.detach() + kl.detach())}

    def encode(self, x: Tensor) -> Code:
        """q(z|x): mean and log-variance, [B, D] each."""
        with self.evaluating():
            return Code(*self.encoder(x).chunk(2, dim=1))

    def decode(self, z: Tensor) -> Tensor:
        """The mean image of p(x|z)."""
        with self.evaluating():
            return self.pixels.mean(self.decoder(z))

    def reconstruct(self, x: Tensor) -> Tensor:
        """Decode the mean of q(z|x)."""
        return self.decode(self.encode(x).mean)

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """Decode draws from the prior; ``label`` is not used."""
        return self.decode(self.prior(seed, n, self.latent_dim))

    def bound(self, x: Tensor, k: int = 1) -> Tensor:
        """log 1/k sum_s p(x|z_s) p(z_s) / q(z_s|x): Burda et al., 2015 (arXiv:1509.00519), eq. 8. -> [B]."""
        stream = keyed_generator(self.device, "bound", self.seed)
        weights = []
        with self.evaluating():
            mean, logvar = self.encoder(x).chunk(2, dim=1)
            for _ in range(k):
                noise = torch.randn(mean.shape, generator=stream, device=x.device, dtype=self.weight_dtype)
                z = mean + (0.5 * logvar).exp() * noise
                prior = gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))
                weights.append(
                    prior - gaussian_log_density(z, mean, logvar) - self.pixels.nll(self.decoder(z), x)  # [B]
                )
        return torch.stack(weights).logsumexp(0) - math.log(k)

    def score(self, x: Tensor) -> Tensor:
        """-ELBO: images that the model explains badly score high."""
        return -self.bound(x)

    def notes(self) -> list[str]:
        """What the reconstruction is measured in."""
        return [self.pixels.note]
