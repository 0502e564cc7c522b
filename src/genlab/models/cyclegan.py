"""CycleGAN: Zhu, Park, Isola and Efros, 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks" (arXiv:1703.10593)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from genlab.config.types import BelowOne, NonNegativeFloat, NonNegativeInt
from genlab.contracts import ConfigError, DataSpec, Domains, Kind, Problem
from genlab.images import signed
from genlab.losses.adversarial import AdversarialLoss
from genlab.losses.distance import l1
from genlab.models.base import translation as translating
from genlab.models.base.adversarial_objective import AdversarialObjective
from genlab.models.base.diffaugment import Change, DiffAugment
from genlab.models.base.ema import EMA
from genlab.models.base.execution import Execution
from genlab.models.base.gradient_penalties import GradientPenalties
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms
from genlab.models.base.pool import ImagePool
from genlab.models.base.schedules import Schedule, Weight


class CycleGAN(Model):
    """L_GAN(G, D_B) + L_GAN(F, D_A) + lambda L_cyc(G, F) (eq. 3), G from A to B and F back; with identity terms (5.2).

    The generators step first; the discriminators then train on images made before that step, drawn through a pool.

    Networks and losses use pixels in [-1, 1]. The metrics ``cycle_l1_AtoB``, |F(G(a)) - a|, and ``identity_l1_AtoB``,
    |G(b) - b|, use pixels in [0, 1], so they are half of what enters the loss.

    Args:
        loss: ``least_squares`` (the paper's, section 4), ``non_saturating``, ``saturating``, ``hinge``, ``wasserstein``,
            ``relativistic``.
        lambda_gp: weight of the gradient penalty on each discriminator, which ``wasserstein`` needs, a number or a schedule.
        r1: gamma of the zero-centred penalty on real images, ``r2``: on fake ones, numbers or schedules.
        augment: DiffAugment operations on all discriminator inputs: of ``color``, ``translation``, ``cutout``.
        lambda_cycle_a: weight of |F(G(a)) - a|.
        lambda_cycle_b: weight of |G(F(b)) - b|.
        lambda_identity: weight of |G(b) - b| in units of ``lambda_cycle_b``, and of |F(a) - a| in units of
            ``lambda_cycle_a``; 0: these are not computed in training.
        pool_size: earlier generated images kept per domain to show to D; 0: always the newest.
        ema: decay of the moving average of the generators' weights, which is then used to translate; 0: none.
        generator: the family of G and F.
        discriminator: the family of D_A and D_B.
        optimizer: one over both generators, one over both discriminators.
        schedule: factor on the learning rate.
        step: execution options, which affect only the speed.
        spec: the data set, from which the networks take their channels.
        seed: of all noise.

    Raises:
        ConfigError: the images do not fit the networks.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("domains",)
    monitor: ClassVar[str] = "val/fid_*_mean"  # not a cycle, which is nearest when nothing is translated

    def __init__(
        self,
        loss: AdversarialLoss,
        lambda_gp: Weight,
        r1: Weight,
        r2: Weight,
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
        step: Execution,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.step, self.lambda_identity = step, lambda_identity
        require_identity(spec, lambda_identity)
        penalties = GradientPenalties(lambda_gp, r1, r2)
        self.objective = AdversarialObjective(loss, penalties, DiffAugment(augment), step, self.at)
        self.lambda_cycle_a, self.lambda_cycle_b = lambda_cycle_a, lambda_cycle_b
        a, b = spec.channels("a"), spec.channels("b")
        self.generator_AtoB = generator.generator(a, b)  # the paper's G
        self.generator_BtoA = generator.generator(b, a)  # F
        self.discriminator_B = discriminator.discriminator(b)  # D_Y
        self.discriminator_A = discriminator.discriminator(a)  # D_X
        self.memory = {"b": ImagePool(pool_size), "a": ImagePool(pool_size)}
        translating.require_fitting(spec, self.generator_AtoB, self.discriminator_B)
        step.prepare(net for phase in self.phases() for net in phase.nets)
        self.ema = EMA(self.generators(), ema)

    def phases(self) -> list[Phase]:
        """The generators, then the discriminators on images made before the generators' step."""
        generators = [self.generator_AtoB, self.generator_BtoA]
        discriminators = [self.discriminator_B, self.discriminator_A]
        judged, note = self.discriminator_terms, "loss_d: (loss_d_real + loss_d_fake) / 2, summed over both directions"
        return [
            Phase("g", generators, self.generator_terms, self.generator_loss),
            Phase("d", discriminators, judged, self.discriminator_loss, detached=True, note=note),
        ]

    def pools(self) -> dict[str, ImagePool]:
        """One pool for each domain."""
        return self.memory

    def on_train_start(self) -> None:
        """Put weights and optimiser states into the memory format for the device."""
        self.step.settle(self.children(), self.trainer.optimizers, self.device)

    def generators(self) -> dict[str, nn.Module]:
        """The generators by direction."""
        return {"AtoB": self.generator_AtoB, "BtoA": self.generator_BtoA}

    def averaged(self) -> dict[str, nn.Module]:
        """The generators."""
        return self.generators()

    def shared(self, batch: Domains, noise: Noise) -> Shared:
        """G(a) and F(b) and, where needed, the identity images G(b) and F(a). [B, C, H, W] each."""
        a, b, nets = signed(batch.a), signed(batch.b), self.working()
        if self.lambda_identity == 0 and (self.training or a.shape[1] != b.shape[1]):
            return {"b": nets["AtoB"](a), "a": nets["BtoA"](b)}
        fake_b, same_b = self.step.batched_call(nets["AtoB"], a, b)
        fake_a, same_a = self.step.batched_call(nets["BtoA"], b, a)
        return {"b": fake_b, "a": fake_a, "same_b": same_b, "same_a": same_a}

    def generator_terms(self, batch: Domains, shared: Shared, noise: Noise) -> Terms:
        """The terms by direction, [B] each; in evaluation a and b may differ in number."""
        a, b, nets = signed(batch.a), signed(batch.b), self.working()
        terms = {
            "adversarial_AtoB": self.objective.generator_loss(self.discriminator_B, shared["b"], noise, "B", real=b),
            "adversarial_BtoA": self.objective.generator_loss(self.discriminator_A, shared["a"], noise, "A", real=a),
            "cycle_l1_AtoB": l1(nets["BtoA"](shared["b"]), a) / 2,
            "cycle_l1_BtoA": l1(nets["AtoB"](shared["a"]), b) / 2,
        }
        if "same_b" in shared:
            terms["identity_l1_AtoB"] = l1(shared["same_b"], b) / 2
            terms["identity_l1_BtoA"] = l1(shared["same_a"], a) / 2
        return terms

    def generator_loss(self, terms: Mapping[str, Any]) -> Any:
        """adversarial + lambda (cycle + lambda_identity identity), both ways; doubled, since the terms use pixels in [0, 1]."""
        loss = terms["adversarial_AtoB"] + terms["adversarial_BtoA"]
        loss = loss + 2 * self.lambda_cycle_a * terms["cycle_l1_AtoB"]
        loss = loss + 2 * self.lambda_cycle_b * terms["cycle_l1_BtoA"]
        if self.lambda_identity > 0:
            loss = loss + 2 * self.lambda_identity * self.lambda_cycle_b * terms["identity_l1_AtoB"]
            loss = loss + 2 * self.lambda_identity * self.lambda_cycle_a * terms["identity_l1_BtoA"]
        return loss

    def discriminator_terms(self, batch: Domains, shared: Shared, noise: Noise) -> Terms:
        """The terms by the direction whose translations are judged, [B] each."""
        judged = {
            "AtoB": self.objective.discriminator_terms(self.discriminator_B, signed(batch.b), shared["b"], noise, "B"),
            "BtoA": self.objective.discriminator_terms(self.discriminator_A, signed(batch.a), shared["a"], noise, "A"),
        }
        return {f"loss_d_{part}_{way}": value for way, parts in judged.items() for part, value in parts.items()}

    def discriminator_loss(self, terms: Mapping[str, Any]) -> Any:
        """The sum over both discriminators."""
        loss = self.objective.discriminator_loss
        return loss(terms, "loss_d_{}_AtoB") + loss(terms, "loss_d_{}_BtoA")

    def translate(self, x: Tensor, direction: translating.Direction) -> Tensor:
        """Translate images of any size to the other domain. [B, C, H, W] in [0, 1] twice.

        Raises:
            ConfigError: no such direction.
            DataError: another number of channels.
        """
        translating.require_direction(direction, tuple(self.generators()), "there are two")
        translating.require_channels(x, self.spec.channels("a" if direction == "AtoB" else "b"))
        with self.evaluating():
            return translating.translate_any_size(self.working()[direction], x)


def require_identity(spec: DataSpec, lambda_identity: float) -> None:
    """Refuse an identity loss between domains of which one has colour and the other has none.

    Raises:
        ConfigError: with the remedy.
    """
    if lambda_identity > 0 and spec.channels("a") != spec.channels("b"):
        what = f"compares images of {spec.channels('a')} and of {spec.channels('b')} channels"
        remedy = "Type: model.lambda_identity=0, or data.channels_a and data.channels_b alike"
        raise ConfigError([Problem("model.lambda_identity", what, remedy)])
