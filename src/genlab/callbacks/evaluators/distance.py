"""Distances between generated and real images as distributions: FID, KID, and any other measure on two sets of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from torch import Tensor

from genlab.callbacks.evaluators.evaluator import Evaluation, Evaluator
from genlab.callbacks.translations import Way
from genlab.config.types import ExtractorChoice, NonNegativeInt, SampleCount
from genlab.contracts import DataError, Samples, Split, Translates
from genlab.metrics.extractors.choose import extractor_name
from genlab.metrics.extractors.real_features import RealFeatures


class Measure(Protocol):
    """Numbers of two clouds of features, under these beginnings of names."""

    names: ClassVar[tuple[str, ...]]

    def __call__(self, real: RealFeatures, fake: Tensor) -> dict[str, float]:
        """``real``: of real images. ``fake``: of generated images, [count, d], wherever it is to be computed."""
        ...


@dataclass
class Distance(Evaluator):
    """``fid_<extractor>_<count>`` and its like, of samples or translations against real images.

    ``_<split>`` follows the count where ``against`` names one, then the direction of translations between two domains
    (``_AtoB``, ``_BtoA``), or ``_mean``: the mean over both.

    Args:
        measure: FID, KID …
        extractor: what both crowds are looked at with.
        val_samples: generated images in validation, of translations at most so many each way; 0: none.
        test_samples: the same in the test.
        val_at_most: not measured in validation where there would be more images than these; null: always.
        against: the split whose real images are compared; null: the one that is measured.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Samples, "pairs": Translates, "domains": Translates}

    measure: Measure
    extractor: ExtractorChoice
    val_samples: SampleCount
    test_samples: SampleCount
    val_at_most: NonNegativeInt | None
    against: Split | None

    def count(self, now: Evaluation) -> int:
        """Generated images, each way at most."""
        count = now.limited(self.val_samples, self.test_samples)
        left_out = now.stage == "val" and self.val_at_most is not None and count > self.val_at_most
        return 0 if left_out else count

    def name(self, now: Evaluation, beginning: str, count: float, end: str) -> str:
        """A number's name."""
        against = f"_{self.against}" if self.against else ""
        return f"{beginning}_{extractor_name(self.extractor, now.prepared.spec)}_{count:.0f}{against}{end}"

    def names(self, now: Evaluation) -> set[str]:
        """Each way."""
        counts = {way: min(self.count(now), inputs) for way, inputs in now.inputs().items()}
        return {self.name(now, n, count, way.suffix) for way, count in counts.items() for n in self.measure.names}

    def real(self, now: Evaluation, way: Way) -> RealFeatures:
        """What generated images are compared with."""
        return now.real(self.extractor, self.against or now.split, way.target)

    def require(self, now: Evaluation) -> None:
        """Refuse fewer than two images: they have no covariance.

        Raises:
            DataError: with the remedy.
        """
        for split in {now.split, self.against or now.split}:
            if min(map(len, now.prepared.columns[split].values())) < 2:
                names = " and ".join(name.upper() for name in self.measure.names)
                remedy = f"Go without: metrics.{now.stage}_samples=0"
                raise DataError(f"Fewer than 2 real images in {split}: too few for {names}. {remedy}")

    def begin(self, now: Evaluation) -> None:
        """Ask for the generated ones; the real ones are made ready by one rank while the others wait."""
        now.generated.ask(now.extractor(self.extractor), self.count(now))
        for way in now.inputs():
            self.real(now, way).ensure()

    def finish(self, now: Evaluation) -> dict[str, float]:
        """By name, each way, and the mean over two ways."""
        values: dict[str, float] = {}
        made = now.generated.of(now.extractor(self.extractor), self.count(now))
        found = {way: self.measure(self.real(now, way), fake.to(now.device)) for way, fake in made.items()}
        for beginning in self.measure.names:
            for way, numbers in found.items():
                name = self.name(now, beginning, len(made[way]), way.suffix)
                values[name] = numbers[beginning]
                now.counts[f"{now.stage}/{name}"] = len(made[way])
                now.counts[f"{now.stage}/{name}_real"] = len(self.real(now, way))
            if len(found) > 1:
                name = self.name(now, beginning, sum(map(len, made.values())), "_mean")
                values[name] = sum(numbers[beginning] for numbers in found.values()) / len(found)
                now.counts[f"{now.stage}/{name}"] = sum(map(len, made.values()))
        return values
