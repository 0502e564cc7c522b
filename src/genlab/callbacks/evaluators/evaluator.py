"""Base class of evaluators, and what they look at: each batch with the model's outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.translations import Made, translations_of
from genlab.config.types import PositiveInt
from genlab.contracts import Code, Kind, Samples, Translates
from genlab.models.base.labels import for_model
from genlab.models.base.noise import note_draw, watched_draws


class Seen:
    """A batch with the model's outputs, computed lazily and once for all evaluators.

    ``most``: only the first ``most`` images of the split are translated.
    """

    def __init__(self, model: Any, batch: Any, most: float) -> None:
        self.model, self.batch, self.most = model, batch, most
        self.made: dict[str, tuple[Any, list[str]]] = {}

    @property
    def reconstruction(self) -> Tensor:
        """[B, C, H, W] in [0, 1]."""
        label = for_model(self.model, self.batch.label)
        return self.once("reconstruction", lambda: self.model.reconstruct(self.batch.image, **label).float())

    @property
    def code(self) -> Code:
        """What the images are encoded as."""
        return self.once("code", lambda: self.model.encode(self.batch.image, **for_model(self.model, self.batch.label)))

    @property
    def translations(self) -> list[Made]:
        """The translations of each direction.

        Raises:
            NonFiniteImages: one is not a number.
        """
        return self.once("translations", lambda: translations_of(self.model, self.batch, self.most))

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """The output of this name; everyone who looks at it is told if noise was drawn for it."""
        if name not in self.made:
            with watched_draws() as purposes:
                self.made[name] = make(), purposes
        else:
            for purpose in self.made[name][1]:
                note_draw(purpose)
        return self.made[name][0]


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

    @property
    def has_terms(self) -> bool:
        """Whether it has values for each image."""
        return type(self).terms is not Evaluator.terms

    @property
    def generates(self) -> bool:
        """Whether it looks at generated images."""
        return any(protocol in (Samples, Translates) for protocol in self.needs.values())

    def count(self, now: Evaluation) -> float:
        """Number of images of the stage that it uses; 0: nothing to measure."""
        return math.inf

    def names(self, now: Evaluation) -> set[str]:
        """Its metric names, if they depend on its arguments; two evaluators with the same name are refused."""
        return {type(self).__name__}

    def asides(self, now: Evaluation) -> set[str]:
        """Names of numbers that may stand beside its metrics: error bars, a floor."""
        return set()

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

    def look(self, now: Evaluation, seen: Seen, number: int) -> None:
        """Take what ``finish`` needs of batch ``number``; called in every pass, also where terms are kept."""

    def terms(self, now: Evaluation, seen: Seen) -> dict[str, Tensor]:
        """Values of a batch, [B] each; their mean over the split is reported.

        They must follow from the arguments alone: evaluate.py keeps them, and does not ask for those of a batch twice.
        """
        return {}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """Metrics of the whole split, on rank 0; other ranks may return none."""
        return {}

    def leave(self, now: Evaluation, folder: Path) -> None:
        """Write tables and pictures below ``folder``, on rank 0, after ``finish``."""
