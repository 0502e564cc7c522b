"""What a model that chooses its training images would see next: the share of each class, and the images that come most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab import images
from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.config.types import PositiveInt
from genlab.contracts import ChoosesImages
from genlab.inference.encoded import batches
from genlab.models.base.distributed import rank, world_size
from genlab.runs.writing import attempt


@dataclass
class Resampling(Evaluator):
    """``effective_images`` in the test: Kish's (sum of weights)^2 / sum of squares, how many even draws an epoch is worth.

    The weights are those by which the next epoch would draw. ``tables/resampling.csv`` has a row a class: its training
    images, their share, their share of the draws, and the ratio of the two. ``images/most_drawn.png``: the images that come
    most often, the first one most. A model that draws evenly has an effective number that is the number of its images.

    Args:
        shown: images of the picture.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": ChoosesImages}

    shown: PositiveInt

    def count(self, now: Evaluation) -> float:
        """The training images, whose codes say what is rare; 0 in validation."""
        return now.prepared.spec.sizes["train"] if now.stage == "test" else 0

    def names(self, now: Evaluation) -> set[str]:
        """The one name."""
        return {"effective_images"}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The number, and the table, on rank 0; every rank looks at its share of the training images."""
        count = now.prepared.spec.sizes["train"]
        own = np.arange(count)[rank() :: world_size()]
        weights = now.model.sampling_weights(batches(now.model, now.prepared, "train", own))
        if rank() != 0:
            return {}
        self.weights = torch.ones(count, dtype=torch.float64) if weights is None else weights
        now.counts[f"{now.stage}/effective_images"] = count
        label = now.prepared.labels["train"]
        if label is not None and now.prepared.spec.labels == "classes":
            now.tables["resampling"] = shares(self.weights, torch.from_numpy(np.asarray(label)).long())
        return {"effective_images": float(self.weights.sum() ** 2 / self.weights.square().sum())}

    def leave(self, now: Evaluation, folder: Path) -> None:
        """The images of the largest weights; none where all are alike."""
        if self.weights.min() == self.weights.max():
            return
        most = self.weights.argsort(descending=True, stable=True)[: self.shown]
        shown = torch.cat([batch.image for batch in batches(now.model, now.prepared, "train", most.numpy())])
        path = folder / "images" / "most_drawn.png"
        with attempt(path):
            images.save_png(images.enlarged(images.grid(shown.float().cpu())), path)


def shares(weights: Tensor, label: Tensor) -> list[dict[str, float]]:
    """A row a class that has images: how many, their share, their share of the weights, and the ratio. Both [N]."""
    found = []
    for number in label.unique().tolist():
        own = label == number
        share, drawn = own.double().mean().item(), (weights[own].sum() / weights.sum()).item()
        found.append(
            {"class": number, "images": int(own.sum()), "share": share, "drawn": drawn, "ratio": drawn / share}
        )
    return found
