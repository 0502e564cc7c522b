"""The base of evaluators, and what they receive: the stage being evaluated, and each batch with the model's outputs."""

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
    """The extractors of a run, made or read from the cache when they are first asked for, and the real images' features."""

    prepared: PreparedData
    cache_root: Path
    made: dict[str, Extractor] = field(default_factory=dict)
    reals: dict[tuple[str, Split, str], RealFeatures] = field(default_factory=dict)

    def get(self, choice: ExtractorChoice) -> Extractor:
        """By its name, or by ``auto``."""
        name = extractor_name(choice, self.prepared.spec)
        if name not in self.made:
            self.made[name] = make_extractor(name, self.prepared, self.cache_root)
        return self.made[name]

    def real(self, extractor: Extractor, split: Split, column: str) -> RealFeatures:
        """Of every real image of a column."""
        key = extractor.name, split, column
        if key not in self.reals:
            self.reals[key] = RealFeatures(self.prepared, split, extractor, self.cache_root, column)
        return self.reals[key]


@dataclass
class Evaluation:
    """One evaluation (val or test), and what its evaluators share.

    Args:
        stage: whose numbers they are, ``val`` or ``test``.
        split: the images that are gone over; ``evaluate.py`` may test on another split than ``test``.
        model: what is measured.
        prepared: the data.
        extractors: of the run.
        counts: how many images are behind a number, by its name; for ``summary.json``.
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
        """Nothing has been collected yet."""
        self.totals = Totals()
        is_sampled = self.kind == "images"
        self.generated = SampleFeatures(self.model, self.prepared) if is_sampled else TranslationFeatures()

    @property
    def kind(self) -> Kind:
        """Of the data."""
        return self.prepared.spec.kind

    @property
    def device(self) -> torch.device:
        """Where numbers in double precision can be computed, the model's device if that can."""
        return self.model.device if self.model.device.type != "mps" else torch.device("cpu")

    def extractor(self, choice: ExtractorChoice) -> Extractor:
        """Where the model is."""
        return self.extractors.get(choice).to(self.model.device)

    def real(self, choice: ExtractorChoice, split: Split, column: str) -> RealFeatures:
        """Features of the real images of a column."""
        return self.extractors.real(self.extractor(choice), split, column)

    def inputs(self) -> dict[Way, float]:
        """How many images can be generated, by way: of translations as many as there are to translate."""
        columns = self.prepared.columns[self.split]
        return {way: len(columns[way.source]) if way.source else math.inf for way in WAYS[self.kind]}

    def limited(self, val_samples: int, test_samples: int) -> int:
        """Images to be generated in this stage, each way at most."""
        asked = {"val": val_samples, "test": test_samples}[self.stage]
        return int(min(asked, max(self.inputs().values(), default=0)))


class Seen:
    """A batch, and what the model makes of it: made once, however many evaluators look.

    ``most``: translations are made of the first so many images of the split.
    """

    def __init__(self, model: Any, batch: Any, most: float) -> None:
        self.model, self.batch, self.most = model, batch, most

    @cached_property
    def reconstruction(self) -> Tensor:
        """[B, C, H, W] in [0, 1]."""
        return self.model.reconstruct(self.batch.image, **for_model(self.model, self.batch.label)).float()

    @cached_property
    def translations(self) -> list[Made]:
        """Each way."""
        return translations_of(self.model, self.batch, self.most)


@dataclass
class Evaluator:
    """Numbers of a model besides its own terms. A new one says what it ``needs``, and has ``terms`` or ``finish``.

    Args:
        every_n_epochs: measured in the validation of every n-th epoch, and of the last; the test always measures.
        headline: the screen shows numbers whose names begin so, after an epoch (but for one direction of two) and at the
            end of a run.
    """

    needs: ClassVar[Mapping[Kind, Any]] = {}  # by the kind of the set, the protocol that the model must have

    every_n_epochs: PositiveInt
    headline: list[str]

    def count(self, now: Evaluation) -> float:
        """How many images of the stage it looks at; 0: it has nothing to measure."""
        return math.inf

    def names(self, now: Evaluation) -> set[str]:
        """What its numbers are called, if it depends on its arguments: two evaluators with one name are refused."""
        return {type(self).__name__}

    def require(self, now: Evaluation) -> None:
        """Refuse, before the first batch, what could not be measured after the last.

        Raises:
            DataError: with the remedy.
        """

    def begin(self, now: Evaluation) -> None:
        """Ask for what must be collected while the split is gone over."""

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """Numbers of a batch, [B] each, of which the mean over the split is reported."""
        return {}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """Numbers of the whole split, on rank 0; the other ranks may return none."""
        return {}
