"""CycleGAN: Zhu, Park, Isola and Efros, 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks" (arXiv:1703.10593)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from genlab.config.types import BelowOne, NonNegativeFloat, NonNegativeInt
from genlab.contracts import DataSpec, Domains, Kind
from genlab.images import signed
from genlab.losses.translation import PatchLoss, l1
from genlab.models.base import translation as translating
from genlab.models.base.adversarial import AdversarialModel, Fakes, Player
from genlab.models.base.adversarial_objective import Judge
from genlab.models.base.diffaugment import Change
from genlab.models.base.ema import Averages
from genlab.models.base.execution import Step
from genlab.models.base.model import OptimizerFactory, Terms
from genlab.models.base.noise import Noise
from genlab.models.base.pool import ImagePool
from genlab.models.base.schedules import Schedule


class CycleGAN(AdversarialModel):
    """L_GAN(G, D_B) + L_GAN(F, D_A) + lambda L_cyc(G, F) (eq. 3), G from A to B and F back; with identity terms (5.2).

    The generators move first; the discriminators then see what was made before that move, through a pool of images.

    Networks and losses are in [-1, 1]. Among the metrics, ``cycle_l1_AtoB`` compares a with F(G(a)) and
    ``identity_l1_AtoB`` b with G(b), in pixels of [0, 1], half of what enters the loss.

    Args:
        loss: ``least_squares`` (the paper's, section 4), ``non_saturating``, ``hinge``, ``wasserstein``.
        lambda_gp: weight of the gradient penalty on each discriminator, which ``wasserstein`` needs.
        augment: what DiffAugment does to all that discriminators see: of ``color``, ``translation``, ``cutout``.
        lambda_cycle_a: weight of |F(G(a)) - a|.
        lambda_cycle_b: weight of |G(F(b)) - b|.
        lambda_identity: weight of |G(b) - b| in units of ``lambda_cycle_b``, and of |F(a) - a| in units of
            ``lambda_cycle_a``; 0: these are not computed in training.
        pool_size: images made earlier, of each domain, that D may be shown; 0: always the newest.
        ema: decay of the running average of the generators' weights, which then translates in their place; 0: none.
        generator: the family of G and F.
        discriminator: the family of D_A and D_B.
        optimizer: one over both generators, one over both discriminators.
        schedule: factor on the learning rate.
        step: how a step is computed, which changes its speed alone.
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
        lambda_gp: NonNegativeFloat,
        augment: list[Change],
        lambda_cycle_a: NonNegativeFloat,
        lambda_cycle_b: NonNegativeFloat,
        lambda_identity: NonNegativeFloat,
        pool_size: NonNegativeInt,
        ema: BelowOne,
        generator: translating.GeneratorNet,
        discriminator: translating.DiscriminatorNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        step: Step,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.step, self.judge, self.lambda_identity = step, Judge(loss, lambda_gp, augment, step), lambda_identity
        self.lambda_cycle_a, self.lambda_cycle_b = lambda_cycle_a, lambda_cycle_b
        channels = spec.shape[0]
        self.generator_AtoB = generator.generator(channels, channels)  # the paper's G
        self.generator_BtoA = generator.generator(channels, channels)  # F
        self.discriminator_B = discriminator.discriminator(channels)  # D_Y
        self.discriminator_A = discriminator.discriminator(channels)  # D_X
        self.memory = {"b": ImagePool(pool_size), "a": ImagePool(pool_size)}
        translating.require_fitting(spec, self.generator_AtoB, self.discriminator_B)
        step.fit(net for nets in self.players().values() for net in nets)
        self.averages = Averages(self.generators(), ema)

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

    def generators(self) -> dict[str, nn.Module]:
        """By direction."""
        return {"AtoB": self.generator_AtoB, "BtoA": self.generator_BtoA}

    def moved(self, player: Player) -> None:
        """The averages follow the generators."""
        if player == "generator":
            self.averages.follow(self.generators(), self.updates)

    def translators(self) -> dict[str, nn.Module]:
        """Who translates, by direction."""
        return self.averages.outside_training(self.generators(), self.training)

    def fakes(self, batch: Domains, noise: Noise) -> Fakes:
        """G(a) and F(b) and, where they are needed, what should stay as it is: G(b) and F(a). [B, C, H, W] each."""
        a, b, nets = signed(batch.a), signed(batch.b), self.translators()
        with noise.for_layers("dropout"):
            if self.lambda_identity == 0 and self.training:
                return {"b": nets["AtoB"](a), "a": nets["BtoA"](b)}
            fake_b, same_b = self.step.calls(nets["AtoB"], a, b)
            fake_a, same_a = self.step.calls(nets["BtoA"], b, a)
        return {"b": fake_b, "a": fake_a, "same_b": same_b, "same_a": same_a}

    def generator_terms(self, batch: Domains, fakes: Fakes, noise: Noise) -> Terms:
        """Parts by direction, and their sum loss_g; in evaluation, where a and b may differ in number, only the parts."""
        a, b, nets = signed(batch.a), signed(batch.b), self.translators()
        terms = {
            "adversarial_AtoB": self.judge.wanted(self.discriminator_B, fakes["b"], noise, "B"),
            "adversarial_BtoA": self.judge.wanted(self.discriminator_A, fakes["a"], noise, "A"),
            "cycle_l1_AtoB": l1(nets["BtoA"](fakes["b"]), a) / 2,
            "cycle_l1_BtoA": l1(nets["AtoB"](fakes["a"]), b) / 2,
        }
        if "same_b" in fakes:
            terms["identity_l1_AtoB"] = l1(fakes["same_b"], b) / 2
            terms["identity_l1_BtoA"] = l1(fakes["same_a"], a) / 2
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

    def discriminator_terms(self, batch: Domains, fakes: Fakes, noise: Noise) -> Terms:
        """Parts by the direction whose translations are judged, and in training their sum loss_d."""
        of_b = self.judge.terms(self.discriminator_B, signed(batch.b), fakes["b"], noise, "B")
        of_a = self.judge.terms(self.discriminator_A, signed(batch.a), fakes["a"], noise, "A")
        parts = {"AtoB": of_b, "BtoA": of_a}
        terms = {f"loss_d_{what}_{way}": value for way, part in parts.items() for what, value in part.items()}
        return {"loss_d": self.judge.total(of_b) + self.judge.total(of_a), **terms} if self.training else terms

    def completed(self, means: dict[str, float]) -> dict[str, float]:
        """The losses of a whole set, from its parts: domains of different size have no images in common."""
        parts = ({what: means[f"loss_d_{what}_{way}"] for what in ("real", "fake")} for way in ("AtoB", "BtoA"))
        return {**means, "loss_g": self.loss_g(means), "loss_d": sum(map(self.judge.total, parts))}

    def translate(self, x: Tensor, direction: translating.Direction) -> Tensor:
        """An image of one domain as one of the other, of any size. [B, C, H, W] in [0, 1] twice.

        Raises:
            ConfigError: no such direction.
            DataError: another number of channels.
        """
        translating.require_direction(direction, tuple(self.generators()), "there are two")
        translating.require_channels(x, self.spec)
        with self.evaluating():
            return translating.through(self.translators()[direction], x)
