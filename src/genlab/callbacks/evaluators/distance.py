"""Distances between the feature distributions of generated and real images: FID, KID and others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.callbacks.translations import Way
from genlab.config.types import ExtractorChoice, NonNegativeInt, Resamples, ResizeRule, SampleCount
from genlab.contracts import DataError, Samples, Split, Translates
from genlab.metrics.error_bars.asides import Numbers, averaged, compared, is_frechet
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.names import FLOOR, INF, SE, metric_name


class Measure(Protocol):
    """Distances between two sets of features; ``names`` are the beginnings of the metric names.

    Two methods it may have besides: ``fits(extractor, images)`` tells whether it takes features of an extractor of this name,
    and so few images (of the smaller set); where it does not, the evaluator is left out. ``note(fakes, reals)`` tells what a
    reader should know of numbers from so many images, None: nothing.
    """

    names: ClassVar[tuple[str, ...]]

    def __call__(self, real: FeatureSet, fake: FeatureSet, device: torch.device) -> dict[str, float]:
        """Numbers by name, computed on ``device``."""
        ...


@dataclass
class Distance(Evaluator):
    """``fid_<extractor>_<count>`` and similar metrics of samples or translations against real images.

    The name has the number of real images, too, where it is another (``_vs_<count>``), ``_<split>`` if ``against`` is set,
    ``_indicative`` where a FID has too few images (``genlab.metrics.names``), and, for two domains, ``_AtoB``, ``_BtoA`` or
    ``_mean`` (the mean over both directions).

    Args:
        measure: FID, KID …
        extractor: computes the features.
        resize: how images are brought to the size of Inception: part of the name (``fid_tf_…``, ``fid_clean_…``).
        val_samples: generated images in validation; for translations, the maximum per direction; 0: none.
        test_samples: the same in the test.
        val_at_most: skip in validation if there would be more generated images than this; null: never skip.
        against: the split of the real images; null: the split that is measured.
        bootstrap: in the test, how often images are drawn again for the standard error of each number; 0: never.
        floor: in the test, also measure training images in the place of generated ones, as many.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Samples, "pairs": Translates, "domains": Translates}

    measure: Measure
    extractor: ExtractorChoice
    resize: ResizeRule
    val_samples: SampleCount
    test_samples: SampleCount
    val_at_most: NonNegativeInt | None
    against: Split | None
    bootstrap: Resamples
    floor: bool

    def count(self, now: Evaluation) -> int:
        """Generated images; for translations, the maximum per direction."""
        count = now.limited(self.val_samples, self.test_samples)
        left_out = now.stage == "val" and self.val_at_most is not None and count > self.val_at_most
        return 0 if left_out or not self.fits(now, count) else count

    def fits(self, now: Evaluation, count: int) -> bool:
        """Whether the measure takes features of this extractor, and so few images."""
        columns = now.prepared.columns[self.against or now.split]
        images = min(count, *now.inputs().values(), *(len(columns[way.target]) for way in now.inputs()))
        return self.takes(now, int(images))

    def takes(self, now: Evaluation, images: int) -> bool:
        """Whether the measure takes so many features of this extractor."""
        told = getattr(self.measure, "fits", None)
        return told is None or told(now.extractors.chosen(self.extractor, self.resize).name, images)

    def name(self, now: Evaluation, beginning: str, ways: list[Way], end: str) -> str:
        """The full name of a metric over one direction, or over both."""
        extractor, counts = now.extractors.chosen(self.extractor, self.resize), self.counts(now)
        fakes, reals = (sum(counts[way][side] for way in ways) for side in (0, 1))
        look, fewest = (beginning + extractor.suffix, extractor.name), min(min(counts[way]) for way in ways)
        return metric_name(*look, fakes, reals, self.against, is_frechet(self.measure), fewest) + end

    def counts(self, now: Evaluation) -> dict[Way, tuple[int, int]]:
        """Generated and real images of each direction."""
        columns = now.prepared.columns[self.against or now.split]
        return {way: (int(min(self.count(now), n)), len(columns[way.target])) for way, n in now.inputs().items()}

    def names(self, now: Evaluation) -> set[str]:
        """The metric names of each direction, and of their mean."""
        return {self.name(now, n, ways, end) for ways, end in ways_of(now) for n in self.beginnings(now)}

    def beginnings(self, now: Evaluation) -> tuple[str, ...]:
        """The measure's own names, of so few images."""
        told = getattr(self.measure, "names_of", None)
        return told(min(min(both) for both in self.counts(now).values())) if told else self.measure.names

    def asides(self, now: Evaluation) -> set[str]:
        """Error bars, the value at infinitely many images and the floor of each name, where they are asked for."""
        if not now.has_asides:
            return set()
        ends = [SE, *((INF, INF + SE) if is_frechet(self.measure) else ())] if self.bootstrap else []
        return {name + end for name in self.names(now) for end in [*ends, *([FLOOR] if self.floor else [])]}

    def real(self, now: Evaluation, way: Way) -> RealFeatures:
        """The features that generated images are compared with."""
        return now.real(self.extractor, self.against or now.split, way.target, None, self.resize)

    def others(self, now: Evaluation, way: Way) -> RealFeatures | None:
        """Real images for the floor, as many as are generated where there are so many; None: there is no floor."""
        if not now.has_asides or not self.floor:
            return None
        split: Split = "test" if (self.against or now.split) == "train" else "train"
        count = min(self.counts(now)[way][0], len(now.prepared.columns[split][way.target]))
        if count < 2 or not self.takes(now, count):
            return None
        return now.real(self.extractor, split, way.target, count, self.resize)

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
        extractor, counts = now.extractors.get(self.extractor, self.resize), self.counts(now)
        images = min(min(both) for both in counts.values())
        few = (
            f"FID, KID: {images:,} images in {now.stage}, fewer than the {extractor.num_features:,} features of each: "
            "such numbers say little, and compare only with those of the same count"
        )
        random = "FID, KID by random features: they compare runs on the same images; their size means nothing"
        said = {random: extractor.name == "random", few: images < extractor.num_features}
        told = getattr(self.measure, "note", lambda fakes, reals: None)
        own = [told(*both) for both in counts.values()] + [self.note_on_floor(now, way) for way in counts]
        return [note for note, is_so in said.items() if is_so] + [note for note in own if note]

    def note_on_floor(self, now: Evaluation, way: Way) -> str | None:
        """Of a floor of fewer images than are generated, which lies too high."""
        others, made = self.others(now, way), self.counts(now)[way][0]
        if others is None or len(others) == made:
            return None
        return f"floor: of {len(others):,} real images, all there are, beside {made:,} generated: a little too high"

    def begin(self, now: Evaluation) -> None:
        """Request the generated features; one rank computes the real ones while the others wait."""
        now.generated.ask(now.extractor(self.extractor, self.resize), self.count(now))
        for way in now.inputs():
            for real in filter(None, (self.real(now, way), self.others(now, way))):
                real.ensure()

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The metrics of each direction, and their mean if there are two."""
        values: dict[str, float] = {}
        made = now.generated.of(now.extractor(self.extractor, self.resize), self.count(now))
        found = {way: self.compared(now, way, fake) for way, fake in made.items()}
        for ways, end in ways_of(now) if found else []:
            for beginning in self.beginnings(now):
                name = self.name(now, beginning, ways, end)
                values |= {name + more: x for more, x in averaged([found[way][beginning] for way in ways]).items()}
                self.count_images(now, name, ways)
        return values

    def compared(self, now: Evaluation, way: Way, fake: Tensor) -> Numbers:
        """The numbers of a direction by the measure's names, with what stands beside them. ``fake``: features [N, d]."""
        made = FeatureSet(fake, now.extractor(self.extractor, self.resize))
        resamples = self.bootstrap if now.has_asides else 0
        return compared(self.measure, self.real(now, way), made, resamples, self.others(now, way), now.device)

    def count_images(self, now: Evaluation, name: str, ways: list[Way]) -> None:
        """Note how many images are behind a number."""
        counts = self.counts(now)
        now.counts[f"{now.stage}/{name}"] = sum(counts[way][0] for way in ways)
        if len(ways) == 1:
            now.counts[f"{now.stage}/{name}_real"] = counts[ways[0]][1]
            if others := self.others(now, ways[0]):
                now.counts[f"{now.stage}/{name}_floor"] = len(others)


def ways_of(now: Evaluation) -> list[tuple[list[Way], str]]:
    """Each direction alone and, if there are two, both for the mean; with the end of their names."""
    ways = list(now.inputs())
    return [([way], way.suffix) for way in ways] + ([(ways, "_mean")] if len(ways) > 1 else [])
