"""The game between generator and discriminator: loss, penalties, and what the discriminator is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from genlab.contracts import ConfigError, Problem
from genlab.losses.adversarial import (
    OFFSET_FREE,
    SMOOTHED,
    AdversarialLoss,
    discriminator_parts,
    generator_part,
    log_odds,
)
from genlab.losses.precision import at_least_float32, per_image
from genlab.models.base.diffaugment import DiffAugment
from genlab.models.base.distributed import gather_rows
from genlab.models.base.execution import Execution
from genlab.models.base.gradient_penalties import GradientPenalties
from genlab.models.base.noise import Noise
from genlab.models.base.packing import packed, unpacked
from genlab.models.base.parts import WeightAt
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import THE_END, Share, Weight, value_at


class Verdict(NamedTuple):
    """A discriminator's scores, [B, ...] each, or of packs, and what it was shown."""

    of_real: Tensor
    of_fake: Tensor
    real: Tensor
    fake: Tensor
    y: tuple[Tensor, ...]


class AdversarialObjective:
    """The adversarial terms of all discriminators of a model.

    A discriminator is a network of images, [B, C, H, W] (or points, [B, D]), and if it is conditional of labels [B, K].

    Args:
        loss: name of the adversarial loss.
        penalties: on the discriminator's gradient, in training.
        augment: DiffAugment of all that the discriminator sees in training.
        step: execution options.
        at: the model's value of a weight now.
        update: the number of the model's update, from 0.
        label_smoothing: s: in training the target of real images is 1 - s.
        instance_noise: standard deviation of the noise on all that the discriminator sees in training, a number or a schedule
            (Sønderby et al., 2017, arXiv:1610.04490; Arjovsky and Bottou, 2017, arXiv:1701.04862).
        pack: images that the discriminator judges at once.
        top_k: share of the fakes from which the generator learns in training, those with the highest scores (Sinha et al.,
            2020, arXiv:2002.06224).

    Raises:
        ConfigError: a Wasserstein critic without a penalty, whose scores would grow without bound; label smoothing with a loss
            that has no target.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: GradientPenalties,
        augment: DiffAugment,
        step: Execution,
        at: WeightAt = lambda weight: value_at(weight, THE_END),
        update: Callable[[], int] = lambda: 0,
        label_smoothing: float = 0.0,
        instance_noise: Weight = 0.0,
        pack: int = 1,
        top_k: Share = 1.0,
    ) -> None:
        if loss == "wasserstein" and not penalties.any:
            what = "a Wasserstein critic needs a gradient penalty"
            raise ConfigError([Problem("model.lambda_gp", what, "Type: model.lambda_gp=10")])
        if label_smoothing and loss not in SMOOTHED:
            what = f"the loss {loss} has no target that could be smoothed"
            raise ConfigError([Problem("model.label_smoothing", what, "Type: model.label_smoothing=0")])
        self.loss, self.penalties, self.augment, self.step = loss, penalties, augment, step
        self.at, self.update = at, update
        self.label_smoothing, self.instance_noise = label_smoothing, instance_noise
        self.pack, self.top_k = pack, top_k

    @property
    def compares(self) -> bool:
        """Whether the generator's loss needs real images, too."""
        return self.loss == "relativistic"

    # ---- the discriminator -----------------------------------------------------------------------------------------

    def judge(
        self,
        net: nn.Module,
        real: Tensor,
        fake: Tensor,
        noise: Noise,
        name: str,
        images: int = 1,
        y: tuple[Tensor, ...] = (),
    ) -> Verdict:
        """The discriminator's scores.

        Args:
            net: the discriminator.
            real: [B, C, H, W] in [-1, 1].
            fake: [B, C, H, W], detached.
            noise: of the batch.
            name: of the discriminator; part of the key of its random draws.
            images: number of images concatenated along C.
            y: labels of both, [B, K], for a conditional one.
        """
        real = self.shown(net, real, noise, f"real_{name}", images)
        fake = self.shown(net, fake, noise, f"fake_{name}", images)
        y = tuple(packed(one, self.pack) for one in y)
        of_fake, of_real = self.step.batched_call(net, fake, real, beside=y)  # the order in which batch norm meets them
        return Verdict(of_real, of_fake, real, fake, y)

    def discriminator_terms(
        self, net: nn.Module, real: Tensor, fake: Tensor, noise: Noise, name: str, images: int = 1
    ) -> Terms:
        """The discriminator's terms, as ``terms`` has them; arguments as of ``judge``."""
        return self.terms(net, self.judge(net, real, fake, noise, name, images), len(real), noise, name)

    def terms(self, net: nn.Module, found: Verdict, images: int, noise: Noise, name: str) -> Terms:
        """``real`` and ``fake``, or ``pair``; and the penalties that are due. [B] each, of so many ``images``."""
        smoothing = self.label_smoothing if net.training else 0.0
        terms = discriminator_parts(self.loss, found.of_real, found.of_fake, smoothing)
        if net.training and (due := self.penalties.due(self.at, self.update())):
            terms |= self.penalties.terms(due, lambda x: net(x, *found.y), found.real, found.fake, noise, name)
        return {part: self.each(value, images) for part, value in terms.items()}

    def discriminator_sum(self, terms: Mapping[str, Any], name: str = "{}") -> Any:
        """The parts and the weighted penalties, added. ``name``: pattern of the terms' names."""
        parts = [terms[name.format(part)] for part in ("real", "fake", "pair") if name.format(part) in terms]
        return sum([*parts[1:], *self.penalties.weighted(terms, name, self.at)], parts[0])

    def discriminator_loss(self, terms: Mapping[str, Any], name: str = "{}") -> Any:
        """The sum halved, as in the code of pix2pix and CycleGAN."""
        return self.discriminator_sum(terms, name) / 2

    def ended(self, name: str = "{}") -> set[str]:
        """The penalties that weigh nothing now, so that none is computed. ``name``: pattern of the terms' names."""
        penalties = self.penalties
        return {name.format(penalty) for penalty in penalties.weights.keys() - penalties.weighing(self.at)}

    # ---- the generator ---------------------------------------------------------------------------------------------

    def generator_loss(
        self,
        net: nn.Module,
        fake: Tensor,
        noise: Noise,
        name: str,
        images: int = 1,
        real: Tensor | None = None,
        y: tuple[Tensor, ...] = (),
    ) -> Tensor:
        """The generator's adversarial loss, [B]. ``real``: images that ``relativistic`` needs; others as of ``judge``."""
        shown = [self.shown(net, fake, noise, f"wanted_{name}", images)]
        if self.compares and real is not None:
            shown.append(self.shown(net, real, noise, f"beside_{name}", images))
        y = tuple(packed(one, self.pack) for one in y)
        of_fake, *of_real = self.step.batched_call(net, *shown, beside=y)
        loss = generator_part(self.loss, of_fake, of_real[0] if of_real else None)
        return self.each(self.best(loss, per_image(of_fake)) if net.training else loss, len(fake))

    def best(self, loss: Tensor, score: Tensor) -> Tensor:
        """The loss of the fakes with the highest scores of all ranks, scaled to have their mean; 0 of the others. [B].

        Of fakes with the same score, which a discriminator that does not care gives, all are taken or none.
        """
        share = self.at(self.top_k)
        if share >= 1:
            return loss
        every = gather_rows(score.detach())
        least = every.topk(max(1, round(share * len(every)))).values[-1]
        return loss * (score.detach() >= least) / (every >= least).to(loss).mean()

    # ---- what is shown ---------------------------------------------------------------------------------------------

    def shown(self, net: nn.Module, x: Tensor, noise: Noise, purpose: str, images: int) -> Tensor:
        """What the discriminator sees of the images: in training augmented and with noise, and in packs."""
        if net.training:
            x = self.augment(x, noise, purpose, images)
            sigma = self.at(self.instance_noise)
            x = x + sigma * noise.normal(f"instance_{purpose}", *x.shape).to(x) if sigma > 0 else x
        return packed(x, self.pack)

    def each(self, value: Tensor, images: int) -> Tensor:
        """For each image the value of its pack."""
        return unpacked(value, self.pack, images)


def beliefs(loss: AdversarialLoss, found: Verdict) -> tuple[Tensor, Tensor, Tensor]:
    """D's probabilities for real and fake images, and its accuracy, averaged over patches. [B] each.

    With a loss that is ``OFFSET_FREE``, that the real one of a pair is the real one, and that the fake one is.
    """
    real, fake = at_least_float32(found.of_real), at_least_float32(found.of_fake)
    if loss in OFFSET_FREE:
        real, fake = real - fake, fake - real
    real, fake = log_odds(loss, real), log_odds(loss, fake)
    right = 0.5 + (real.sign() - fake.sign()) / 4
    return per_image(real.sigmoid()), per_image(fake.sigmoid()), per_image(right)
