"""Per-image pixel metrics: errors of reconstructions and translations, and warning signs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.config.types import NonNegativeInt, PerceptualNet
from genlab.contracts import Corrupts, DataError, Reconstructs, Translates
from genlab.data.store.columns import heights_and_widths
from genlab.metrics.perceptual import BACKBONES, LPIPS, PATCH, backbone_file
from genlab.metrics.reconstruction import reconstruction_terms, restoration_terms, translation_terms
from genlab.metrics.saturation import saturated

WITHOUT = "without: metrics.lpips=null"


@dataclass
class Reconstruction(Evaluator):
    """``mse``, ``psnr``, ``ssim`` of reconstructions."""

    needs: ClassVar[dict[Any, Any]] = {"images": Reconstructs}

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """The three metrics, [B] each."""
        return reconstruction_terms(seen.batch.image.float(), seen.reconstruction)


@dataclass
class Restored(Evaluator):
    """``psnr_corrupted``, ``psnr_restored`` and ``psnr_gain``, the second less the first, in dB: means over the images.

    Of super-resolution ``psnr_corrupted`` is that of bicubic interpolation.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Corrupts}

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """The three metrics, [B] each."""
        clean = seen.batch.image
        corrupted = seen.model.corrupt(clean, seen.batch.index)
        return restoration_terms(clean, corrupted, seen.model.reconstruct(corrupted))


@dataclass
class PairedTranslation(Evaluator):
    """``psnr``, ``ssim`` of translations against their targets; ``l1`` is among the model's own terms."""

    needs: ClassVar[dict[Any, Any]] = {"pairs": Translates}

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """[B] each."""
        return translation_terms(seen.batch.b.float(), seen.translations[0].y)


@dataclass
class Perceptual(Evaluator):
    """``lpips_<net>``: LPIPS of reconstructions and their images, or of translations and their targets.

    Args:
        net: the network that looks at them.
        weights: the file of its weights; null: where torchvision keeps it. Either must be torchvision's published file.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Reconstructs, "pairs": Translates}

    net: PerceptualNet
    weights: str | None

    def names(self, now: Evaluation) -> set[str]:
        """The one name."""
        return {f"lpips_{self.net}"}

    @cached_property
    def distances(self) -> LPIPS:
        """The network, built when it is first needed.

        Raises:
            ConfigError: the file of its weights is missing, or is another.
        """
        return LPIPS(self.net, backbone_file(self.net, self.weights))

    def require(self, now: Evaluation) -> None:
        """Refuse images that are too small for the network or have too many channels, and build the network.

        Raises:
            DataError: with the remedy.
            ConfigError: the file of the weights is missing, or is another.
        """
        channels, side, least = *compared(now), BACKBONES[self.net].least
        if channels not in (1, 3):
            raise DataError(f"LPIPS compares images of 1 or 3 channels, not of {channels}. Go {WITHOUT}")
        if side < least:
            others = [f"Type: metrics.lpips.net={name}" for name, one in BACKBONES.items() if one.least <= side]
            remedy = f"{others[0]}, or go {WITHOUT}" if others else f"Go {WITHOUT}"
            raise DataError(f"LPIPS, net={self.net}: images of {side} pixels; it takes {least} and more. {remedy}")
        self.begin(now)

    def notes(self, now: Evaluation) -> list[str]:
        """Of images smaller than the patches it was made with."""
        _, side = compared(now)
        told = f"LPIPS: images of {side} pixels; it was made with patches of {PATCH}, and tells less of smaller ones"
        return [told] if side < PATCH else []

    def begin(self, now: Evaluation) -> None:
        """Build the network where it is missing, and move it to the images."""
        self.distances.to(now.model.device)

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """[B]."""
        if now.kind == "pairs":
            return {f"lpips_{self.net}": self.distances(seen.translations[0].y, seen.batch.b)}
        return {f"lpips_{self.net}": self.distances(seen.reconstruction, seen.batch.image)}


def compared(now: Evaluation) -> tuple[int, int]:
    """Channels of the images that are compared with their targets, and the shortest side of any of them."""
    column, spec = now.prepared.columns[now.split]["b" if now.kind == "pairs" else "image"], now.prepared.spec
    sides = now.prepared.augmentation.crop or heights_and_widths(column, np.arange(len(column)))
    return spec.channels("b" if now.kind == "pairs" else "a"), int(np.min(sides))


@dataclass
class Symptoms(Evaluator):
    """Metrics for the alarms: ``change`` and ``saturated`` of translations, and the same scales for real images.

    ``distance_ab`` is the mean |a - b|: within a pair, or, for two domains, between unrelated images, where both have pixels.
    """

    needs: ClassVar[dict[Any, Any]] = {"pairs": Translates, "domains": Translates}

    val_samples: NonNegativeInt
    test_samples: NonNegativeInt

    def count(self, now: Evaluation) -> int:
        """Largest number of translations per direction."""
        return now.limited(self.val_samples, self.test_samples)

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """The metrics, [B] each; for two domains B may differ between them."""
        sides = {"a": seen.batch.a.float(), "b": seen.batch.b.float()}
        a, b = in_common(sides["a"], sides["b"])
        terms = {"distance_ab": (a - b).abs().flatten(1).mean(1)}
        for made in (made.first(self.count(now)) for made in seen.translations):
            terms[f"change{made.way.suffix}"] = (made.y - made.x).abs().flatten(1).mean(1)
            terms[f"saturated{made.way.suffix}"] = saturated(made.y)
            terms[f"saturated_{made.way.target}"] = saturated(sides[made.way.target])
        return terms


def in_common(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """As many images of both, from the upper left as large as the smaller ones. [B, C, H, W] each -> the same shape twice."""
    few, height, width = (min(a.shape[place], b.shape[place]) for place in (0, 2, 3))
    return a[:few, :, :height, :width], b[:few, :, :height, :width]
