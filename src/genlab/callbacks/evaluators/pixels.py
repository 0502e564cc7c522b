"""Per-image pixel metrics: errors of reconstructions and translations, and warning signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from genlab.callbacks.evaluators.evaluator import Evaluation, Evaluator, Seen
from genlab.config.types import NonNegativeInt
from genlab.contracts import Reconstructs, Translates
from genlab.metrics.reconstruction import reconstruction_terms, translation_terms
from genlab.metrics.saturation import saturated


@dataclass
class Reconstruction(Evaluator):
    """``mse``, ``psnr``, ``ssim`` of reconstructions."""

    needs: ClassVar[dict[Any, Any]] = {"images": Reconstructs}

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """The three metrics, [B] each."""
        return reconstruction_terms(seen.batch.image.float(), seen.reconstruction)


@dataclass
class PairedTranslation(Evaluator):
    """``psnr``, ``ssim`` of translations against their targets; ``l1`` is among the model's own terms."""

    needs: ClassVar[dict[Any, Any]] = {"pairs": Translates}

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """[B] each."""
        return translation_terms(seen.batch.b.float(), seen.translations[0].y)


@dataclass
class Symptoms(Evaluator):
    """Metrics for the alarms: ``change`` and ``saturated`` of translations, and the same scales for real images.

    ``distance_ab`` is the mean |a - b|: within a pair, or, for two domains, between unrelated images.
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
        few = min(map(len, sides.values()))
        terms = {"distance_ab": (sides["a"][:few] - sides["b"][:few]).abs().flatten(1).mean(1)}
        for made in (made.first(self.count(now)) for made in seen.translations):
            terms[f"change{made.way.suffix}"] = (made.y - made.x).abs().flatten(1).mean(1)
            terms[f"saturated{made.way.suffix}"] = saturated(made.y)
            terms[f"saturated_{made.way.target}"] = saturated(sides[made.way.target])
        return terms
