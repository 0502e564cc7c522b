"""``what=latent_size``: what codes of 2, 5, … numbers keep of an image, beside the truth, and the error against the size.

Hinton and Salakhutdinov, 2006 (Science 313). The dashed line is PCA, the best that a linear code of a size can do (Eckart and
Young, 1936): of training images, measured on the same held-out ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.several import called, require_comparable
from genlab.analysis.base.subject import Subject
from genlab.analysis.reconstructions.compared import Chosen, Reconstruction, chosen, reconstruction
from genlab.analysis.reconstructions.linear import pca_errors
from genlab.analysis.reconstructions.rows import draw_rows
from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.config.what_is_analyzed import LooksAt
from genlab.contracts import Encodes, Reconstructs
from genlab.figures import FAINT
from genlab.panels import BLUE, legend, named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, WORDS, CHART = 64, 210, 430  # pixels of an image, of the words at its left, of the chart


@dataclass
class LatentSize(Analysis):
    """Runs in the order of the size of their codes, the largest nearest to the truth.

    Args:
        images: of the split, at most, over which the errors are means.
        shown: images in the picture: one of each class first.
        pca_images: training images that the line of PCA is fitted to, at most; 0: no line.
    """

    looks_at: ClassVar[LooksAt] = "checkpoints"
    needs: ClassVar[tuple[type, ...]] = (Encodes, Reconstructs)

    images: PositiveInt
    shown: PositiveInt
    pca_images: NonNegativeInt

    def refuse(self, *subjects: Subject) -> None:
        """Two models at least, on the same images."""
        require_comparable("latent_size", subjects, 2, "codes of several sizes")

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each run, with the error of PCA of its size; the whole line of PCA in a further one."""
        real = chosen(subjects[0], self.images, self.shown)
        found = sorted(
            (reconstruction(one, called(one), self.images, real.places) for one in subjects), key=lambda one: one.size
        )
        pixels = real.image[0].numel()
        line = self.line(subjects[0], found[-1].size, pixels)
        rows = [one.row | {"mse_pca": line.get(one.size)} for one in found]
        lines = said(found, line, subjects[0].split)
        split = subjects[0].split
        metrics = {f"{split}/mse_{one.name.replace('/', '_')}": one.row["mse"] for one in found}
        tables: dict[str, list[Mapping[str, Any]]] = {}
        if line:
            tables["latent_size_pca"] = [{"dimension": k, "mse": error} for k, error in line.items()]
        picture = drawn(subjects[0], real, found, line, lines)
        return Findings(list(rows), picture, lines, metrics, dict.fromkeys(metrics, len(found[0].error)), {}, tables)

    def line(self, subject: Subject, most: int, pixels: int) -> dict[int, float]:
        """The mean squared error of PCA for 1 … ``most`` components, a pixel; empty without."""
        if not self.pca_images:
            return {}
        errors = pca_errors(subject, self.pca_images, self.images, min(2 * most, pixels))
        return {k: float(error) / pixels for k, error in enumerate(errors[1:], 1)}


def said(found: Sequence[Reconstruction], line: dict[int, float], split: str) -> tuple[str, str]:
    """The two lines."""
    parts = [f"{one.size}-d {one.row['mse']:.4f}" for one in found]
    first = f"mean squared error of a pixel over {len(found[0].error):,} {split} images: {', '.join(parts)}"
    small, large = found[0], found[-1]
    second = (
        f"{large.size} numbers leave {float(large.error.mean() / small.error.mean()):.2f} of the error of {small.size}"
    )
    if small.size not in line:
        return first, second
    equal = next((k for k, error in line.items() if error <= small.row["mse"]), None)
    needed = f"{equal} components" if equal else f"more than {max(line)} components"
    return first, f"{second}; what {small.size} numbers keep here takes PCA {needed}"


def drawn(
    subject: Subject, real: Chosen, found: Sequence[Reconstruction], line: dict[int, float], lines: tuple[str, str]
) -> Figure:
    """Rows of images, and the chart beside them."""
    wide, high = WORDS + SIDE * len(real.places), max(SIDE * (len(found) + 1) + 50, 320)
    made, axes = panels(
        f"How large a code has to be: {subject.loaded.spec.name}", lines, 2, size=((wide + CHART) // 2, high)
    )
    grid = axes[0].get_gridspec()
    assert grid is not None
    grid.set_width_ratios([wide, CHART])
    rows = [(f"{one.size}-d", one.name, one.shown) for one in found]
    draw_rows(axes[0], [*rows, ("truth", f"{subject.split} images", real.image)], real.captions)
    chart(axes[1], found, line)
    return made


def chart(axes: Axes, found: Sequence[Reconstruction], line: dict[int, float]) -> None:
    """Error against size, both logarithmic; two standard errors are smaller than the dots, so there are no bars."""
    if line:
        axes.plot(list(line), list(line.values()), color=FAINT, linestyle="--", linewidth=1.2, label="PCA")
    sizes, errors = [one.size for one in found], [one.row["mse"] for one in found]
    axes.plot(sizes, errors, color=BLUE, marker="o", markersize=5, linewidth=1, label="runs")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    ticks = sorted({*sizes, *(2**k for k in range(int(math.log2(max(sizes))) + 2))})
    axes.set_xticks(ticks, [str(k) if k in sizes else "" for k in ticks])
    axes.minorticks_off()
    values = [*errors, *line.values()]
    marks = [
        m * 10.0**e for e in range(-6, 1) for m in (1, 2, 5) if min(values) * 0.8 <= m * 10.0**e <= max(values) * 1.25
    ]
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    named(axes, "numbers in the code", "mean squared error of a pixel", "error against size")
    legend(axes)
