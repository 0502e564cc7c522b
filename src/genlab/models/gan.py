"""Generative adversarial network: Goodfellow et al., 2014, "Generative Adversarial Nets" (arXiv:1406.2661)."""

from __future__ import annotations

from typing import ClassVar, Protocol

from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.contracts import DataSpec, Images, Kind, Points
from genlab.images import signed, unsigned
from genlab.losses.adversarial import AdversarialLoss, fake_loss, generator_loss, real_loss
from genlab.losses.precision import at_least_float32, per_image
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms
from genlab.models.base.schedules import Schedule


class GANNet(Protocol):
    """Interface of a GAN's network family."""

    def generator(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """z [B, D] -> [B, *shape]: images in [-1, 1], points unbounded."""
        ...

    def discriminator(self, shape: tuple[int, ...]) -> nn.Module:
        """[B, *shape], as the generator makes them -> logits [B] or a map of them."""
        ...


class GAN(Model):
    """min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))] (eq. 1). D steps first, on the fakes that G then uses.

    Images are scaled to [-1, 1] for the networks; points are not scaled.

    Args:
        latent_dim: D, the size of z.
        loss: ``non_saturating`` (section 3 of the paper), ``saturating`` (eq. 1), ``least_squares``, ``hinge``.
        d_steps: discriminator updates per generator update (k in algorithm 1), each on its own batch.
        net: the network family; ``spec``: the data set, from which it takes its shape.
        optimizer: one for each player; ``schedule``: factor on the learning rate; ``seed``: of all noise.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("images", "points")
    monitor: ClassVar[str] = "val/fid"
    offset_is_free: ClassVar[bool] = False  # of D's output: no loss compares the outputs for two images

    def __init__(
        self,
        latent_dim: PositiveInt,
        loss: AdversarialLoss,
        d_steps: PositiveInt,
        net: GANNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim, self.loss, self.d_steps = latent_dim, loss, d_steps
        self.generator = net.generator(latent_dim, spec.shape)
        self.discriminator = net.discriminator(spec.shape)

    def phases(self) -> list[Phase]:
        """D in every update, then G in every ``d_steps``-th one."""
        note = "loss_d: loss_d_real + loss_d_fake, as eq. 1 has it"
        return [
            Phase("d", [self.discriminator], self.discriminator_terms, detached=True, note=note),
            Phase("g", [self.generator], self.generator_terms, every=self.d_steps),
        ]

    def real(self, batch: Images | Points) -> Tensor:
        """The batch's real data as input of D. -> [B, *shape]."""
        return batch.x if isinstance(batch, Points) else signed(batch.image)

    def shared(self, batch: Images | Points, noise: Noise) -> Shared:
        """The fakes G(z), [B, *shape]."""
        return {"fake": self.generator(noise.normal("z", len(batch[0]), self.latent_dim))}

    def discriminator_terms(self, batch: Images | Points, shared: Shared, noise: Noise) -> Terms:
        """loss_d and its two parts; D's probabilities for real and fake, and its accuracy, averaged over patches."""
        real = at_least_float32(self.discriminator(self.real(batch)))
        fake = at_least_float32(self.discriminator(shared["fake"]))
        right = ((real > 0).float() + (fake < 0).float()) / 2
        of_real, of_fake = real_loss[self.loss](real), fake_loss[self.loss](fake)
        return {
            "loss_d": of_real + of_fake,
            "loss_d_real": of_real,
            "loss_d_fake": of_fake,
            "d_real": per_image(real.sigmoid()),
            "d_fake": per_image(fake.sigmoid()),
            "d_accuracy": per_image(right),
        }

    def generator_terms(self, batch: Images | Points, shared: Shared, noise: Noise) -> Terms:
        """loss_g."""
        return {"loss_g": generator_loss[self.loss](self.discriminator(shared["fake"]))}

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """G(z) for n draws of z."""
        return self.decode(self.draw(n, seed=seed))

    def draw(self, n: int, *, seed: int | None = None) -> Tensor:
        """Standard normal z."""
        return self.latent_noise(seed, n, self.latent_dim)

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """G(z): [B, D] -> images [B, C, H, W] in [0, 1], or points [B, D'] in the set's coordinates."""
        with self.evaluating():
            made = self.generate(z)
        return made if self.spec.kind == "points" else made.clamp(0, 1)

    def generate(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """``decode`` with a gradient and in the mode of the moment; images may leave [0, 1] by a rounding."""
        made = self.generator(z)
        return made if self.spec.kind == "points" else unsigned(made)

    def judge(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """D's output before the sigmoid, averaged over patches: [B, *shape], images in [0, 1] or points -> [B]."""
        with self.evaluating():
            return per_image(at_least_float32(self.discriminator(x if self.spec.kind == "points" else signed(x))))
