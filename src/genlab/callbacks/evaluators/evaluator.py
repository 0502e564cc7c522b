"""Base class of evaluators, and its inputs: the stage, and each batch with the model's outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from genlab.callbacks.samples import SampleFeatures
from genlab.callbacks.translations import WAYS, Made, TranslationFeatures, Way, translations_of
from genlab.config.types import ExtractorChoice, PositiveInt
from genlab.contracts import Kind, Split
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.choose import Extractor, extractor_name, make_extractor
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.models.base.labels import for_model
from genlab.models.base.totals import Totals


@dataclass
class Extractors:
    """The extractors of a run, trained or loaded from the cache lazily, and the features of real images."""

    prepared: PreparedData
    cache_root: Path
    made: dict[str, Extractor] = field(default_factory=dict)
    reals: dict[tuple[str, Split, str], RealFeatures] = field(default_factory=dict)

    def get(self, choice: ExtractorChoice) -> Extractor:
        """The extractor of a name; ``auto`` is resolved by the data set."""
        name = extractor_name(choice, self.prepared.spec)
        if name not in self.made:
            self.made[name] = make_extractor(name, self.prepared, self.cache_root)
        return self.made[name]

    def real(self, extractor: Extractor, split: Split, column: str) -> RealFeatures:
        """Features of all real images of a column."""
        key = extractor.name, split, column
        if key not in self.reals:
            self.reals[key] = RealFeatures(self.prepared, split, extractor, self.cache_root, column)
        return self.reals[key]


@dataclass
class Evaluation:
    """A stage of a run, with the state that its evaluators share.

    Args:
        stage: ``val`` or ``test``, the prefix of the metrics.
        split: the images used; ``evaluate.py`` may test on another split than ``test``.
        model: the model to measure.
        prepared: the data.
        extractors: of the run.
        counts: number of images behind each metric, for ``summary.json``.
    """

    stage: Split
    split: Split
    model: Any
    prepared: PreparedData
    extractors: Extractors
    counts: dict[str, int]

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Reset the running totals and the generated features."""
        self.totals = Totals()
        is_sampled = self.kind == "images"
        self.generated = SampleFeatures(self.model, self.prepared) if is_sampled else TranslationFeatures()

    @property
    def kind(self) -> Kind:
        """The kind of the data set."""
        return self.prepared.spec.kind

    @property
    def device(self) -> torch.device:
        """A device with float64: the model's, except MPS, for which it is the CPU."""
        return self.model.device if self.model.device.type != "mps" else torch.device("cpu")

    def extractor(self, choice: ExtractorChoice) -> Extractor:
        """The extractor, on the model's device."""
        return self.extractors.get(choice).to(self.model.device)

    def real(self, choice: ExtractorChoice, split: Split, column: str) -> RealFeatures:
        """Features of the real images of a column."""
        return self.extractors.real(self.extractor(choice), split, column)

    def inputs(self) -> dict[Way, float]:
        """Number of images that can be generated per direction: for translations, the number of inputs."""
        columns = self.prepared.columns[self.split]
        return {way: len(columns[way.source]) if way.source else math.inf for way in WAYS[self.kind]}

    def limited(self, val_samples: int, test_samples: int) -> int:
        """Images to generate in this stage; for translations, the maximum per direction."""
        asked = {"val": val_samples, "test": test_samples}[self.stage]
        return int(min(asked, max(self.inputs().values(), default=0)))


class Seen:
    """A batch with the model's outputs, computed lazily and once for all evaluators.

    ``most``: only the first ``most`` images of the split are translated.
    """

    def __init__(self, model: Any, batch: Any, most: float) -> None:
        self.model, self.batch, self.most = model, batch, most

    @cached_property
    def reconstruction(self) -> Tensor:
        """[B, C, H, W] in [0, 1]."""
        return self.model.reconstruct(self.batch.image, **for_model(self.model, self.batch.label)).float()

    @cached_property
    def translations(self) -> list[Made]:
        """The translations of each direction."""
        return translations_of(self.model, self.batch, self.most)


@dataclass
class Evaluator:
    """Computes metrics besides the model's own terms. A subclass sets ``needs`` and overrides ``terms`` or ``finish``.

    Args:
        every_n_epochs: run in the validation of every n-th epoch and of the last; the test always runs it.
        headline: name prefixes of metrics shown after an epoch (of two directions only the mean) and at the end.
    """

    needs: ClassVar[Mapping[Kind, Any]] = {}  # by the kind of the set, the protocol that the model must have

    every_n_epochs: PositiveInt
    headline: list[str]

    def count(self, now: Evaluation) -> float:
        """Number of images of the stage that it uses; 0: nothing to measure."""
        return math.inf

    def names(self, now: Evaluation) -> set[str]:
        """Its metric names, if they depend on its arguments; two evaluators with the same name are refused."""
        return {type(self).__name__}

    def require(self, now: Evaluation) -> None:
        """Refuse before the first batch what could not be computed after the last.

        Raises:
            DataError: with the remedy.
        """

    def notes(self, now: Evaluation) -> list[str]:
        """Sentences on how far its metrics can be trusted, printed when a run starts."""
        return []

    def begin(self, now: Evaluation) -> None:
        """Request the features to collect during the pass over the split."""

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """Values of a batch, [B] each; their mean over the split is reported."""
        return {}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """Metrics of the whole split, on rank 0; other ranks may return none."""
        return {}
