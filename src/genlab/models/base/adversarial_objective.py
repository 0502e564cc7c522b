"""The adversarial objective of pix2pix and CycleGAN: loss, gradient penalty and augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from genlab.contracts import ConfigError, Problem
from genlab.losses.adversarial import PatchLoss, fake_loss, generator_loss, real_loss
from genlab.losses.penalty import gradient_penalty
from genlab.models.base.diffaugment import Change, DiffAugment
from genlab.models.base.execution import Execution
from genlab.models.base.noise import Noise
from genlab.models.base.phases import Terms


class AdversarialObjective:
    """Adversarial losses shared by all discriminators of a model.

    Args:
        loss: name of the adversarial loss.
        lambda_gp: weight of the gradient penalty; 0: none is computed.
        augment: DiffAugment operations on all discriminator inputs in training.
        step: execution options.

    Raises:
        ConfigError: a Wasserstein critic without a penalty, whose scores would grow without bound.
    """

    def __init__(self, loss: PatchLoss, lambda_gp: float, augment: list[Change], step: Execution) -> None:
        if loss == "wasserstein" and lambda_gp == 0:
            what = "a Wasserstein critic needs a gradient penalty"
            raise ConfigError([Problem("model.lambda_gp", what, "Type: model.lambda_gp=10")])
        self.loss, self.lambda_gp, self.augment, self.step = loss, lambda_gp, DiffAugment(augment), step

    def discriminator_terms(
        self, net: nn.Module, real: Tensor, fake: Tensor, noise: Noise, name: str, images: int = 1
    ) -> Terms:
        """The discriminator's terms, [B] each: ``real``, ``fake`` and, in training with ``lambda_gp`` > 0, ``penalty``.

        Args:
            net: the discriminator.
            real: [B, C, H, W] in [-1, 1].
            fake: [B, C, H, W], detached.
            noise: of the batch.
            name: of the discriminator; part of the key of its random draws.
            images: number of images concatenated along C.
        """
        if net.training:
            real = self.augment(real, noise, f"real_{name}", images)
            fake = self.augment(fake, noise, f"fake_{name}", images)
        of_fake, of_real = self.step.batched_call(net, fake, real)  # the order in which batch norm meets them
        terms = {"real": real_loss[self.loss](of_real), "fake": fake_loss[self.loss](of_fake)}
        if self.lambda_gp > 0 and net.training:
            terms["penalty"] = gradient_penalty(net, real, fake, noise.uniform(f"penalty_{name}", len(real)))
        return terms

    def discriminator_loss(self, terms: Mapping[str, Any], name: str = "{}") -> Any:
        """(real + fake + lambda_gp penalty) / 2: halved as in both papers' code. ``name``: pattern of the terms' names."""
        scores, penalty = terms[name.format("real")] + terms[name.format("fake")], name.format("penalty")
        return (scores + self.lambda_gp * terms[penalty] if penalty in terms else scores) / 2

    def generator_loss(self, net: nn.Module, fake: Tensor, noise: Noise, name: str, images: int = 1) -> Tensor:
        """The generator's adversarial loss. [B, C, H, W] -> [B]; arguments as above."""
        shown = self.augment(fake, noise, f"wanted_{name}", images) if net.training else fake
        return generator_loss[self.loss](net(shown))
