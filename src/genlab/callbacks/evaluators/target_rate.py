"""How many translations pass for images of the other domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from genlab.callbacks.evaluators.evaluator import Evaluation, Evaluator
from genlab.config.types import ExtractorChoice, NonNegativeInt
from genlab.contracts import Translates


@dataclass
class TargetRate(Evaluator):
    """``target_rate_AtoB``: the share of translations that a classifier of the two domains takes for the target.

    ``target_rate_before_AtoB`` is the share of the inputs themselves that it takes for the target: its mistakes.
    """

    needs: ClassVar[dict[Any, Any]] = {"domains": Translates}

    extractor: ClassVar[ExtractorChoice] = "classifier"
    val_samples: NonNegativeInt
    test_samples: NonNegativeInt

    def count(self, now: Evaluation) -> int:
        """Translations, each way at most."""
        return now.limited(self.val_samples, self.test_samples)

    def begin(self, now: Evaluation) -> None:
        """Ask for the translations; one rank makes the features of their inputs ready while the others wait."""
        extractor = now.extractor(self.extractor)
        now.generated.ask(extractor, self.count(now))
        for way in now.inputs():
            now.real(self.extractor, now.split, way.source).ensure()

    def finish(self, now: Evaluation) -> dict[str, float]:
        """Each way, after and before."""
        extractor, values = now.extractor(self.extractor), {}
        for way, fake in now.generated.of(extractor, self.count(now)).items():
            inputs = now.real(self.extractor, now.split, way.source).features[: len(fake)]
            for name, features in {"target_rate": fake, "target_rate_before": inputs}.items():
                values[f"{name}{way.suffix}"] = extractor.share_of("ab".index(way.target), features)
        return values
