"""Mode coverage and quality of samples, for points drawn from a known mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.callbacks.samples import labels_for, preserved_rng, sampled, seed_of_chunk
from genlab.callbacks.translations import require_finite
from genlab.config.types import PositiveInt
from genlab.contracts import Samples
from genlab.metrics.modes import assign


@dataclass
class Modes(Evaluator):
    """``modes``, ``high_quality`` and ``modes_kl`` of new samples; every rank draws the same ones.

    The table ``modes`` has the samples of each mode.
    """

    needs: ClassVar[dict[Any, Any]] = {"points": Samples}

    samples: PositiveInt

    def count(self, now: Evaluation) -> int:
        """0 if the modes of the set are not known."""
        return self.samples if now.prepared.modes is not None else 0

    def names(self, now: Evaluation) -> set[str]:
        """All three."""
        return {"modes", "high_quality", "modes_kl"}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The metrics; without ``modes_kl`` where no sample is good."""
        model, modes = now.model, now.prepared.modes
        assert modes is not None
        with preserved_rng(model.device):
            x = now.recall.drawn(f"points-{self.samples}", lambda: self.draw(now)).to(model.device)
        found = assign(x, torch.from_numpy(modes.centres).to(x.device), modes.sigma)
        both = enumerate(zip(found.samples.tolist(), found.good.tolist(), strict=True))
        now.tables["modes"] = [
            {"mode": mode, "samples": count, "good": good, "wanted": 1 / len(modes.centres)}
            for mode, (count, good) in both
        ]
        now.counts |= {f"{now.stage}/{name}": self.samples for name in found.coverage}
        return found.coverage

    def draw(self, now: Evaluation) -> Tensor:
        """The samples, [samples, D].

        Raises:
            NonFiniteImages: one is not a number.
        """
        labels = labels_for(now.model, now.prepared, self.samples)
        x = sampled(now.model, self.samples, seed_of_chunk(0, now.recall.replicate), labels)
        require_finite(x, f"samples 0 to {self.samples - 1}")
        return x
