"""Generative adversarial network: Goodfellow et al., 2014, "Generative Adversarial Nets" (arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from genlab.config.types import BelowOne, NonNegativeFloat, PositiveFloat, PositiveInt
from genlab.contracts import DataSpec, Images, Kind, Points
from genlab.images import signed, unsigned
from genlab.losses.adversarial import OFFSET_FREE, AdversarialLoss, log_odds
from genlab.losses.precision import per_image
from genlab.models.base.adversarial_objective import AdversarialObjective, beliefs
from genlab.models.base.diffaugment import Change, DiffAugment
from genlab.models.base.ema import EMA
from genlab.models.base.execution import Execution
from genlab.models.base.gradient_penalties import GradientPenalties
from genlab.models.base.labels import encoded_labels, label_size
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.optimizers import with_rate
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms
from genlab.models.base.schedules import Schedule, Share, Weight


class GANNet(Protocol):
    """Interface of a GAN's network family. ``labels``: size of the label beside each input; 0: there is none."""

    def generator(self, latent_dim: int, shape: tuple[int, ...], labels: int) -> nn.Module:
        """z [B, D] and labels [B, labels] -> [B, *shape]: images in [-1, 1], points unbounded."""
        ...

    def discriminator(self, shape: tuple[int, ...], labels: int) -> nn.Module:
        """[B, *shape], as the generator makes them, and labels [B, labels] -> logits [B] or a map of them."""
        ...


class GAN(Model):
    """min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))] (eq. 1). D steps first, on the fakes that G then uses.

    Images are scaled to [-1, 1] for the networks; points are not scaled. What a weight or a share is, may be a schedule.

    Args:
        latent_dim: D, the size of z.
        loss: ``non_saturating`` (section 3 of the paper), ``saturating`` (eq. 1), ``least_squares``, ``hinge``,
            ``wasserstein``, ``relativistic``.
        d_steps: discriminator updates per generator update (k in algorithm 1), each on its own batch.
        g_steps: generator updates in a row, each with z of its own.
        d_lr: learning rate of the discriminator; None: as the generator's (Heusel et al., 2017, arXiv:1706.08500).
        lambda_gp: weight of the penalty on D's gradient between real and fake, which ``wasserstein`` needs.
        r1: gamma of the zero-centred penalty on real data; ``r2``: on fakes; ``dragan``: weight of the one around real data.
        penalty_every: n: penalties are computed in every n-th update, n times as heavy.
        label_smoothing: s: D's target for real data is 1 - s.
        instance_noise: standard deviation of the noise on all that D sees.
        augment: DiffAugment operations on all that D sees: of ``color``, ``translation``, ``cutout``.
        pack: images that D judges at once.
        top_k: share of the fakes from which G learns, those that D takes for the best.
        ema_images: half-life, in images, of the moving average of G's weights, which then samples; 0: none.
        net: the network family; ``spec``: the data set, from which it takes its shape.
        optimizer: one for each player; ``schedule``: factor on the learning rates.
        step: execution options, which affect only the speed; ``seed``: of all noise.
    """

    takes: ClassVar[tuple[Kind, ...]] = ("images", "points")
    monitor: ClassVar[str] = "val/fid"

    def __init__(
        self,
        latent_dim: PositiveInt,
        loss: AdversarialLoss,
        d_steps: PositiveInt,
        g_steps: PositiveInt,
        d_lr: PositiveFloat | None,
        lambda_gp: Weight,
        r1: Weight,
        r2: Weight,
        dragan: Weight,
        penalty_every: PositiveInt,
        label_smoothing: BelowOne,
        instance_noise: Weight,
        augment: list[Change],
        pack: PositiveInt,
        top_k: Share,
        ema_images: NonNegativeFloat,
        net: GANNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        step: Execution,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim, self.d_steps, self.g_steps = latent_dim, d_steps, g_steps
        self.d_optimizer = with_rate(optimizer, d_lr)
        penalties = GradientPenalties(lambda_gp, r1, r2, dragan, penalty_every)
        game = partial(AdversarialObjective, loss, penalties, DiffAugment(augment), step, self.at, lambda: self.updates)
        self.objective = game(label_smoothing, instance_noise, pack, top_k)
        labels = label_size(spec) if self.needs else 0
        self.generator = net.generator(latent_dim, spec.shape, labels)
        self.discriminator = net.discriminator((pack * spec.shape[0], *spec.shape[1:]), pack * labels)
        step.prepare([self.generator, self.discriminator])
        self.ema = EMA(self.averaged(), 0.0, ema_images)

    def phases(self) -> list[Phase]:
        """D in every update, then G in every ``d_steps``-th one, ``g_steps`` times."""
        judge, note = [self.discriminator], "loss_d: loss_d_real + loss_d_fake, as eq. 1 has it"
        if self.objective.compares:
            note = "loss_d: loss_d_pair, of a real and a fake one"
        note += "; and the penalties by their weights" if self.objective.penalties.any else ""
        judging, d_loss, own = self.discriminator_terms, self.discriminator_loss, self.d_optimizer
        return [
            Phase("d", judge, judging, d_loss, detached=True, optimizer=own, note=note),
            Phase("g", [self.generator], self.generator_terms, every=self.d_steps, times=self.g_steps),
        ]

    def ended(self) -> Collection[str]:
        """The penalties, once their weight is 0."""
        return self.objective.ended("loss_d_{}")

    def on_train_start(self) -> None:
        """Put weights and optimiser states into the memory format for the device."""
        self.objective.step.settle(self.children(), self.trainer.optimizers, self.device)

    def averaged(self) -> dict[str, nn.Module]:
        """The generator."""
        return {"generator": self.generator}

    def given(self, label: Tensor | None) -> tuple[Tensor, ...]:
        """The labels as the networks take them, [B, K]; of a model without, nothing."""
        return (encoded_labels(label, self.spec, self.weight_dtype),) if self.needs else ()

    @property
    def offset_is_free(self) -> bool:
        """Whether a constant added to D's output changes nothing: then 0 has no meaning."""
        return self.objective.loss in OFFSET_FREE

    def real(self, batch: Images | Points) -> Tensor:
        """The batch's real data as input of D. -> [B, *shape]."""
        return batch.x if isinstance(batch, Points) else signed(batch.image)

    def shared(self, batch: Images | Points, noise: Noise) -> Shared:
        """The fakes G(z), [B, *shape], of the labels of the real ones."""
        z = noise.normal("z", len(batch[0]), self.latent_dim)
        return {"fake": self.working()["generator"](z, *self.given(batch.label))}

    def discriminator_terms(self, batch: Images | Points, shared: Shared, noise: Noise) -> Terms:
        """The parts of loss_d; D's probabilities for real and fake, and its accuracy, averaged over patches. [B] each."""
        real, y, count = self.real(batch), self.given(batch.label), len(batch[0])
        found = self.objective.judge(self.discriminator, real, shared["fake"], noise, "D", y=y)
        parts = self.objective.terms(self.discriminator, found, count, noise, "D")
        d_real, d_fake, right = (self.objective.each(value, count) for value in beliefs(self.objective.loss, found))
        return {f"loss_d_{part}": value for part, value in parts.items()} | {
            "d_real": d_real,
            "d_fake": d_fake,
            "d_accuracy": right,
        }

    def discriminator_loss(self, terms: Mapping[str, Any]) -> Any:
        """loss_d: its parts and the weighted penalties, added."""
        return self.objective.discriminator_sum(terms, "loss_d_{}")

    def generator_terms(self, batch: Images | Points, shared: Shared, noise: Noise) -> Terms:
        """loss_g."""
        real, y = self.real(batch) if self.objective.compares else None, self.given(batch.label)
        return {"loss_g": self.objective.generator_loss(self.discriminator, shared["fake"], noise, "D", real=real, y=y)}

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """G(z) for n draws of z."""
        return self.decode(self.draw(n, seed=seed), label=label)

    def draw(self, n: int, *, seed: int | None = None) -> Tensor:
        """Standard normal z."""
        return self.latent_noise(seed, n, self.latent_dim)

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """G(z): [B, D] -> images [B, C, H, W] in [0, 1], or points [B, D'] in the set's coordinates."""
        with self.evaluating():
            made = self.generate(z, label=label)
        return made if self.spec.kind == "points" else made.clamp(0, 1)

    def generate(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """``decode`` with a gradient and in the mode of the moment; images may leave [0, 1] by a rounding."""
        made = self.working()["generator"](z, *self.given(label))
        return made if self.spec.kind == "points" else unsigned(made)

    def judge(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """D's log-odds of x being real, or what stands for them, averaged over patches; of a pack, that of x beside itself.

        [B, *shape], images in [0, 1] or points -> [B].
        """
        shown = (x if self.spec.kind == "points" else signed(x), *self.given(label))
        with self.evaluating():
            scores = self.discriminator(*(torch.cat([one] * self.objective.pack, 1) for one in shown))
        return per_image(log_odds(self.objective.loss, scores))

    def notes(self) -> list[str]:
        """What is unusual of the game."""
        loss, penalty = self.objective.loss, self.objective.penalties.lambda_gp
        more = f"model.lambda_gp was made for the loss wasserstein; with {loss} it is allowed, and rarely needed"
        return [*super().notes(), *([more] if penalty and loss != "wasserstein" else [])]
