"""CycleGAN: Zhu, Park, Isola and Efros, 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks" (arXiv:1703.10593)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from genlab.config.types import NonNegativeFloat, NonNegativeInt
from genlab.contracts import DataSpec, Domains, Kind
from genlab.images import signed
from genlab.losses.translation import PatchLoss, fake_loss, l1, real_loss, wanted_loss
from genlab.models import translating
from genlab.models.adversarial import AdversarialModel, Fakes, Player
from genlab.models.base import OptimizerFactory, Terms
from genlab.models.noise import Noise
from genlab.models.pool import ImagePool
from genlab.models.schedules import Schedule


class CycleGAN(AdversarialModel):
    """L_GAN(G, D_B) + L_GAN(F, D_A) + lambda L_cyc(G, F) (eq. 3), G from A to B and F back; with identity terms (5.2).

    The generators move first; the discriminators then see what was made before that move, through a pool of images.

    Networks and losses are in [-1, 1]. Among the metrics, ``cycle_l1_AtoB`` compares a with F(G(a)) and
    ``identity_l1_AtoB`` b with G(b), in pixels of [0, 1], half of what enters the loss.

    Args:
        loss: ``least_squares`` (the paper's, section 4), ``non_saturating``, ``hinge``.
        lambda_cycle_a: weight of |F(G(a)) - a|.
        lambda_cycle_b: weight of |G(F(b)) - b|.
        lambda_identity: weight of |G(b) - b| in units of ``lambda_cycle_b``, and of |F(a) - a| in units of
            ``lambda_cycle_a``; 0: these are not computed in training.
        pool_size: images made earlier, of each domain, that D may be shown; 0: always the newest.
        generator: the family of G and F.
        discriminator: the family of D_A and D_B.
        optimizer: one over both generators, one over both discriminators.
        schedule: factor on the learning rate.
        spec: the data set, from which the networks take their channels.
        seed: of all noise.

    Raises:
        ConfigError: the images do not fit the networks.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("domains",)
    monitor: ClassVar[str] = "val/fid_*_mean"  # not a cycle, which is nearest when nothing is translated

    def __init__(
        self,
        loss: PatchLoss,
        lambda_cycle_a: NonNegativeFloat,
        lambda_cycle_b: NonNegativeFloat,
        lambda_identity: NonNegativeFloat,
        pool_size: NonNegativeInt,
        generator: translating.GeneratorNet,
        discriminator: translating.DiscriminatorNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.loss, self.lambda_identity = loss, lambda_identity
        self.lambda_cycle_a, self.lambda_cycle_b = lambda_cycle_a, lambda_cycle_b
        channels = spec.shape[0]
        self.generator_AtoB = generator.generator(channels, channels)  # the paper's G
        self.generator_BtoA = generator.generator(channels, channels)  # F
        self.discriminator_B = discriminator.discriminator(channels)  # D_Y
        self.discriminator_A = discriminator.discriminator(channels)  # D_X
        self.memory = {"b": ImagePool(pool_size), "a": ImagePool(pool_size)}
        translating.require_fitting(spec, self.generator_AtoB, self.discriminator_B)

    def players(self) -> dict[Player, list[nn.Module]]:
        """Two networks each."""
        return {
            "generator": [self.generator_AtoB, self.generator_BtoA],
            "discriminator": [self.discriminator_B, self.discriminator_A],
        }

    def turns(self, update: int) -> Sequence[Player]:
        """The generators, then the discriminators."""
        return ("generator", "discriminator")

    def pools(self) -> dict[str, ImagePool]:
        """One for each domain."""
        return self.memory

    def fakes(self, batch: Domains, noise: Noise) -> Fakes:
        """G(a) and F(b), [B, C, H, W] each."""
        with noise.for_layers("dropout"):
            return {"b": self.generator_AtoB(signed(batch.a)), "a": self.generator_BtoA(signed(batch.b))}

    def generator_terms(self, batch: Domains, fakes: Fakes) -> Terms:
        """Parts by direction, and their sum loss_g; in evaluation, where a and b may differ in number, only the parts."""
        a, b, wanted = signed(batch.a), signed(batch.b), wanted_loss[self.loss]
        terms = {
            "adversarial_AtoB": wanted(self.discriminator_B(fakes["b"])),
            "adversarial_BtoA": wanted(self.discriminator_A(fakes["a"])),
            "cycle_l1_AtoB": l1(self.generator_BtoA(fakes["b"]), a) / 2,
            "cycle_l1_BtoA": l1(self.generator_AtoB(fakes["a"]), b) / 2,
        }
        if self.lambda_identity > 0 or not self.training:
            terms["identity_l1_AtoB"] = l1(self.generator_AtoB(b), b) / 2
            terms["identity_l1_BtoA"] = l1(self.generator_BtoA(a), a) / 2
        return {"loss_g": self.loss_g(terms), **terms} if self.training else terms

    def loss_g(self, terms: Mapping[str, Any]) -> Any:
        """adversarial + lambda (cycle + lambda_identity identity), both ways; the terms are in pixels of [0, 1]."""
        loss = terms["adversarial_AtoB"] + terms["adversarial_BtoA"]
        loss = loss + 2 * self.lambda_cycle_a * terms["cycle_l1_AtoB"]
        loss = loss + 2 * self.lambda_cycle_b * terms["cycle_l1_BtoA"]
        if self.lambda_identity > 0:
            loss = loss + 2 * self.lambda_identity * self.lambda_cycle_b * terms["identity_l1_AtoB"]
            loss = loss + 2 * self.lambda_identity * self.lambda_cycle_a * terms["identity_l1_BtoA"]
        return loss

    def discriminator_terms(self, batch: Domains, fakes: Fakes) -> Terms:
        """Parts by the direction whose translations are judged, and in training their sum loss_d."""
        real, fake = real_loss[self.loss], fake_loss[self.loss]
        terms = {
            "loss_d_real_AtoB": real(self.discriminator_B(signed(batch.b))),
            "loss_d_fake_AtoB": fake(self.discriminator_B(fakes["b"])),
            "loss_d_real_BtoA": real(self.discriminator_A(signed(batch.a))),
            "loss_d_fake_BtoA": fake(self.discriminator_A(fakes["a"])),
        }
        return {"loss_d": self.loss_d(terms), **terms} if self.training else terms

    def loss_d(self, terms: Mapping[str, Any]) -> Any:
        """(real + fake) / 2, summed over both discriminators."""
        return sum(value for name, value in terms.items() if name.startswith("loss_d_")) / 2

    def completed(self, means: dict[str, float]) -> dict[str, float]:
        """The losses of a whole set, from its parts: domains of different size have no images in common."""
        return {**means, "loss_g": self.loss_g(means), "loss_d": self.loss_d(means)}

    def translate(self, x: Tensor, direction: translating.Direction) -> Tensor:
        """An image of one domain as one of the other, of any size. [B, C, H, W] in [0, 1] twice.

        Raises:
            ConfigError: no such direction.
            DataError: another number of channels.
        """
        nets = {"AtoB": self.generator_AtoB, "BtoA": self.generator_BtoA}
        translating.require_direction(direction, tuple(nets), "there are two")
        translating.require_channels(x, self.spec)
        with self.evaluating():
            return translating.through(nets[direction], x)
