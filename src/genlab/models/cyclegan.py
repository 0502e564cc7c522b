"""CycleGAN: Zhu, Park, Isola and Efros, 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks" (arXiv:1703.10593)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from genlab.config.types import BelowOne, Fraction, NonNegativeFloat, NonNegativeInt
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
from genlab.models.base.masking import ColumnMasks
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms
from genlab.models.base.pool import ImagePool
from genlab.models.base.schedules import Schedule, Weight


class Game(NamedTuple):
    """A discriminator, its real and generated images, [B, C, H, W] each, and its name in the keys of random draws."""

    net: nn.Module
    real: Tensor
    fake: Tensor
    name: str


class CycleGAN(Model):
    """L_GAN(G, D_B) + L_GAN(F, D_A) + lambda L_cyc(G, F) (eq. 3), G from A to B and F back; with identity terms (5.2).

    The generators step first; the discriminators then train on images made before that step, drawn through a pool. With a
    second step (Kaneko et al., 2019, arXiv:1904.04631, section 3.1), D'_A judges F(G(a)) and D'_B judges G(F(b)), too.

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
            ``lambda_cycle_a``, a number or a schedule; 0: these are not computed in training.
        lambda_second: weight of the adversarial losses of the second step; 0: there are no D'_A and D'_B.
        mask: largest share of the columns of a and b that are hidden from G and F in training; 0: none. The ways back and the
            identity images are of whole images, and the cycle is compared with one.
        pool_size: earlier generated images kept to show to each discriminator; 0: always the newest.
        ema: decay of the moving average of the generators' weights, which is then used to translate; 0: none.
        generator: the family of G and F.
        discriminator: the family of D_A and D_B, and of D'_A and D'_B.
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
        lambda_identity: Weight,
        lambda_second: NonNegativeFloat,
        mask: Fraction,
        pool_size: NonNegativeInt,
        ema: BelowOne,
        generator: translating.GeneratorFamily,
        discriminator: translating.DiscriminatorNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        step: Execution,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.step, self.lambda_identity, self.lambda_second = step, lambda_identity, lambda_second
        require_identity(spec, lambda_identity)
        penalties = GradientPenalties(lambda_gp, r1, r2)
        self.objective = AdversarialObjective(loss, penalties, DiffAugment(augment), step, self.at)
        self.lambda_cycle_a, self.lambda_cycle_b = lambda_cycle_a, lambda_cycle_b
        self.masks = ColumnMasks(mask)
        family = self.masks.family(translating.family_for(spec, generator))
        a, b = spec.channels("a"), spec.channels("b")
        self.generator_AtoB = family.generator(a, b)  # the paper's G
        self.generator_BtoA = family.generator(b, a)  # F
        self.discriminator_B = discriminator.discriminator(b)  # D_Y
        self.discriminator_A = discriminator.discriminator(a)  # D_X
        second = {"B": b, "A": a} if lambda_second > 0 else {}
        self.second = nn.ModuleDict({name: discriminator.discriminator(c) for name, c in second.items()})  # D'_Y, D'_X
        self.memory = {name: ImagePool(pool_size) for name in ("b", "a", *(("back_b", "back_a") if second else ()))}
        translating.require_fitting(spec, self.generator_AtoB, self.discriminator_B)
        step.prepare(net for phase in self.phases() for net in phase.nets)
        self.ema = EMA(self.generators(), ema)

    def phases(self) -> list[Phase]:
        """The generators, then the discriminators on images made before the generators' step."""
        generators = [self.generator_AtoB, self.generator_BtoA]
        discriminators = [self.discriminator_B, self.discriminator_A, *self.second.values()]
        both = "both directions" + (" and both steps" if self.second else "")
        judged, note = self.discriminator_terms, f"loss_d: (loss_d_real + loss_d_fake) / 2, summed over {both}"
        return [
            Phase("g", generators, self.generator_terms, self.generator_loss),
            Phase("d", discriminators, judged, self.discriminator_loss, detached=True, note=note),
        ]

    def pools(self) -> dict[str, ImagePool]:
        """One pool for each discriminator."""
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
        """G(a), F(b), the ways back F(G(a)), G(F(b)) and, where needed, the identity images G(b), F(a). [B, C, H, W] each."""
        a, b, to_b, to_a = signed(batch.a), signed(batch.b), *self.working().values()
        seen_a, seen_b = self.seen(a, noise, "a"), self.seen(b, noise, "b")
        if self.needs_identity():
            fake_b, same_b = self.step.batched_call(to_b, seen_a, self.masks.whole(b))
            fake_a, same_a = self.step.batched_call(to_a, seen_b, self.masks.whole(a))
            made = {"b": fake_b, "a": fake_a, "same_b": same_b, "same_a": same_a}
        else:
            made = {"b": to_b(seen_a), "a": to_a(seen_b)}
        return made | {"back_a": to_a(made["b"]), "back_b": to_b(made["a"])}

    def seen(self, x: Tensor, noise: Noise, name: str) -> Tensor:
        """What a generator sees of the images that it translates."""
        return self.masks.hide(x, noise, name) if self.training else self.masks.whole(x)

    def needs_identity(self) -> bool:
        """Whether identity images are made: in training for their loss; elsewhere they are measured wherever they can be."""
        if self.training:
            return self.at(self.lambda_identity) > 0
        return self.spec.channels("a") == self.spec.channels("b")

    def ended(self) -> Collection[str]:
        """The identity losses and the penalties, once their weight is 0."""
        identity = () if self.at(self.lambda_identity) > 0 else ("identity_l1_AtoB", "identity_l1_BtoA")
        return {*identity}.union(*(self.objective.ended(f"loss_d_{{}}_{way}") for way in self.ways))

    @property
    def ways(self) -> tuple[str, ...]:
        """Those of ``games``."""
        return ("AtoB", "BtoA", *(("second_AtoB", "second_BtoA") if self.second else ()))

    def games(self, batch: Domains, shared: Shared) -> dict[str, Game]:
        """Who judges what, by the way that the images have gone."""
        a, b = signed(batch.a), signed(batch.b)
        games = {
            "AtoB": Game(self.discriminator_B, b, shared["b"], "B"),
            "BtoA": Game(self.discriminator_A, a, shared["a"], "A"),
        }
        if self.second:
            games["second_AtoB"] = Game(self.second["A"], a, shared["back_a"], "second_A")
            games["second_BtoA"] = Game(self.second["B"], b, shared["back_b"], "second_B")
        return games

    def generator_terms(self, batch: Domains, shared: Shared, noise: Noise) -> Terms:
        """The terms by direction, [B] each; in evaluation a and b may differ in number."""
        a, b = signed(batch.a), signed(batch.b)
        terms = {
            f"adversarial_{way}": self.objective.generator_loss(game.net, game.fake, noise, game.name, real=game.real)
            for way, game in self.games(batch, shared).items()
        }
        terms["cycle_l1_AtoB"] = l1(shared["back_a"], a) / 2
        terms["cycle_l1_BtoA"] = l1(shared["back_b"], b) / 2
        if "same_b" in shared:
            terms["identity_l1_AtoB"] = l1(shared["same_b"], b) / 2
            terms["identity_l1_BtoA"] = l1(shared["same_a"], a) / 2
        return terms

    def generator_loss(self, terms: Mapping[str, Any]) -> Any:
        """adversarial + lambda (cycle + lambda_identity identity) + lambda_second second, both ways.

        Twice the cycle and identity terms, which use pixels in [0, 1].
        """
        loss = terms["adversarial_AtoB"] + terms["adversarial_BtoA"]
        loss = loss + 2 * self.lambda_cycle_a * terms["cycle_l1_AtoB"]
        loss = loss + 2 * self.lambda_cycle_b * terms["cycle_l1_BtoA"]
        lambda_identity = self.at(self.lambda_identity)
        if lambda_identity > 0:
            loss = loss + 2 * lambda_identity * self.lambda_cycle_b * terms["identity_l1_AtoB"]
            loss = loss + 2 * lambda_identity * self.lambda_cycle_a * terms["identity_l1_BtoA"]
        if self.second:
            second = terms["adversarial_second_AtoB"] + terms["adversarial_second_BtoA"]
            loss = loss + self.lambda_second * second
        return loss

    def discriminator_terms(self, batch: Domains, shared: Shared, noise: Noise) -> Terms:
        """The terms by the way of the images that are judged, [B] each."""
        terms: Terms = {}
        for way, game in self.games(batch, shared).items():
            parts = self.objective.discriminator_terms(game.net, game.real, game.fake, noise, game.name)
            terms |= {f"loss_d_{part}_{way}": value for part, value in parts.items()}
        return terms

    def discriminator_loss(self, terms: Mapping[str, Any]) -> Any:
        """The sum over all discriminators."""
        loss = self.objective.discriminator_loss
        first = loss(terms, "loss_d_{}_AtoB") + loss(terms, "loss_d_{}_BtoA")
        if not self.second:
            return first
        return first + loss(terms, "loss_d_{}_second_AtoB") + loss(terms, "loss_d_{}_second_BtoA")

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


def require_identity(spec: DataSpec, lambda_identity: Weight) -> None:
    """Refuse an identity loss between domains of which one has colour and the other has none.

    Raises:
        ConfigError: with the remedy.
    """
    if lambda_identity != 0 and spec.channels("a") != spec.channels("b"):
        what = f"compares images of {spec.channels('a')} and of {spec.channels('b')} channels"
        remedy = "Type: model.lambda_identity=0, or data.channels_a and data.channels_b alike"
        raise ConfigError([Problem("model.lambda_identity", what, remedy)])
