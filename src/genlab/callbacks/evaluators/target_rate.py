"""The fraction of translations that a classifier assigns to the target domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.config.types import ExtractorChoice, NonNegativeInt
from genlab.contracts import Translates


@dataclass
class TargetRate(Evaluator):
    """``target_rate_AtoB``: the fraction of translations that a domain classifier assigns to the target domain.

    ``target_rate_before_AtoB`` is that fraction for the untranslated inputs, i.e. the classifier's error rate.
    """

    needs: ClassVar[dict[Any, Any]] = {"domains": Translates}

    extractor: ClassVar[ExtractorChoice] = "classifier"
    val_samples: NonNegativeInt
    test_samples: NonNegativeInt

    def count(self, now: Evaluation) -> int:
        """Largest number of translations per direction."""
        return now.limited(self.val_samples, self.test_samples)

    def names(self, now: Evaluation) -> set[str]:
        """The rates of each direction."""
        return {f"{name}{way.suffix}" for way in now.inputs() for name in ("target_rate", "target_rate_before")}

    def begin(self, now: Evaluation) -> None:
        """Request the translations; one rank computes the features of their inputs while the others wait."""
        extractor = now.extractor(self.extractor)
        now.generated.ask(extractor, self.count(now))
        for way in now.inputs():
            now.real(self.extractor, now.split, way.source).ensure()

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The rates of each direction, after and before translation."""
        extractor, values = now.extractor(self.extractor), {}
        for way, fake in now.generated.of(extractor, self.count(now)).items():
            inputs = now.real(self.extractor, now.split, way.source).features[: len(fake)]
            for name, features in {"target_rate": fake, "target_rate_before": inputs}.items():
                values[f"{name}{way.suffix}"] = extractor.share_of("ab".index(way.target), features)
        return values
