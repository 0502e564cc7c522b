"""Compares a linear autoencoder with the principal components of the training images."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.config.types import PositiveInt
from genlab.contracts import IsAffine
from genlab.data.store.module import StoreData
from genlab.figures import FAINT, INK, figure
from genlab.files import temporary
from genlab.metrics.subspaces import affine_error, cosines, gram, largest_cosine, principal_angles
from genlab.models.base.distributed import rank
from genlab.nets.principal_components import moments, principal_components
from genlab.runs.writing import attempt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, HIGH, SIDE, LEFT, FOOT = 580, 520, 400, 70, 56  # pixels: of the Gram matrix's picture, and of the square in it


@dataclass
class Subspace(Evaluator):
    """Angles between the decoder's columns and as many principal components, and errors on all training images.

    ``principal_angle_max``, ``principal_angle_mean`` in degrees; ``mse_train`` of the model and ``mse_train_pca``, which no
    linear code of its size undercuts, unclipped; ``decoder_cosine_max``, 0 for orthogonal columns. The decoder's Gram
    matrix is written to ``tables/decoder_gram.json`` and ``.png`` of a run.

    Args:
        most: pixels of an image; larger ones are not compared, for their second moments take pixels^2 numbers.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": IsAffine}

    most: PositiveInt
    sums: Tensor | None = field(default=None, init=False)  # moments of the training images

    def count(self, now: Evaluation) -> float:
        """0 for images that are too large."""
        return math.inf if math.prod(now.prepared.spec.shape) <= self.most else 0

    def names(self, now: Evaluation) -> set[str]:
        """All five."""
        angles = {"principal_angle_max", "principal_angle_mean"}
        return angles | {"mse_train", "mse_train_pca", "decoder_cosine_max"}

    @torch.no_grad()
    def finish(self, now: Evaluation) -> dict[str, float]:
        """The metrics, on rank 0."""
        if rank() != 0:
            return {}
        maps = now.model.affine()
        sums = self.moments(now)
        least = principal_components(sums, maps.decoder.shape[1])
        angles = principal_angles(maps.decoder.to(sums.device), least.basis)
        table = gram(maps.decoder)
        pca = (least.total - least.variances.sum()) / len(least.mean)
        values = torch.stack([angles.max(), angles.mean(), affine_error(maps, sums), pca]).tolist()
        names = ("principal_angle_max", "principal_angle_mean", "mse_train", "mse_train_pca")
        return {**dict(zip(names, values, strict=True)), "decoder_cosine_max": float(largest_cosine(table))}

    def moments(self, now: Evaluation) -> Tensor:
        """Those of the training images, on the model's device, computed once."""
        if self.sums is None:
            data = StoreData(now.prepared, 1, 0)
            batches: Any = data.as_in_evaluation("train", now.model.device)
            self.sums = sum(
                (moments(batch.image.flatten(1)) for batch in batches), torch.zeros((), dtype=torch.float64)
            )
        return self.sums

    def leave(self, now: Evaluation, folder: Path) -> None:
        """The Gram matrix as a table, and as a picture of its absolute cosines."""
        table = gram(now.model.affine().decoder)
        file = folder / "tables" / "decoder_gram.json"
        with attempt(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(table.tolist()) + "\n")
            with temporary(file.with_suffix(".png")) as part:
                picture(table).savefig(part, format="png")


def picture(table: Tensor) -> Figure:
    """The |cosine| of every two columns of the decoder, from their Gram matrix [D, D]."""
    from matplotlib.ticker import MaxNLocator

    made = figure(WIDE, HIGH)
    axes = made.add_axes((LEFT / WIDE, FOOT / HIGH, SIDE / WIDE, SIDE / HIGH))
    shown = axes.imshow(cosines(table).abs().cpu().numpy(), cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title("|cosine| of every two columns of the decoder", size=12, color=INK, loc="left", pad=22)
    told = f"largest of two: {float(largest_cosine(table)):.2g}; 0 where they are orthogonal, as PCA's are"
    axes.annotate(told, (0, 1), (0, 7), "axes fraction", textcoords="offset points", size=9, color=FAINT)
    bar = made.colorbar(shown, cax=made.add_axes(((LEFT + SIDE + 24) / WIDE, FOOT / HIGH, 16 / WIDE, SIDE / HIGH)))
    bar.set_label("|cosine|", size=10, color=INK)
    bar.outline.set_edgecolor("#cccccc")
    axes.set_xlabel("dimension of the code", size=10, color=INK)
    axes.set_ylabel("dimension of the code", size=10, color=INK)
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_locator(MaxNLocator(10, integer=True))
    for one in (axes, bar.ax):
        one.tick_params(labelsize=9, colors=FAINT, length=0)
    axes.spines[:].set_color("#cccccc")
    return made
