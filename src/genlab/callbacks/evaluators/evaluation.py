"""What a run shares between its evaluators: extractors and real features, and a stage with the state of its pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from genlab.callbacks.recall import Fresh
from genlab.callbacks.samples import SampleFeatures
from genlab.callbacks.translations import WAYS, TranslationFeatures, Way
from genlab.config.types import ExtractorChoice, ResizeRule
from genlab.contracts import Kind, Split
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.choose import Chosen, StatedFiles, choose, make_extractor
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.models.base.totals import Totals

Tables = dict[str, list[dict[str, float]]]


@dataclass
class Extractors:
    """The extractors of a run, trained or loaded from the cache lazily, and the features of real images.

    ``stated``: what the user says of files of weights, by network.
    """

    prepared: PreparedData
    cache_root: Path
    stated: StatedFiles
    made: dict[str, Extractor] = field(default_factory=dict)
    reals: dict[tuple[str, Split, str, int | None], RealFeatures] = field(default_factory=dict)

    def chosen(self, choice: ExtractorChoice, resize: ResizeRule = "antialiased") -> Chosen:
        """The extractor that a choice stands for in this set; nothing is built."""
        return choose(choice, resize, self.prepared.spec, self.stated)

    def get(self, choice: ExtractorChoice, resize: ResizeRule = "antialiased") -> Extractor:
        """The extractor of a choice; ``auto`` is resolved by the data set."""
        chosen = self.chosen(choice, resize)
        if chosen.key not in self.made:
            self.made[chosen.key] = make_extractor(chosen, self.prepared, self.cache_root)
        return self.made[chosen.key]

    def real(self, extractor: Extractor, split: Split, column: str, limit: int | None = None) -> RealFeatures:
        """Features of the real images of a column; of ``limit`` of them, or of all."""
        key = extractor.key, split, column, limit
        if key not in self.reals:
            self.reals[key] = RealFeatures(self.prepared, split, extractor, self.cache_root, column, limit)
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
        tables: rows behind the metrics by the name of their file, for the run's ``tables``.
        recall: what has been computed already.
        others: further sets that evaluators name, by name.
    """

    stage: Split
    split: Split
    model: Any
    prepared: PreparedData
    extractors: Extractors
    counts: dict[str, int]
    tables: Tables
    recall: Fresh
    others: dict[str, PreparedData] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Reset the running totals, the generated features and what was made once."""
        self.totals = Totals()
        self.made: dict[str, Any] = {}  # by ``once``
        is_sampled = self.kind == "images"
        self.generated: SampleFeatures | TranslationFeatures = (
            SampleFeatures(self.model, self.prepared, self.recall) if is_sampled else TranslationFeatures(self.recall)
        )

    @property
    def kind(self) -> Kind:
        """The kind of the data set."""
        return self.prepared.spec.kind

    @property
    def device(self) -> torch.device:
        """A device with float64: the model's, except MPS, for which it is the CPU."""
        return self.model.device if self.model.device.type != "mps" else torch.device("cpu")

    @property
    def has_asides(self) -> bool:
        """Whether anything stands beside the numbers: in the test, with the first of several seeds."""
        return self.stage == "test" and self.recall.replicate == 0

    def extractor(self, choice: ExtractorChoice, resize: ResizeRule = "antialiased") -> Extractor:
        """The extractor, on the model's device."""
        return self.extractors.get(choice, resize).to(self.model.device)

    def real(
        self,
        choice: ExtractorChoice,
        split: Split,
        column: str,
        limit: int | None = None,
        resize: ResizeRule = "antialiased",
    ) -> RealFeatures:
        """Features of the real images of a column; of ``limit`` of them, or of all."""
        return self.extractors.real(self.extractor(choice, resize), split, column, limit)

    def inputs(self) -> dict[Way, float]:
        """Number of images that can be generated per direction: for translations, the number of inputs."""
        columns = self.prepared.columns[self.split]
        return {way: len(columns[way.source]) if way.source else math.inf for way in WAYS[self.kind]}

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What an evaluator makes of the whole split and needs twice: for its metrics, and for what it leaves behind.

        With another seed it is made again only if it drew noise with the first one.
        """
        if name not in self.made:
            self.made[name] = self.recall.batch(name, make)
        return self.made[name]

    def limited(self, val_samples: int, test_samples: int) -> int:
        """Images to generate in this stage; for translations, the maximum per direction."""
        asked = {"val": val_samples, "test": test_samples}[self.stage]
        return int(min(asked, max(self.inputs().values(), default=0)))
