"""Mode coverage and quality of samples, for points drawn from a known mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from genlab.callbacks.evaluators.evaluator import Evaluation, Evaluator
from genlab.callbacks.samples import SEED, labels_for, preserved_rng, sampled
from genlab.config.types import PositiveInt
from genlab.contracts import Samples
from genlab.metrics.modes import mode_coverage


@dataclass
class Modes(Evaluator):
    """``modes`` and ``high_quality`` of new samples; every rank draws the same ones."""

    needs: ClassVar[dict[Any, Any]] = {"points": Samples}

    samples: PositiveInt

    def count(self, now: Evaluation) -> int:
        """0 if the modes of the set are not known."""
        return self.samples if now.prepared.modes is not None else 0

    def names(self, now: Evaluation) -> set[str]:
        """Both."""
        return {"modes", "high_quality"}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """Both metrics."""
        model, modes = now.model, now.prepared.modes
        assert modes is not None
        with preserved_rng(model.device):
            x = sampled(model, self.samples, SEED, labels_for(model, now.prepared, self.samples))
        values = mode_coverage(x, torch.from_numpy(modes.centres).to(x.device), modes.sigma)
        now.counts |= {f"{now.stage}/{name}": self.samples for name in values}
        return values
