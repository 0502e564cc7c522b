"""Distances between the feature distributions of generated and real images: FID, KID and others."""

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
    """Distances between two sets of features; ``names`` are the prefixes of the metric names."""

    names: ClassVar[tuple[str, ...]]

    def __call__(self, real: RealFeatures, fake: Tensor) -> dict[str, float]:
        """``real``: features of real images. ``fake``: of generated images, [count, d], on the device to compute on."""
        ...


@dataclass
class Distance(Evaluator):
    """``fid_<extractor>_<count>`` and similar metrics of samples or translations against real images.

    The name continues with ``_<split>`` if ``against`` is set, then, for two domains, ``_AtoB``, ``_BtoA`` or ``_mean``
    (the mean over both directions).

    Args:
        measure: FID, KID …
        extractor: computes the features.
        val_samples: generated images in validation; for translations, the maximum per direction; 0: none.
        test_samples: the same in the test.
        val_at_most: skip in validation if there would be more generated images than this; null: never skip.
        against: the split of the real images; null: the split that is measured.
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
        """Generated images; for translations, the maximum per direction."""
        count = now.limited(self.val_samples, self.test_samples)
        left_out = now.stage == "val" and self.val_at_most is not None and count > self.val_at_most
        return 0 if left_out else count

    def name(self, now: Evaluation, beginning: str, count: float, end: str) -> str:
        """The full name of a metric."""
        against = f"_{self.against}" if self.against else ""
        return f"{beginning}_{extractor_name(self.extractor, now.prepared.spec)}_{count:.0f}{against}{end}"

    def names(self, now: Evaluation) -> set[str]:
        """The metric names of each direction, and of their mean."""
        counts = {way.suffix: min(self.count(now), inputs) for way, inputs in now.inputs().items()}
        if len(counts) > 1:
            counts["_mean"] = sum(counts.values())
        return {self.name(now, n, count, end) for end, count in counts.items() for n in self.measure.names}

    def real(self, now: Evaluation, way: Way) -> RealFeatures:
        """The features that generated images are compared with."""
        return now.real(self.extractor, self.against or now.split, way.target)

    def require(self, now: Evaluation) -> None:
        """Refuse fewer than two real images: they have no covariance.

        Raises:
            DataError: with the remedy.
        """
        for split in {now.split, self.against or now.split}:
            if min(map(len, now.prepared.columns[split].values())) < 2:
                names = " and ".join(name.upper() for name in self.measure.names)
                remedy = f"Go without: metrics.{now.stage}_samples=0"
                raise DataError(f"Fewer than 2 real images in {split}: too few for {names}. {remedy}")

    def notes(self, now: Evaluation) -> list[str]:
        """Of features without a meaning, and of fewer images than features: their covariance has not full rank."""
        extractor, columns = now.extractors.get(self.extractor), now.prepared.columns[self.against or now.split]
        made = min(self.count(now), *now.inputs().values())
        images = int(min(made, *(len(columns[way.target]) for way in now.inputs())))
        few = (
            f"FID, KID: {images:,} images in {now.stage}, fewer than the {extractor.num_features:,} features of each: "
            "such numbers say little, and compare only with those of the same count"
        )
        random = "FID, KID by random features: they compare runs on the same images; their size means nothing"
        said = {random: extractor.name == "random", few: images < extractor.num_features}
        return [note for note, is_so in said.items() if is_so]

    def begin(self, now: Evaluation) -> None:
        """Request the generated features; one rank computes the real ones while the others wait."""
        now.generated.ask(now.extractor(self.extractor), self.count(now))
        for way in now.inputs():
            self.real(now, way).ensure()

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The metrics of each direction, and their mean if there are two."""
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
