"""Generative adversarial network: Goodfellow et al., 2014, "Generative Adversarial Nets" (arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from torch import Tensor, nn

from genlab.config.types import PositiveInt
from genlab.contracts import DataSpec, Images
from genlab.images import signed, unsigned
from genlab.losses.adversarial import AdversarialLoss, discriminator_loss, generator_loss
from genlab.models.adversarial import AdversarialModel, Fakes, Player
from genlab.models.base import OptimizerFactory, Terms
from genlab.models.noise import Noise
from genlab.models.schedules import Schedule


class GANNet(Protocol):
    """What a GAN asks of a network family."""

    def generator(self, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
        """z [B, D] -> [B, C, H, W] in [-1, 1]."""
        ...

    def discriminator(self, shape: tuple[int, ...]) -> nn.Module:
        """[B, C, H, W] in [-1, 1] -> logits [B] or a map of them."""
        ...


class GAN(AdversarialModel):
    """min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))] (eq. 1). D moves first, on the fakes that G then uses.

    Args:
        latent_dim: D, the size of z.
        loss: ``non_saturating`` (section 3 of the paper), ``saturating`` (eq. 1), ``least_squares``, ``hinge``.
        d_steps: updates of the discriminator for each one of the generator (k in algorithm 1), on a batch each.
        net: the network family.
        optimizer: one for each player.
        schedule: factor on the learning rate.
        spec: the data set, from which the networks take their shape.
        seed: of all noise.
    """

    monitor: ClassVar[str] = "val/fid"

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

    def players(self) -> dict[Player, list[nn.Module]]:
        """One network each."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def turns(self, update: int) -> Sequence[Player]:
        """D every time, G after it every ``d_steps``-th time."""
        return ("discriminator", "generator") if (update + 1) % self.d_steps == 0 else ("discriminator",)

    def fakes(self, batch: Images, noise: Noise) -> Fakes:
        """G(z), [B, C, H, W] in [-1, 1]."""
        return {"image": self.generator(noise.normal("z", len(batch.image), self.latent_dim))}

    def discriminator_terms(self, batch: Images, fakes: Fakes) -> Terms:
        """loss_d, and D's answers as probabilities."""
        real, fake = self.discriminator(signed(batch.image)), self.discriminator(fakes["image"])
        right = ((real > 0).float() + (fake < 0).float()) / 2
        return {
            "loss_d": discriminator_loss[self.loss](real, fake),
            "d_real": real.sigmoid(),
            "d_fake": fake.sigmoid(),
            "d_accuracy": right,
        }

    def generator_terms(self, batch: Images, fakes: Fakes) -> Terms:
        """loss_g."""
        return {"loss_g": generator_loss[self.loss](self.discriminator(fakes["image"]))}

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """G of fresh z, in [0, 1]; ``label`` is not used."""
        return self.decode(self.prior(seed, n, self.latent_dim))

    def decode(self, z: Tensor) -> Tensor:
        """The image of a z, for interpolations: [B, D] -> [B, C, H, W] in [0, 1]."""
        with self.evaluating():
            return unsigned(self.generator(z)).clamp(0, 1)
