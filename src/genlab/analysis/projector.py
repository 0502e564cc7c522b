"""``what=projector``: codes, labels and images as files that the embedding projector of TensorBoard opens.

The picture is what one sees first there: the images at the places of their codes, by principal components.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.codes.export import across, exported, fitting, thumbnails
from genlab.analysis.codes.plane import Plane, plane_of
from genlab.analysis.codes.scatter import class_legend
from genlab.config.types import AtLeastTwo
from genlab.contracts import DataSpec, Encodes
from genlab.figures import MOST_CLASSES, class_colours, square_around
from genlab.panels import named, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = 900, 820  # pixels of the picture
DRAWN, ACROSS = 600, 26  # images on it at most, and how many would fit side by side


@dataclass
class Projector(Analysis):
    """``vectors.tsv``, ``metadata.tsv``, ``sprite.png`` and ``projector_config.pbtxt``, for ``tensorboard --logdir``.

    Args:
        images: of the split, at most, drawn by the seed.
        side: pixels of an image on the sprite, at most; of many images fewer.
    """

    needs: ClassVar[tuple[type, ...]] = (Encodes,)

    images: AtLeastTwo
    side: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """Only images are encoded."""
        require_images("projector", subjects)

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each image. Files: those of the projector."""
        (subject,) = subjects
        spec, codes = subject.loaded.spec, encoded(subject, self.images)
        files = exported(codes, spec, subject.title, self.side)
        plane = plane_of(codes.mean, "auto", 1.0, 0)
        side = fitting(self.side, codes.image.shape, len(codes))
        lines = (
            f"{len(codes):,} {subject.split} images: vectors of {codes.mean.shape[1]} numbers, "
            f"a sprite of {across(len(codes))} images of {side} pixels a side",
            "open it with: tensorboard --logdir on this folder, then its page Projector   (pip install tensorboard)",
        )
        metrics = {"vectors": float(len(codes)), "dimensions": float(codes.mean.shape[1])}
        return Findings(rows(codes, spec), drawn(subject, codes, plane, lines), lines, metrics, {}, files)


def rows(codes: Encoded, spec: DataSpec) -> list[Mapping[str, Any]]:
    """The place of each image in the files and in the split, and its class if it has one."""
    label = codes.classes(spec)
    found: list[dict[str, Any]] = [{"row": n, "index": int(i)} for n, i in enumerate(codes.index)]
    return list(found) if label is None else [row | {"label": int(k)} for row, k in zip(found, label, strict=True)]


def drawn(subject: Subject, codes: Encoded, plane: Plane, lines: tuple[str, str]) -> Figure:
    """Images at the places of their codes, tinted by class; later ones lie on top of earlier ones."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    spec = subject.loaded.spec
    made, (axes,) = panels(f"Codes for the projector: {subject.title}", lines, 1, size=SIZE)
    (left, right), (low, high) = square_around(plane.points, tail=0.0, margin=1.08)
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    shown = thumbnails(codes.image[:DRAWN], SIZE[0] // ACROSS)
    label = codes.classes(spec) if spec.classes <= MOST_CLASSES else None
    tints = np.ones((len(shown), 4)) * 0.2 if label is None else class_colours(spec.classes)[label[:DRAWN]]
    for image, tint, place in zip(shown.numpy(), tints, plane.points, strict=False):
        box = OffsetImage(tinted(image, tint), zoom=0.72)
        axes.add_artist(AnnotationBbox(box, tuple(place), frameon=False, pad=0))
    class_legend(axes, () if label is None else spec.class_names or [str(k) for k in range(spec.classes)])
    named(axes, *plane.axes, f"the first {len(shown):,} of them")
    return made


def tinted(image: np.ndarray, tint: np.ndarray) -> np.ndarray:
    """uint8 [C, h, w] -> RGBA [h, w, 4] in [0, 1]: grey images as ink of the tint, colour images as they are."""
    if len(image) == 3:
        return np.concatenate([image.transpose(1, 2, 0) / 255, np.ones((*image.shape[1:], 1))], 2)
    ink = image[0] / 255
    if np.median(ink) > 0.5:  # dark on light
        ink = 1 - ink
    return np.concatenate([np.broadcast_to(tint[:3], (*ink.shape, 3)), ink[..., None]], 2)
