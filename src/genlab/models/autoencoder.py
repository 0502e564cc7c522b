"""Autoencoder: Hinton and Salakhutdinov, 2006, "Reducing the Dimensionality of Data with Neural Networks"."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.contracts import Code, DataSpec, Images
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, Pixels, Sigma
from genlab.models.base.schedules import Schedule
from genlab.nets.by_size import AutoencoderNet


class Autoencoder(Model):
    """loss(x) = -log p(x | decoder(encoder(x))), in nats per image; only the bottleneck constrains the code.

    Args:
        latent_dim: D, the size of the code.
        likelihood: ``gaussian`` is half the squared error (with sigma 1, up to a constant), ``bernoulli`` cross-entropy.
        sigma: standard deviation of gaussian pixels in [0, 1]: a number, or ``learned`` in closed form.
        net: the network family, ``mlp``, ``conv`` or ``auto``.
        optimizer: over all parameters.
        schedule: factor on the learning rate.
        spec: the data set, from which the networks take their shape.
        seed: of all noise.
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        likelihood: Likelihood,
        sigma: Sigma,
        net: AutoencoderNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim = latent_dim
        self.encoder = net.encoder(spec.shape, latent_dim)
        self.decoder = net.decoder(latent_dim, spec.shape)
        self.pixels = Pixels(likelihood, sigma)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log p(x | code), which is also the loss; and a learned sigma."""
        recon = self.pixels.nll(self.decoder(self.encoder(batch.image)), batch.image)
        return {"loss": recon, "recon": recon} | self.pixels.terms(batch.image)

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code:
        """The code, [B, D], without a variance."""
        with self.evaluating():
            return Code(self.encoder(x))

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """The mean image of a code."""
        with self.evaluating():
            return self.pixels.mean(self.decoder(z))

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Encode, then decode: [B, C, H, W] in [0, 1] -> the same."""
        return self.decode(self.encode(x).mean)

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """-log p(x | code): badly reconstructed images score high."""
        with self.evaluating():
            return self.pixels.nll(self.decoder(self.encoder(x)), x)
