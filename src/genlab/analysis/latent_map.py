"""``what=latent_map``: where a model puts the images of a split, coloured by class, and what lies between them.

Kingma and Welling, 2013 (arXiv:1312.6114), figure 4: the manifold of codes of two numbers. Larger codes are shown by their
principal components or by t-SNE. The parts are in ``codes``; ``callbacks=latent_map`` shows them while they form.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.codes.manifold import Manifold, manifold
from genlab.analysis.codes.neighbours import neighbour_accuracy
from genlab.analysis.codes.plane import Plane, Way, plane_of
from genlab.analysis.codes.scatter import class_legend, scatter_classes
from genlab.colouring import Colouring, colouring, require_attribute, uncoloured
from genlab.config.types import AtLeastTwo, PositiveFloat
from genlab.contracts import Decodes, Encodes
from genlab.figures import INK, square_around
from genlab.film.code_map import CodeFrame
from genlab.film.kept import chosen
from genlab.metrics.code_map import film_codes
from genlab.panels import named, panels
from genlab.random import keyed_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


SIZE = 640, 600  # pixels of a panel
Rows = list[Mapping[str, Any]]


@dataclass
class LatentMap(Analysis):
    """Codes in the plane by class; beside them, of codes of two numbers, images decoded from a grid of z.

    Where the run has kept codes (``callbacks=latent_map``), the film of them, too.

    Args:
        images: of the split, at most, drawn by the seed.
        way: of codes of more than two numbers into the plane: ``pca`` or ``tsne``; ``auto`` is ``pca``.
        perplexity: of t-SNE.
        attribute: by which the images of a set without classes are coloured; None: in one colour.
        grid: decoded codes along each side.
        frames: in the film, at most.
    """

    needs: ClassVar[tuple[type, ...]] = (Encodes,)

    images: AtLeastTwo
    way: Way
    perplexity: PositiveFloat
    attribute: str | None
    grid: AtLeastTwo
    frames: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """Only images are encoded; the attribute has to be one of the set's."""
        require_images("latent_map", subjects)
        for one in subjects:
            require_attribute(one.loaded.spec, self.attribute, "what.attribute")

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each image; of larger codes also the variances of all principal components. Files: the film."""
        (subject,) = subjects
        codes = encoded(subject, self.images)
        plane = plane_of(codes.mean, self.way, self.perplexity, keyed_number(subject.seed, "latent_map"))
        made = manifold(subject, codes, self.grid) if plane.is_code and isinstance(subject.model, Decodes) else None
        colours = colouring(codes.label, subject.loaded.spec, self.attribute)
        numbers = accuracies(codes, plane, colours)
        metrics = {f"{subject.split}/{name}": value for name, value in numbers.items()}
        lines = said(subject, codes, colours, numbers)
        tables: dict[str, Rows] = {"latent_map_variances": variances(plane)} if plane.components else {}
        picture = drawn(subject, codes, plane, colours, made, lines)
        counts = dict.fromkeys(metrics, len(codes))
        return Findings(rows(codes, plane, colours), picture, lines, metrics, counts, self.film(subject), tables)

    def film(self, subject: Subject) -> dict[str, bytes]:
        """The files of the film by name; none of a run that has kept no codes."""
        frames = [*chosen(CodeFrame, subject.directory / "tables" / "latent_map", self.frames)]
        title = f"{subject.loaded.config.choices.model} on {subject.loaded.spec.name}"
        with tempfile.TemporaryDirectory() as folder:
            made = film_codes(subject.prepared, title, self.attribute, "what.attribute", frames, Path(folder))
            return {path.name: path.read_bytes() for path in made}


def accuracies(codes: Encoded, plane: Plane, colours: Colouring) -> dict[str, float]:
    """How often the nearest other code has the same class, in the code and in the plane; nothing without classes."""
    if colours.label is None:
        return {}
    found = {"neighbour_accuracy": neighbour_accuracy(codes.mean, colours.label)}
    if not plane.is_code:
        found["neighbour_accuracy_plane"] = neighbour_accuracy(codes.mean.new_tensor(plane.points), colours.label)
    return found


def rows(codes: Encoded, plane: Plane, colours: Colouring) -> Rows:
    """Index, place in the plane, and label of each image by which it is coloured."""
    found: list[dict[str, Any]] = [
        {"index": int(i), plane.names[0]: float(x), plane.names[1]: float(y)}
        for i, (x, y) in zip(codes.index, plane.points, strict=True)
    ]
    if colours.label is not None:
        found = [row | {"label": int(k)} for row, k in zip(found, colours.label, strict=True)]
    return list(found)


def variances(plane: Plane) -> Rows:
    """The variance of each principal component, and its share."""
    assert plane.components is not None
    values, total = plane.components.variances.tolist(), float(plane.components.total)
    return [{"component": j + 1, "variance": v, "share": v / total if total else 0.0} for j, v in enumerate(values)]


def said(subject: Subject, codes: Encoded, colours: Colouring, numbers: dict[str, float]) -> tuple[str, str]:
    """The two lines."""
    size = codes.mean.shape[1]
    spread = codes.mean.std(0)
    first = (
        f"{len(codes):,} {subject.split} images in codes of {size} numbers: standard deviation {float(spread.min()):.3g} "
        f"to {float(spread.max()):.3g} along the axes"
    )
    if not numbers:
        return first, "nothing to colour by, so nothing is said of who lies beside whom"
    second = f"the nearest other code is of the same class in {100 * numbers['neighbour_accuracy']:.1f} %"
    second += f", by chance in {100 * colours.chance:.0f} %"
    if "neighbour_accuracy_plane" in numbers:
        second += f"; in this plane in {100 * numbers['neighbour_accuracy_plane']:.1f} %"
    return first, second


def drawn(
    subject: Subject, codes: Encoded, plane: Plane, colours: Colouring, made: Manifold | None, lines: tuple[str, str]
) -> Figure:
    """The codes, and beside them the manifold with a frame at its place among the codes."""
    page, axes = panels(f"Map of the codes: {subject.title}", lines, 2 if made else 1, size=SIZE)
    scatter_classes(axes[0], plane.points, colours.numbers, len(colours.names), square_around(plane.points))
    class_legend(axes[0], colours.names)
    reason = uncoloured(subject.loaded.spec, colours.names, "what.attribute")
    reason = f"   ({reason})" if reason else "   dotted: the grid beside" if made else ""
    named(axes[0], *plane.axes, f"codes of {len(codes):,} {subject.split} images{reason}")
    if made is not None:
        made.draw(axes[1])
        axes[1].set_xlabel("$z_1$", size=9, color=INK)
        axes[1].set_ylabel("$z_2$", size=9, color=INK)
        frame(axes[0], made)
    return page


def frame(axes: Axes, made: Manifold) -> None:
    """The place of the grid among the codes."""
    (left, right), (low, high) = made.x[[0, -1]], made.y[[0, -1]]
    axes.plot([left, right, right, left, left], [low, low, high, high, low], color=INK, linewidth=0.8, linestyle=":")
