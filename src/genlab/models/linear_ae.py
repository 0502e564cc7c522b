"""Linear autoencoder: Baldi and Hornik, 1989, "Neural networks and principal component analysis" (Neural Networks 2)."""

from __future__ import annotations

import math

from torch import Tensor, nn

from genlab.config.types import PositiveFloat, PositiveInt
from genlab.contracts import Affine, DataSpec, Images
from genlab.models.base.bottleneck import BottleneckModel
from genlab.models.base.code_mixture import CodeMixture
from genlab.models.base.noise import Noise
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Pixels
from genlab.models.base.schedules import Schedule


class LinearAutoencoder(BottleneckModel):
    """x ~ b + W (V x + a): one hidden layer of D units without an activation, trained by gradient on the squared error.

    Its only minima span the plane of the first D principal components; every other critical point is a saddle. Within that
    plane W is any basis: its columns are neither orthogonal nor ordered (the decoder's Gram matrix, W^T W, is not diagonal).

    Args:
        latent_dim: D, the number of hidden units.
        sigma: standard deviation of the pixels; it scales the loss.
        mixture: fitted to the codes after training, for ``sample``; None, or one without components: there are no samples.
        optimizer: over all parameters.
        schedule: factor on the learning rate.
        spec: the data set.
        seed: of samples.
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        sigma: PositiveFloat,
        mixture: CodeMixture | None,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim = latent_dim
        pixels = math.prod(spec.shape)
        self.encoder, self.decoder = nn.Linear(pixels, latent_dim), nn.Linear(latent_dim, pixels)
        self.pixels = Pixels("gaussian", sigma, "linear", binarized=spec.binarized)
        self.mixture = mixture and mixture.bound_to(latent_dim)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log N(x | output, sigma^2 I), which is also the loss; squared_error, summed over the pixels."""
        x = batch.image
        output = self.output(self.codes(x))
        recon = self.pixels.nll(output, x)
        return {"loss": recon, "recon": recon, "squared_error": self.pixels.squared_error(output, x)}

    def affine(self) -> Affine:
        """Encoder and decoder as matrices."""
        return Affine(self.encoder.weight, self.encoder.bias, self.decoder.weight, self.decoder.bias)

    def codes(self, x: Tensor) -> Tensor:
        """V x + a, [B, D]."""
        return self.encoder(x.flatten(1))

    def output(self, z: Tensor) -> Tensor:
        """b + W z."""
        return self.decoder(z).unflatten(1, self.spec.shape)
