"""``what=pca_compare``: real images, and what a deep autoencoder, logistic PCA and PCA make of them, with squared errors.

Hinton and Salakhutdinov, 2006 (Science 313), figure 2 B: a random test image of each class, and average squared errors of
3.00, 8.01 and 13.87 for codes of 30 numbers. Any models that reconstruct can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.several import called, require_comparable
from genlab.analysis.base.subject import Subject
from genlab.analysis.reconstructions.compared import Chosen, Reconstruction, chosen, reconstruction
from genlab.analysis.reconstructions.rows import draw_rows
from genlab.config.types import PositiveInt
from genlab.config.what_is_analyzed import LooksAt
from genlab.contracts import Reconstructs
from genlab.panels import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {"pca": "PCA", "logistic_pca": "logistic PCA", "linear_ae": "linear autoencoder", "ae": "autoencoder"}
SIDE, WORDS = 84, 300  # pixels of an image and of the words at its left


@dataclass
class PcaCompare(Analysis):
    """Rows of images in the order of the runs, below the real ones.

    Args:
        images: of the split, at most, over which the errors are means.
        shown: images in the picture: one of each class first.
    """

    looks_at: ClassVar[LooksAt] = "checkpoints"
    needs: ClassVar[tuple[type, ...]] = (Reconstructs,)

    images: PositiveInt
    shown: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """Two models at least, on the same images."""
        require_comparable("pca_compare", subjects, 2, "what several models make of the same images")

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each run; the errors of every image in a further one."""
        real = chosen(subjects[0], self.images, self.shown)
        found = [reconstruction(one, called(one), self.images, real.places) for one in subjects]
        lines = said(found, subjects[0].split)
        metrics = {f"{subjects[0].split}/squared_error_{name}": float(found[i].error.mean()) for i, name in keys(found)}
        counts = dict.fromkeys(metrics, len(found[0].error))
        tables: dict[str, list[Mapping[str, Any]]] = {"pca_compare_images": of_images(found)}
        return Findings(
            [one.row for one in found], drawn(subjects[0], real, found, lines), lines, metrics, counts, {}, tables
        )


def keys(found: Sequence[Reconstruction]) -> list[tuple[int, str]]:
    """A name for each run that differs from the others': its model's where that is enough."""
    models = [one.model for one in found]
    return [
        (i, one.model if models.count(one.model) == 1 else one.name.replace("/", "_")) for i, one in enumerate(found)
    ]


def of_images(found: Sequence[Reconstruction]) -> list[Mapping[str, Any]]:
    """The squared error of each image by each run."""
    names = [one.name for one in found]
    columns = zip(*(one.error.tolist() for one in found), strict=True)
    return [{"image": i, **dict(zip(names, errors, strict=True))} for i, errors in enumerate(columns)]


def said(found: Sequence[Reconstruction], split: str) -> tuple[str, str]:
    """The two lines."""
    count, order = len(found[0].error), sorted(found, key=lambda one: float(one.error.mean()))
    parts = [f"{titled(one)} {one.row['squared_error']:.2f} ± {one.row['squared_error_se']:.2f}" for one in found]
    best, worst = order[0], order[-1]
    first = f"squared error, the mean over {count:,} {split} images: {', '.join(parts)}"
    nearer = float((best.error < worst.error).double().mean())
    return first, (
        f"{titled(best)} has {float(best.error.mean() / worst.error.mean()):.2f} of the error of {titled(worst)}, and is "
        f"nearer to {100 * nearer:.1f} % of the images"
    )


def titled(one: Reconstruction) -> str:
    """The name of a model in words, and the size of its code."""
    size = f", {one.size}-d" if one.size else ""
    return f"{TITLES.get(one.model, one.model)}{size}"


def drawn(subject: Subject, real: Chosen, found: Sequence[Reconstruction], lines: tuple[str, str]) -> Figure:
    """The real images, and below them each run's."""
    size = WORDS + SIDE * len(real.places), SIDE * (len(found) + 1) + 40
    made, (axes,) = panels(f"What is left of {subject.loaded.spec.name} in a small code", lines, 1, size=size)
    below = [(titled(one), f"squared error {one.row['squared_error']:.2f}", one.shown) for one in found]
    draw_rows(axes, [("real", f"{subject.split} images", real.image), *below], real.captions)
    return made
