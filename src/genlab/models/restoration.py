"""Restoration of images by a network without a bottleneck: denoising, super-resolution, inpainting.

Dong et al., 2014, "Image Super-Resolution Using Deep Convolutional Networks" (arXiv:1501.00092); Zhang et al., 2017, "Beyond
a Gaussian Denoiser" (arXiv:1608.03981); Pathak et al., 2016, "Context Encoders" (arXiv:1604.07379).
"""

from __future__ import annotations

from torch import Tensor

from genlab.contracts import DataSpec, Images
from genlab.images import signed, unsigned
from genlab.models.base.corruption import Corruption
from genlab.models.base.model import Model
from genlab.models.base.noise import ImageNoise, Noise
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Pixels, Sigma
from genlab.models.base.schedules import Schedule
from genlab.models.base.translation import GeneratorFamily, family_for, require_sides_for


class Restoration(Model):
    """loss(x) = -log N(x | net(corrupted x), sigma^2), in nats per image: the clean image is the target.

    The least squared error is the highest PSNR; what is missing comes out as the mean of what it may have been. Training
    images are corrupted anew in every batch, those of validation and test always in the same way.

    Args:
        corruption: what is done to the images.
        sigma: standard deviation of the pixels in [0, 1]: a number, or ``learned`` in closed form.
        generator: the family of the network.
        optimizer: over all parameters; ``schedule``: factor on its learning rate; ``seed``: of all noise.
        spec: the data set, from which the network takes its channels.

    Raises:
        ConfigError: the corruption or the network does not fit the images.
    """

    def __init__(
        self,
        corruption: Corruption,
        sigma: Sigma,
        generator: GeneratorFamily,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        corruption.require(spec.shape)
        self.corruption, channels = corruption, spec.shape[0]
        self.generator = family_for(spec, generator).generator(channels, channels)
        require_sides_for(spec, self.generator)
        self.pixels = Pixels("gaussian", sigma, "linear", binarized=spec.binarized)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """recon = -log p(clean x | corrupted x), which is also the loss; and a learned sigma."""
        x = batch.image  # [B, C, H, W] in [0, 1]
        corrupted = self.corruption(x, noise) if self.training else self.corrupt(x, batch.index)
        recon = self.pixels.nll(self.restored(corrupted), x)
        return {"loss": recon, "recon": recon} | self.pixels.terms(x)

    def restored(self, x: Tensor) -> Tensor:
        """What the network makes of an image: means of the clean pixels, not clipped. [B, C, H, W] -> the same."""
        return unsigned(self.generator(signed(x)))

    def corrupt(self, x: Tensor, index: Tensor) -> Tensor:
        """The images as they are corrupted in validation and test, by their indices in the split."""
        return self.corruption(x, ImageNoise(index, x.dtype))

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Restore corrupted images: [B, C, H, W] in [0, 1] -> the same."""
        with self.evaluating():
            return self.pixels.mean(self.restored(x))

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """-log p(x | net(x)), nothing corrupted: images that the network would change score high."""
        with self.evaluating():
            return self.pixels.nll(self.restored(x), x)
