"""Principal component analysis: Pearson, 1901; Hotelling, 1933. The autoencoder that needs no training."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.config.types import PositiveFloat, PositiveInt
from genlab.contracts import Affine, ConfigError, DataSpec, Images, Problem
from genlab.models.base.bottleneck import BottleneckModel
from genlab.models.base.code_mixture import CodeMixture
from genlab.models.base.distributed import sum_over_ranks
from genlab.models.base.noise import Noise
from genlab.models.base.phases import Phase, Terms
from genlab.models.base.pixels import Pixels
from genlab.models.base.schedules import Constant
from genlab.nets.principal_components import moments, principal_components

MOST = 16_384  # pixels: their second moments take 2 GB


class PCA(BottleneckModel):
    """x ~ mean + W z with z = W^T (x - mean): W [P, D] spans the directions of greatest variance of the training images.

    No other linear code of D numbers has a smaller squared error on them. The training only sums count, mean and second
    moments; one pass over the images is enough (``trainer.max_epochs=1``). An epoch leaves out the images that do not fill
    a batch on every device: none where ``data.batch_size`` times the devices divides their number, and then more passes do
    not change the result.
    The loss is -log N(x | mean + W z, sigma^2 I) in nats per image.

    Args:
        latent_dim: D, the number of components; at most the number of pixels.
        sigma: standard deviation of the pixels; it scales ``loss`` and ``recon`` alone.
        mixture: fitted to the codes after training, for ``sample``; None, or one without components: there are no samples.
        spec: the data set.
        seed: of samples.

    Raises:
        ConfigError: there are more components than pixels, or more pixels than can be solved for.
    """

    def __init__(
        self, latent_dim: PositiveInt, sigma: PositiveFloat, mixture: CodeMixture | None, spec: DataSpec, seed: int
    ) -> None:
        super().__init__(spec, torch.optim.SGD, Constant(), seed)
        require_few(latent_dim, spec)
        self.latent_dim = latent_dim
        self.pixels = Pixels("gaussian", sigma, "linear", binarized=spec.binarized)
        self.linear = PrincipalComponents(math.prod(spec.shape), latent_dim)
        self.mixture = mixture and mixture.bound_to(latent_dim)

    def phases(self) -> list[Phase]:
        """One, without an optimiser."""
        return [Phase("", [self.linear], lambda batch, shared, noise: self.terms(batch, noise))]

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log p(x|z), which is also the loss; squared_error, summed over pixels; explained share of the variance.

        While the first pass is not over they are those of no component and a mean of 0.
        """
        x = batch.image
        if self.training:
            self.linear.collect(x)
        output = self.output(self.codes(x))
        recon, explained = self.pixels.nll(output, x), self.linear.explained.expand(len(x))
        return {
            "loss": recon,
            "recon": recon,
            "squared_error": self.pixels.squared_error(output, x),
            "explained": explained,
        }

    def affine(self) -> Affine:
        """The components as matrices."""
        linear = self.linear
        return Affine(linear.basis.T, -linear.basis.T @ linear.mean, linear.basis, linear.mean)

    def codes(self, x: Tensor) -> Tensor:
        """The coordinates along the components, [B, D]."""
        return self.linear.encode(x)

    def output(self, z: Tensor) -> Tensor:
        """mean + W z."""
        return self.linear.decode(z).unflatten(1, self.spec.shape)


class PrincipalComponents(nn.Module):
    """Mean and components, solved from sums over the training images, which are its state in a checkpoint.

    They are solved anew when evaluation begins and images have come in since: the sums alone decide, so that neither a
    validation nor a checkpoint in the middle of a pass changes the result.
    """

    mean: Tensor
    basis: Tensor
    variances: Tensor
    explained: Tensor
    solved_from: Tensor

    def __init__(self, pixels: int, count: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(pixels))
        self.register_buffer("basis", torch.zeros(pixels, count))
        self.register_buffer("variances", torch.zeros(count))  # of the codes
        self.register_buffer("explained", torch.zeros(()))  # share of the variance
        self.register_buffer("solved_from", torch.zeros((), dtype=torch.int64))  # images
        self.sums = torch.zeros(pixels + 1, pixels + 1, dtype=torch.float64)  # of all ranks; float64 in any precision
        self.seen: Tensor | None = None  # of this update and rank

    def encode(self, x: Tensor) -> Tensor:
        """[B, ...] -> [B, D]."""
        return F.linear(x.flatten(1) - self.mean, self.basis.T)

    def decode(self, z: Tensor) -> Tensor:
        """[B, D] -> [B, P]."""
        return F.linear(z, self.basis, self.mean)

    def collect(self, x: Tensor) -> None:
        """Add a training batch."""
        seen = moments(x.detach().flatten(1))
        self.seen = seen if self.seen is None else self.seen + seen

    def solve(self, update: int) -> None:
        """Add what all ranks have seen in an update. Collective: every rank must call it."""
        if self.seen is not None:
            self.sums = self.sums.to(self.seen.device) + sum_over_ranks(self.seen)
            self.seen = None

    def train(self, mode: bool = True) -> PrincipalComponents:
        """Solve, where evaluation begins."""
        if not mode and int(self.sums[0, 0]) != int(self.solved_from):
            self.settle()
        return super().train(mode)

    @torch.no_grad()
    def settle(self) -> None:
        """Set mean and components from the sums."""
        found = principal_components(self.sums, len(self.variances))
        for buffer, value in zip((self.mean, self.basis, self.variances), found, strict=False):
            buffer.copy_(value)
        self.explained.copy_(found.variances.sum() / found.total.clamp(min=torch.finfo(found.total.dtype).tiny))
        self.solved_from.copy_(self.sums[0, 0])

    @property
    def note(self) -> str:
        """For the run's summary."""
        return "PCA: one pass is enough (trainer.max_epochs=1), of all images if data.batch_size x devices divides their number"

    def get_extra_state(self) -> Tensor:
        """The sums: in a checkpoint, and unlike a buffer never in less than float64."""
        return self.sums

    def set_extra_state(self, state: Tensor) -> None:
        """Those of a checkpoint."""
        self.sums = state.to(self.sums)


def require_few(latent_dim: int, spec: DataSpec) -> None:
    """Refuse more components than images can have, and images too large to be solved for.

    Raises:
        ConfigError: with the largest number that fits.
    """
    pixels, images = math.prod(spec.shape), spec.sizes["train"]
    if pixels > MOST:
        remedy = f"Type: data.image_size={math.isqrt(MOST // spec.shape[0])}, or less"
        raise ConfigError([Problem("model", f"PCA of {pixels:,} values an image; it takes {MOST:,}", remedy)])
    if latent_dim > (most := min(pixels, images - 1)):
        what = f"{images:,} images of {pixels:,} pixels have at most {most:,} components"
        raise ConfigError([Problem(f"model.latent_dim={latent_dim}", what, f"Type: model.latent_dim={most}")])
