"""Logistic principal component analysis: Collins, Dasgupta and Schapire, 2001 (NeurIPS); Schein, Saul and Ungar, 2003."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.config.types import PositiveFloat, PositiveInt
from genlab.contracts import DataSpec, Images
from genlab.losses.precision import at_least_float32, without_autocast
from genlab.models.base.bottleneck import BottleneckModel
from genlab.models.base.code_mixture import CodeMixture
from genlab.models.base.noise import Noise
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Pixels
from genlab.models.base.schedules import Schedule


class LogisticPCA(BottleneckModel):
    """x ~ Bernoulli(sigmoid(b + W z)): PCA for pixels in [0, 1], linear in the logits.

    There is no encoder. The code of an image, seen in training or not, is found by optimisation: it minimises
    -log p(x|z) + ridge/2 |z|^2, which is convex, from z = 0 in a fixed number of steps, so that it is deterministic.
    Each step minimises the quadratic upper bound of Jaakkola and Jordan (used so by Tipping, 1998, NeurIPS, and by Schein
    et al.), so that none makes it worse. W and b follow the gradient at those codes, which is that of the minimum over z.

    Args:
        latent_dim: D, the number of components.
        ridge: weight of |z|^2 / 2, which keeps the codes of images that could be fitted perfectly finite.
        iterations: steps towards a code.
        mixture: fitted to the codes after training, for ``sample``; None, or one without components: there are no samples.
        optimizer: over W and b.
        schedule: factor on the learning rate.
        spec: the data set.
        seed: of samples.
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        ridge: PositiveFloat,
        iterations: PositiveInt,
        mixture: CodeMixture | None,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim, self.ridge, self.iterations = latent_dim, ridge, iterations
        self.decoder = nn.Linear(latent_dim, math.prod(spec.shape))
        nn.init.normal_(self.decoder.weight, std=0.1)
        nn.init.zeros_(self.decoder.bias)
        self.pixels = Pixels("bernoulli", 1.0, "linear", binarized=spec.binarized)
        self.mixture = mixture and mixture.bound_to(latent_dim)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log p(x|z) at the image's code; the loss adds the ridge; squared_error of the mean image, summed."""
        x = batch.image
        z = self.codes(x)
        logits = self.output(z.to(x.dtype))
        recon, size = self.pixels.nll(logits, x), 0.5 * self.ridge * z.square().sum(1)
        return {"loss": recon + size, "recon": recon, "squared_error": self.pixels.squared_error(logits, x)}

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """The codes, [B, D]: minima over z. [B, C, H, W]."""
        with without_autocast(x.device.type):
            w, b, x = map(at_least_float32, (self.decoder.weight, self.decoder.bias, x.flatten(1)))
            products = (w[:, :, None] * w[:, None, :]).flatten(1)  # [P, D D]
            eye = self.ridge * torch.eye(self.latent_dim, device=x.device, dtype=x.dtype)
            z = x.new_zeros(len(x), self.latent_dim)
            for _ in range(self.iterations):
                logits = F.linear(z, w, b)
                curvature = (bound_curvature(logits) @ products).view(-1, *eye.shape) + eye
                slope = (x - logits.sigmoid()) @ w - self.ridge * z
                root = torch.linalg.cholesky_ex(curvature).L  # which, unlike cholesky, does not wait for the device
                z = z + torch.cholesky_solve(slope[:, :, None], root)[:, :, 0]
            return z

    def output(self, z: Tensor) -> Tensor:
        """The logits, b + W z."""
        return self.decoder(z).unflatten(1, self.spec.shape)


def bound_curvature(logits: Tensor) -> Tensor:
    """tanh(t/2) / 2t, 1/4 at t = 0: the curvature at which a parabola through t lies above log(1 + e^t) everywhere."""
    small = logits.abs() < 1e-3
    return torch.where(small, 0.25, (logits / 2).tanh() / (2 * torch.where(small, 1.0, logits)))
