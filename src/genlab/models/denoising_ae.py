"""Denoising autoencoder: Vincent et al., 2008, "Extracting and Composing Robust Features with Denoising Autoencoders";
2010, "Stacked Denoising Autoencoders" (JMLR 11)."""

from __future__ import annotations

from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.contracts import DataSpec, Images
from genlab.models.base.bottleneck import BottleneckModel
from genlab.models.base.code_mixture import CodeMixture
from genlab.models.base.corruption import Corruption
from genlab.models.base.noise import ImageNoise, Noise
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule
from genlab.nets.by_size import AutoencoderNet


class DenoisingAutoencoder(BottleneckModel):
    """loss(x) = -log p(x | decoder(encoder(corrupted x))), in nats per image: the clean image is the target.

    Training images are corrupted anew in every batch, those of validation and test always in the same way. The protocols
    take images as they are given: nothing is corrupted in ``encode``, ``reconstruct`` or ``score``.

    Args:
        corruption: what is done to the images.
        latent_dim: D, the size of the code.
        likelihood: of the clean pixels; ``sigma``: of gaussian or laplace ones, a number or ``learned`` in closed form;
            ``logistic_mixtures``: components of a discretised logistic.
        output_activation: from the decoder to the means of gaussian or laplace pixels: ``linear``, or ``sigmoid`` into (0, 1).
        net: the network family; ``spec``: the data set, from which it takes its shape.
        mixture: fitted to the codes of clean images after training, for ``sample``; None: there are no samples.
        optimizer: over all parameters; ``schedule``: factor on its learning rate; ``seed``: of all noise.

    Raises:
        ConfigError: the corruption does not fit the images.
    """

    def __init__(
        self,
        corruption: Corruption,
        latent_dim: PositiveInt,
        likelihood: Likelihood,
        sigma: Sigma,
        output_activation: OutputActivation,
        logistic_mixtures: PositiveInt,
        net: AutoencoderNet,
        mixture: CodeMixture | None,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        corruption.require(spec.shape)
        self.corruption, self.latent_dim = corruption, latent_dim
        self.encoder = net.encoder(spec.shape, latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(latent_dim, self.pixels.output_shape(spec.shape))
        self.mixture = mixture and mixture.bound_to(latent_dim)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log p(clean x | code of the corrupted x), which is also the loss; squared_error, summed; a learned sigma."""
        x = batch.image  # [B, C, H, W] in [0, 1]
        corrupted = self.corruption(x, noise) if self.training else self.corrupt(x, batch.index)
        output = self.output(self.codes(corrupted))
        recon = self.pixels.nll(output, x)
        return {
            "loss": recon,
            "recon": recon,
            "squared_error": self.pixels.squared_error(output, x),
        } | self.pixels.terms(x)

    def corrupt(self, x: Tensor, index: Tensor) -> Tensor:
        """The images as they are corrupted in validation and test, by their indices in the split."""
        return self.corruption(x, ImageNoise(index, x.dtype))

    def codes(self, x: Tensor) -> Tensor:
        """Of the images as they are given. -> [B, D]."""
        return self.encoder(x)

    def output(self, z: Tensor) -> Tensor:
        """What the decoder makes of codes."""
        return self.decoder(z)
