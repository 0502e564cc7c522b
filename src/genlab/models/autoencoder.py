"""Autoencoder: Hinton and Salakhutdinov, 2006, "Reducing the Dimensionality of Data with Neural Networks"."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.contracts import DataSpec, Images
from genlab.models.base.bottleneck import BottleneckModel
from genlab.models.base.code_mixture import CodeMixture
from genlab.models.base.noise import Noise
from genlab.models.base.penalty import Penalty
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule
from genlab.nets.by_size import AutoencoderNet


class Autoencoder(BottleneckModel):
    """loss(x) = -log p(x | decoder(encoder(x))), in nats per image, plus the penalty on the code, if there is one.

    Args:
        latent_dim: D, the size of the code.
        likelihood: ``gaussian`` is half the squared error (with sigma 1, up to a constant), ``bernoulli`` cross-entropy.
        sigma: scale of gaussian or laplace pixels in [0, 1]: a number, or ``learned`` in closed form.
        output_activation: from the decoder to the means of gaussian or laplace pixels: ``linear``, or ``sigmoid`` into (0, 1).
        logistic_mixtures: components of a discretised logistic.
        penalty: on the code, for sparse or contractive autoencoders; without one, only the bottleneck constrains it.
        net: the network family, ``mlp``, ``conv`` or ``auto``.
        mixture: fitted to the codes after training, for ``sample``; None, or one without components: there are no samples.
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
        output_activation: OutputActivation,
        logistic_mixtures: PositiveInt,
        penalty: Penalty,
        net: AutoencoderNet,
        mixture: CodeMixture | None,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim = latent_dim
        self.encoder = net.encoder(spec.shape, latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(latent_dim, self.pixels.output_shape(spec.shape))
        self.mixture = mixture and mixture.bound_to(latent_dim)
        self.penalty = penalty.bound_to(self.encoder, latent_dim)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log p(x | code), loss = recon + weight * penalty; squared_error, summed over pixels; and a learned sigma."""
        x = batch.image  # [B, C, H, W] in [0, 1]
        code = self.codes(x)
        output, found = self.output(code), self.penalty(self.encoder, x, code, noise)
        recon = self.pixels.nll(output, x)
        loss = sum((self.at(self.penalty.weight) * value for value in found.values()), start=recon)
        terms = {"loss": loss, "recon": recon, "squared_error": self.pixels.squared_error(output, x)}
        return terms | found | self.pixels.terms(x)

    def codes(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, D]."""
        return self.penalty.code(self.encoder(x))

    def output(self, z: Tensor) -> Tensor:
        """What the decoder makes of codes."""
        return self.decoder(z)
