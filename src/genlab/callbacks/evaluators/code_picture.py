"""Where the codes of images lie in the plane, coloured by class: a table and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.evaluators.code_scatter import Panel, code_scatter
from genlab.callbacks.evaluators.evaluation import Evaluation, Tables
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.callbacks.evaluators.selection import will_sample
from genlab.callbacks.samples import seed_of_chunk
from genlab.config.types import PositiveInt
from genlab.contracts import DataSpec, Draws, Encodes
from genlab.data.store.order import repeated
from genlab.files import temporary
from genlab.models.base.code_mixture import SamplesCodes
from genlab.models.base.distributed import gather_by_rank
from genlab.nets.principal_components import Components, moments, principal_components
from genlab.runs.writing import attempt

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class CodePicture(Evaluator):
    """``images/codes.png`` and ``tables/codes.csv`` in the test: the plane of codes, coloured by class.

    Of a set without classes all have one colour, and a line says why. Codes of two numbers are shown as they are, beside
    draws of the prior if there is one. Of larger ones the first two principal components are, and
    ``tables/code_variances.csv`` has the variances of all. A code that is a distribution is shown by its mean.

    Args:
        images: at most so many are shown, chosen evenly at random, the same for all models.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Encodes}

    images: PositiveInt

    def count(self, now: Evaluation) -> float:
        """0 in validation."""
        return min(self.images, now.prepared.spec.sizes[now.split]) if now.stage == "test" else 0

    def names(self, now: Evaluation) -> set[str]:
        """It reports no number."""
        return set()

    def begin(self, now: Evaluation) -> None:
        """Choose the images."""
        size = now.prepared.spec.sizes[now.split]
        self.chosen = torch.from_numpy(repeated(size, int(self.count(now)), "codes shown", now.split))
        self.seen: list[dict[str, Tensor]] = []

    def look(self, now: Evaluation, seen: Seen, number: int) -> None:
        """Encode a batch, unless its codes have been kept."""
        index = seen.batch.index.cpu()
        shown = torch.isin(index, self.chosen)

        def codes() -> dict[str, Tensor]:
            return {"index": index[shown], "code": seen.code.mean.flatten(1).float().cpu()[shown]}

        if shown.any():
            self.seen.append(now.recall.batch(f"shown-codes-{self.images}-{number}", codes))

    def finish(self, now: Evaluation) -> dict[str, float]:
        """No numbers; the tables, on rank 0."""
        parts = [part for own in gather_by_rank(self.seen).values() for part in own]
        if not parts:
            return {}
        index, order = torch.cat([part["index"] for part in parts]).sort()
        code = torch.cat([part["code"] for part in parts])[order].double()
        if code.shape[1] < 2:
            return {}
        names, plane = ("z1", "z2"), code
        if code.shape[1] > 2:
            found = principal_components(moments(code), code.shape[1])
            names, plane = ("pc1", "pc2"), (code - found.mean) @ found.basis[:, :2]
            now.tables["code_variances"] = variances(found)
        now.tables["codes"] = rows(index, names, plane, classes(now))
        return {}

    def leave(self, now: Evaluation, folder: Path) -> None:
        """The picture."""
        if "codes" not in now.tables:
            return
        path = folder / "images" / "codes.png"
        with attempt(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary(path) as part:
                self.picture(now).savefig(part, format="png")

    def picture(self, now: Evaluation) -> Figure:
        """The panels, and what their colours are or why there are none."""
        spec = now.prepared.spec
        return code_scatter(self.panels(now), spec.class_names, uncoloured(spec))

    def panels(self, now: Evaluation) -> list[Panel]:
        """The codes, and draws of the prior if it is one of codes of two numbers."""
        table = now.tables["codes"]
        x, y = (name for name in table[0] if name not in ("index", "label"))
        points = np.array([[row[x], row[y]] for row in table])
        labels = np.array([row["label"] for row in table], int) if "label" in table[0] else None
        codes = Panel(f"codes of {len(points):,} {now.split} images", points, labels, axes(now.tables))
        if x != "z1" or not isinstance(now.model, Draws) or not will_sample(now):
            return [codes]
        drawn = now.model.draw(len(points), seed=seed_of_chunk(0, 0)).double().cpu().numpy()
        source = "the mixture fitted to training codes" if isinstance(now.model, SamplesCodes) else "the prior"
        return [codes, Panel(f"{len(points):,} draws of {source}", drawn, None, axes(now.tables))]


def rows(index: Tensor, names: tuple[str, str], plane: Tensor, labels: np.ndarray | None) -> list[dict[str, Any]]:
    """A row an image: its place in the split, two coordinates, and its class if it has one."""
    found = [{"index": i, names[0]: x, names[1]: y} for i, (x, y) in zip(index.tolist(), plane.tolist(), strict=True)]
    return found if labels is None else [row | {"label": int(labels[row["index"]])} for row in found]


def variances(found: Components) -> list[dict[str, Any]]:
    """A row a principal component of the codes: its variance, and the share of the total."""
    values = zip(found.variances.tolist(), (found.variances / found.total).nan_to_num().tolist(), strict=True)
    return [{"component": j + 1, "variance": variance, "share": share} for j, (variance, share) in enumerate(values)]


def classes(now: Evaluation) -> np.ndarray | None:
    """The class of every image of the split; None if labels are none or something else."""
    return now.prepared.labels[now.split] if now.prepared.spec.labels == "classes" else None


def uncoloured(spec: DataSpec) -> str:
    """Why the codes of a set without classes have one colour."""
    if spec.labels == "attributes":
        return f"one colour: {spec.name} has {len(spec.attributes)} attributes, and no classes to colour by"
    return f"one colour: {spec.name} has no labels to colour by"


def axes(tables: Tables) -> tuple[str, str]:
    """The names of the axes; of principal components with their share of the variance."""
    if "code_variances" not in tables:
        return "$z_1$", "$z_2$"
    shares = [row["share"] for row in tables["code_variances"]]
    one, two = (
        f"principal component {j + 1} of {len(shares)} latents: {100 * shares[j]:.0f} % of variance" for j in (0, 1)
    )
    return one, two
