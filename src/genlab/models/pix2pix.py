"""pix2pix: Isola, Zhu, Zhou and Efros, 2017, "Image-to-Image Translation with Conditional Adversarial Networks"
(arXiv:1611.07004)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from genlab.config.types import BelowOne, NonNegativeFloat
from genlab.contracts import DataSpec, Kind, Pairs
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
from genlab.models.base.schedules import Schedule, Weight
from genlab.nets.blocks import BatchNorm


class Pix2Pix(Model):
    """G* = arg min over G, max over D of L_cGAN(G, D) + lambda L_L1(G) (eq. 4): from ``a`` to ``b`` of a pair.

    D sees input and output concatenated in channels, the input first. D steps first, on the image that G then uses: one
    forward of G serves both. D's loss is halved, "which slows down the rate at which D learns relative to G" (3.3). The
    only noise is dropout; its masks depend on seed, batch and rank, so a resumed run draws the same ones.

    Networks and the L1 loss use pixels in [-1, 1]; the metric ``l1`` uses pixels in [0, 1], so it is half of that loss.

    Args:
        loss: ``non_saturating`` (the paper's: cross-entropy on logits), ``saturating``, ``least_squares``, ``hinge``,
            ``wasserstein``, ``relativistic``.
        lambda_gp: weight of the gradient penalty on D, which ``wasserstein`` needs, a number or a schedule.
        r1: gamma of the zero-centred penalty on real images, ``r2``: on fake ones, numbers or schedules.
        augment: DiffAugment operations on all inputs of D: of ``color``, ``translation``, ``cutout``.
        lambda_l1: weight of the L1.
        ema: decay of the moving average of G's weights, which is then used to translate; 0: none.
        inference_norm: batch norm outside training: ``batch``: each image by its own statistics, as the paper does ("at
            test time … using the statistics of the test batch", 3.3, with a batch of one); ``running``: by the running
            statistics of training. No effect on other norms.
        inference_dropout: whether dropout stays on outside training, as in the paper.
        generator: the family of G.
        discriminator: the family of D.
        optimizer: one for each player.
        schedule: factor on the learning rate.
        step: execution options, which affect only the speed.
        spec: the data set, from which the networks take their channels.
        seed: of all noise.

    Raises:
        ConfigError: the images do not fit the networks.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("pairs",)
    monitor: ClassVar[str] = "val/l1"

    def __init__(
        self,
        loss: AdversarialLoss,
        lambda_gp: Weight,
        r1: Weight,
        r2: Weight,
        augment: list[Change],
        lambda_l1: NonNegativeFloat,
        ema: BelowOne,
        inference_norm: Literal["batch", "running"],
        inference_dropout: bool,
        generator: translating.GeneratorFamily,
        discriminator: translating.DiscriminatorNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        step: Execution,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        penalties = GradientPenalties(lambda_gp, r1, r2)
        self.objective = AdversarialObjective(loss, penalties, DiffAugment(augment), step, self.at)
        self.lambda_l1 = lambda_l1
        self.inference_norm, self.inference_dropout = inference_norm, inference_dropout
        a, b = spec.channels("a"), spec.channels("b")
        self.generator = translating.family_for(spec, generator).generator(a, b)
        self.discriminator = discriminator.discriminator(a + b)
        translating.require_fitting(spec, self.generator, self.discriminator)
        step.prepare([self.generator, self.discriminator])
        self.ema = EMA(self.generators(), ema)

    def phases(self) -> list[Phase]:
        """D, then G."""
        judge, note = [self.discriminator], "loss_d: (loss_d_real + loss_d_fake) / 2, as in the paper's code"
        return [
            Phase("d", judge, self.discriminator_terms, self.discriminator_loss, detached=True, note=note),
            Phase("g", [self.generator], self.generator_terms),
        ]

    def ended(self) -> Collection[str]:
        """The penalties, once their weight is 0."""
        return self.objective.ended("loss_d_{}")

    def on_train_start(self) -> None:
        """Put weights and optimiser states into the memory format for the device."""
        self.objective.step.settle(self.children(), self.trainer.optimizers, self.device)

    def generators(self) -> dict[str, nn.Module]:
        """The generator by direction."""
        return {"AtoB": self.generator}

    def averaged(self) -> dict[str, nn.Module]:
        """The generator."""
        return self.generators()

    def shared(self, batch: Pairs, noise: Noise) -> Shared:
        """G(a), [B, C, H, W]."""
        with self.as_asked():
            return {"b": self.working()["AtoB"](signed(batch.a))}

    def discriminator_terms(self, batch: Pairs, shared: Shared, noise: Noise) -> Terms:
        """The losses on [a, b] and on [a, G(a)], [B] each."""
        a = signed(batch.a)
        real, fake = torch.cat([a, signed(batch.b)], 1), torch.cat([a, shared["b"]], 1)
        parts = self.objective.discriminator_terms(self.discriminator, real, fake, noise, "D", images=2)
        return {f"loss_d_{part}": value for part, value in parts.items()}

    def discriminator_loss(self, terms: Mapping[str, Any]) -> Any:
        """(real + fake + lambda_gp penalty) / 2, the penalty only if there is one."""
        return self.objective.discriminator_loss(terms, "loss_d_{}")

    def generator_terms(self, batch: Pairs, shared: Shared, noise: Noise) -> Terms:
        """loss_g = adversarial + lambda_l1 |G(a) - b|."""
        a = signed(batch.a)
        fake, real = torch.cat([a, shared["b"]], 1), None
        if self.objective.compares:
            real = torch.cat([a, signed(batch.b)], 1)
        adversarial = self.objective.generator_loss(self.discriminator, fake, noise, "D", images=2, real=real)
        difference = l1(shared["b"], signed(batch.b))
        return {"loss_g": adversarial + self.lambda_l1 * difference, "adversarial": adversarial, "l1": difference / 2}

    @contextmanager
    def as_asked(self) -> Iterator[None]:
        """Apply ``inference_norm`` and ``inference_dropout`` outside training."""
        layers = [] if self.training else list(self.working()["AtoB"].modules())
        norms = [layer for layer in layers if isinstance(layer, BatchNorm)]
        dropouts = [layer for layer in layers if isinstance(layer, nn.Dropout)]
        for norm in norms:
            norm.alone = self.inference_norm == "batch"
        for dropout in dropouts:
            dropout.train(self.inference_dropout)
        try:
            yield
        finally:
            for norm in norms:
                norm.alone = False
            for dropout in dropouts:
                dropout.eval()

    def translate(self, x: Tensor, direction: translating.Direction) -> Tensor:
        """Translate inputs of any size; deterministic for the same batch. [B, C, H, W] in [0, 1] twice, C as of each side.

        Raises:
            ConfigError: ``BtoA``, which has not been learnt.
            DataError: another number of channels.
        """
        why = f"this model has learnt from a to b of its pairs alone ({self.spec.name}: {self.spec.note})"
        translating.require_direction(direction, ("AtoB",), why)
        translating.require_channels(x, self.spec.channels("a"))
        noise = Noise(self.seed, "translate", 0, self.device)
        with self.evaluating(), self.as_asked(), noise.for_layers("dropout"):
            return translating.translate_any_size(self.working()["AtoB"], x)

    def notes(self) -> list[str]:
        """How batch norm and dropout work outside training."""
        layers = list(self.generator.modules())
        told = []
        if any(isinstance(layer, BatchNorm) for layer in layers):
            whose = "each image's own" if self.inference_norm == "batch" else "running"
            told.append(f"batch norm by {whose} statistics")
        if any(isinstance(layer, nn.Dropout) for layer in layers):
            told.append(f"{'with' if self.inference_dropout else 'without'} dropout")
        return [f"validation and translation: {', '.join(told)}"] if told else []
