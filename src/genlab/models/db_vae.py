"""Debiasing VAE: Amini et al., 2019, "Uncovering and Mitigating Algorithmic Bias through Learned Latent Structure" (AIES)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from genlab.config.types import NonNegativeInt, PositiveFloat, PositiveInt
from genlab.contracts import ConfigError, DataSpec, Images, LabelKind, Problem
from genlab.losses.precision import at_least_float32
from genlab.models.base.distributed import gather_everywhere
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.labels import required_label
from genlab.models.base.latent_variable import LatentVariableModel
from genlab.models.base.noise import Noise
from genlab.models.base.parts import Objective, Prior
from genlab.models.base.phases import OptimizerFactory, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.rarity import Combine, rarity_weights
from genlab.models.base.schedules import Schedule, Weight
from genlab.nets.by_size import AutoencoderNet


class DBVAE(LatentVariableModel):
    """loss = cross-entropy + 1[image is of ``vae_on``] lambda_vae (recon + beta KL): eq. 1, the classifier on all images.

    One encoder gives the logits of the answers and q(z|x). At the start of each epoch the means of the training images of
    ``vae_on`` say how rare each of them is; they are drawn by it, with replacement, and the other images evenly. So images
    that differ from the many within their class come more often, though nobody has labelled the difference.

    Args:
        latent_dim: D, the size of the code.
        answers: classes of the set that are one answer together, [[0, 2], [1, 3]]; null: each class is an answer.
        vae_on: the number of the answer whose images the VAE learns, and a learned sigma follows; or ``all``.
        lambda_vae: weight of the VAE's loss beside the cross-entropy; ``beta``: of the KL in it.
        resample: whether to draw by rarity; without, it is the classifier to compare with.
        bins: of the histogram of each coordinate; ``smoothing``: alpha, added to the share of images in a bin.
        combine: ``product`` over the coordinates, or ``max``, as in the authors' code.
        cap: the largest weight, in medians.
        likelihood, sigma, objective, prior: as in the VAE.
        net: the network family; ``spec``: the data set, from which it takes its shape and the labels.
        optimizer: over all parameters; ``schedule``: factor on its learning rate; ``seed``: of all noise.
    """

    needs: ClassVar[tuple[LabelKind, ...]] = ("classes",)
    conditional: ClassVar[bool] = False  # labels are for training
    monitor: ClassVar[str] = "val/cross_entropy"
    monitor_goal: ClassVar[Literal["minimize", "maximize"]] = "minimize"

    table: Tensor  # int64 [classes]: the answer that each class belongs to

    def __init__(
        self,
        latent_dim: PositiveInt,
        answers: list[list[NonNegativeInt]] | None,
        vae_on: NonNegativeInt | Literal["all"],
        lambda_vae: Weight,
        beta: Weight,
        resample: bool,
        bins: PositiveInt,
        smoothing: PositiveFloat,
        combine: Combine,
        cap: Annotated[float, Field(ge=1)],
        likelihood: Likelihood,
        sigma: Sigma,
        output_activation: OutputActivation,
        logistic_mixtures: PositiveInt,
        objective: Objective,
        prior: Prior,
        net: AutoencoderNet,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(objective, prior, spec, optimizer, schedule, seed)
        require_single_images(objective, vae_on)
        self.latent_dim = self.noise_size = latent_dim
        self.vae_on, self.lambda_vae, self.beta = vae_on, lambda_vae, beta
        self.resample, self.rarity = resample, (bins, smoothing, combine, cap)
        self.register_buffer("table", answer_table(answers, vae_on, spec), persistent=False)
        self.count = spec.classes if answers is None else len(answers)
        self.encoder = net.encoder(spec.shape, self.count + 2 * latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(latent_dim, self.pixels.output_shape(spec.shape))
        require_single_decoding(self.decoder, vae_on)
        self.objective, self.prior = objective.bound_to(spec), prior.bound_to(latent_dim, spec, self.posterior)

    def terms(self, batch: Images, noise: Noise) -> Terms:
        """loss and cross_entropy; recon, kl and elbo of every image, whether the VAE learns it or not."""
        x, answer = batch.image, self.answer(batch.label)
        learnt, (logits, q) = self.learns(answer), self.both(x)
        z = q.sample(noise.normal("z", len(x), self.objective.samples, self.latent_dim))  # [B, K, D]
        found = self.objective(self.nll(x, z, learnt=learnt), q, self.prior, z, self.at(self.beta), self.at)
        entropy = F.cross_entropy(at_least_float32(logits), answer, reduction="none")
        loss = entropy + learnt * self.at(self.lambda_vae) * found["loss"]
        return found | {"loss": loss, "cross_entropy": entropy} | self.pixels.terms(x, found.get("elbo"))

    def both(self, x: Tensor) -> tuple[Tensor, DiagonalGaussian]:
        """Logits of the answers [B, C], and q(z|x)."""
        logits, mean, logvar = self.encoder(x).split([self.count, self.latent_dim, self.latent_dim], dim=1)
        return logits, DiagonalGaussian(mean, logvar)

    def posterior(self, x: Tensor, *y: Tensor) -> DiagonalGaussian:
        """q(z|x)."""
        return self.both(x)[1]

    def learns(self, answer: Tensor) -> Tensor:
        """Whether the VAE learns images of these answers. [B] -> bool [B]."""
        return torch.ones_like(answer, dtype=torch.bool) if self.vae_on == "all" else answer == self.vae_on

    # ---- the classifier ----------------------------------------------------------------------------------------------

    def answer(self, label: Tensor | None) -> Tensor:
        """The right answers to images of these classes. [B] -> [B]."""
        return self.table[required_label(label, self.spec)]

    def classify(self, x: Tensor) -> Tensor:
        """Log-probabilities of the answers, [B, C]."""
        with self.evaluating():
            return at_least_float32(self.both(x)[0]).log_softmax(1)

    def sampling_weights(self, batches: Iterable[Images]) -> Tensor | None:
        """How often each training image comes in the next epoch, relative to the others. -> float64 [N] on the CPU.

        Collective: every rank gives its own share of the images, in evaluation.
        """
        if not self.resample:
            return None
        own: list[tuple[Tensor, ...]] = []
        for batch in batches:
            with self.evaluating():
                learnt = self.learns(self.answer(batch.label))
                own.append(tuple(t.cpu() for t in (batch.index, learnt, self.posterior(batch.image).mean.float())))
        index, learnt, means = (torch.cat(part) for part in zip(*sum(gather_everywhere(own), []), strict=True))
        order = index.argsort()
        weights, learnt = torch.ones(len(order), dtype=torch.float64), learnt[order]
        if learnt.any():
            weights[learnt] = rarity_weights(means[order][learnt], *self.rarity)
        return weights


def require_single_images(objective: Objective, vae_on: int | Literal["all"]) -> None:
    """Refuse an objective that is one of whole batches where the VAE learns only some of their images.

    Raises:
        ConfigError: with objectives that fit.
    """
    if vae_on != "all" and objective.of_batch:
        what = f"{type(objective).__name__} is of whole batches, and model.vae_on={vae_on} takes some of their images"
        remedy = "Type: model/objective=elbo (or iwae), or model.vae_on=all"
        raise ConfigError([Problem("model.objective", what, remedy)])


def require_single_decoding(decoder: nn.Module, vae_on: int | Literal["all"]) -> None:
    """Refuse batch norm in the decoder where the VAE learns only some images: p(x|z) would be fitted to all of a batch.

    The encoder may have it: it is the classifier's, too, which learns all images, and has one set of statistics for both.

    Raises:
        ConfigError: with the remedy.
    """
    if vae_on != "all" and any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in decoder.modules()):
        what = f"with batch norm the decoder would be fitted to images that model.vae_on={vae_on} keeps from the VAE"
        remedy = "Choose another norm of the decoder, as norm=none or model/net=by_half, or type: model.vae_on=all"
        raise ConfigError([Problem("model.net", what, remedy)])


def astray(listed: list[int], spec: DataSpec) -> str:
    """The classes that a table of answers has too often, or that there are none of, in words; else those that it lacks."""
    twice = sorted({number for number in listed if listed.count(number) > 1})
    beyond = sorted(set(listed) - set(range(spec.classes)))
    lacking = sorted(set(range(spec.classes)) - set(listed))
    found = (("more than once", twice), ("no class", beyond), ("in none", lacking))
    words = [f"{what}: {', '.join(map(str, numbers))}" for what, numbers in found if numbers]
    return f" ({'; '.join(words)})" if words else ""


def answer_table(answers: list[list[int]] | None, chosen: int | str, spec: DataSpec) -> Tensor:
    """The number of the answer that each class belongs to, int64 [classes]. ``answers``: the classes of each; None: one each.

    Raises:
        ConfigError: a class is in none or in several of them, or there is no answer of the number ``chosen``.
    """
    groups = [[number] for number in range(spec.classes)] if answers is None else answers
    listed = sorted(number for group in groups for number in group)
    if listed != list(range(spec.classes)) or not all(groups):
        what = f"each of the {spec.classes} classes of {spec.name} must be in one answer, and each answer have some"
        halves = [list(range(first, spec.classes, 2)) for first in (0, 1)]
        keys = [f"model.answers={table}".replace(" ", "") for table in (answers, halves)]
        raise ConfigError([Problem(keys[0], what + astray(listed, spec), f"Type, for even and odd: {keys[1]}")])
    if isinstance(chosen, int) and chosen >= len(groups):
        what = f"there are the answers 0 … {len(groups) - 1}"
        raise ConfigError([Problem(f"model.vae_on={chosen}", what, "Type: one of them, or model.vae_on=all")])
    table = torch.empty(spec.classes, dtype=torch.int64)
    for number, group in enumerate(groups):
        table[group] = number
    return table
