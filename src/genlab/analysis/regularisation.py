"""``what=regularisation``: the codes of a model that reconstructs only, of one that has the KL only, and of one that has both.

Below them what the decoder makes of random codes: of an autoencoder hardly ever an image, of a VAE nearly always.
Kingma and Welling, 2013 (arXiv:1312.6114); that a VAE is an autoencoder whose codes can be drawn is their section 4. The two
properties that a lecture names: continuity (near codes decode to images that are alike) and completeness (every likely code
decodes to an image).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.base.images import image_batches
from genlab.analysis.base.several import require_images, require_one_set, titles
from genlab.analysis.base.subject import Subject
from genlab.analysis.codes.manifold import decoded
from genlab.analysis.codes.neighbours import neighbour_accuracy
from genlab.analysis.codes.plane import Plane, plane_of
from genlab.analysis.codes.random_codes import RandomCodes, nearest_error, normal, random_codes
from genlab.analysis.codes.scatter import class_legend, scatter_classes
from genlab.config.types import AtLeastTwo
from genlab.config.what_is_analyzed import LooksAt
from genlab.contracts import Decodes, Encodes
from genlab.figures import INK, Box, square_around
from genlab.images import from_uint8, grid, to_uint8, widened
from genlab.losses.divergence import gaussian_kl
from genlab.metrics.reconstruction import mse
from genlab.models.base.schedules import THE_END, value_at
from genlab.panels import named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = 440, 420  # pixels of a panel
RADII = (1, 2)  # of the circles at one and two standard deviations of the prior


@dataclass(frozen=True)
class Look:
    """What is seen of one run: its codes, a draw of each, random codes, and the row of the table."""

    subject: Subject
    codes: Encoded
    plane: Plane
    random: RandomCodes
    row: dict[str, Any]


@dataclass
class Regularisation(Analysis):
    """A column for each run: its codes in the plane, and decoded random codes.

    Args:
        images: of the split, at most, drawn by the seed.
        samples: random codes that are decoded and measured.
        shown: of these on each side of the square in the picture.
        known: training images among which the nearest to a decoded code is looked for, at most.
    """

    looks_at: ClassVar[LooksAt] = "checkpoints"
    needs: ClassVar[tuple[type, ...]] = (Encodes, Decodes)

    images: AtLeastTwo
    samples: AtLeastTwo
    shown: AtLeastTwo
    known: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """Models of the same images."""
        require_images("regularisation", subjects)
        require_one_set("regularisation", subjects)

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each run, and one for held-out images, between which decoded random codes should not be told."""
        known = torch.cat([batch.image.cpu() for batch in image_batches(subjects[0], "train", self.known)])
        looks = [self.look(one, name, known) for one, name in zip(subjects, titles(subjects), strict=True)]
        real = from_uint8(looks[0].codes.image[: self.samples])
        floor = float(nearest_error(real, known).mean())
        held_out = {"run": f"{subjects[0].split} images themselves", "random_error": floor}
        lines = said(looks, floor)
        metrics = {f"random_error_{look.row['run'].replace('/', '_')}": look.row["random_error"] for look in looks}
        counts = dict.fromkeys(metrics, self.samples)
        return Findings([*(look.row for look in looks), held_out], self.drawn(looks, lines), lines, metrics, counts)

    def look(self, subject: Subject, name: str, known: torch.Tensor) -> Look:
        """One run."""
        codes = encoded(subject, self.images)
        points = codes.draw(normal(subject, len(codes), codes.mean.shape[1]))
        random = random_codes(subject, codes, max(self.samples, self.shown**2))
        again, _ = decoded(subject, codes.mean.to(subject.device, subject.model.weight_dtype), codes.label)
        row: dict[str, Any] = {
            "run": name,
            "model": str(subject.loaded.config.choices.model),
            "beta": beta_of(subject),
            "mse": float(mse(again, from_uint8(codes.image)).mean()),
            "kl": None if codes.logvar is None else float(gaussian_kl(codes.mean, codes.logvar).mean()),
            "code_deviation": float(points.std(0).mean()),
            "random_error": float(nearest_error(random.image[: self.samples], known).mean()),
            "random_codes": random.source,
        }
        if codes.classes(subject.loaded.spec) is not None and codes.label is not None:
            row["neighbour_accuracy"] = neighbour_accuracy(points, codes.label)
        return Look(subject, codes, plane_of(points, "auto", 1.0, 0), random, row)

    def drawn(self, looks: Sequence[Look], lines: tuple[str, str]) -> Figure:
        """Codes above, decoded random codes below."""
        spec = looks[0].subject.loaded.spec
        title = f"Reconstruction, KL, both: codes of {spec.name}"
        made, axes = panels(title, lines, 2 * len(looks), len(looks), SIZE)
        for upper, lower, look in zip(axes[: len(looks)], axes[len(looks) :], looks, strict=True):
            draw_codes(upper, look)
            draw_random(lower, look, self.shown)
        label = looks[-1].codes.classes(spec)
        class_legend(
            axes[len(looks) - 1], () if label is None else spec.class_names or [str(k) for k in range(spec.classes)]
        )
        return made


def beta_of(subject: Subject) -> float | None:
    """The final weight of the KL; None of a model without."""
    beta = getattr(subject.model, "beta", None)
    return None if beta is None else float(value_at(beta, THE_END))


def kind(row: dict[str, Any]) -> str:
    """Which of the three a run is, by the weight of its KL and by what is left of it."""
    if row["beta"] is None:
        return "an autoencoder" if row["kl"] is None else "no weight of a KL"
    if row["beta"] == 0:
        return "reconstruction only"
    if row["kl"] is not None and row["kl"] < 0.1:
        return f"KL only (beta = {row['beta']:g}: it has won)"
    return f"both (beta = {row['beta']:g})"


def said(looks: Sequence[Look], floor: float) -> tuple[str, str]:
    """The two lines."""
    parts = []
    for look in looks:
        row = look.row
        told = f", KL {row['kl']:.3g} nats" if row["kl"] is not None else ""
        parts.append(
            f"{row['run']}: {kind(row)}, MSE {row['mse']:.4f}{told}, codes of deviation {row['code_deviation']:.2g}"
        )
    errors = ", ".join(f"{look.row['run']} {look.row['random_error']:.1f}" for look in looks)
    return "; ".join(parts), (
        f"squared error from a decoded random code to the nearest training image: {errors}; "
        f"of held-out images {floor:.1f} (a blur is near to everything: look at the samples, too)"
    )


def draw_codes(axes: Axes, look: Look) -> None:
    """A draw of the code of each image, by class, and circles of the prior."""
    spec, normal_prior = look.subject.loaded.spec, look.codes.logvar is not None
    box = square_around(look.plane.points)
    scatter_classes(axes, look.plane.points, look.codes.classes(spec), spec.classes, box)
    if normal_prior and look.plane.is_code:
        draw_circles(axes, box)
    named(axes, *look.plane.axes, f"{look.row['run']}: {kind(look.row)}")


def draw_circles(axes: Axes, box: Box) -> None:
    """One and two standard deviations of N(0, I)."""
    from matplotlib.patches import Circle

    for radius in RADII:
        axes.add_patch(Circle((0, 0), radius, fill=False, color=INK, linewidth=0.9, linestyle=":"))
    axes.set(xlim=box[0], ylim=box[1])


def draw_random(axes: Axes, look: Look, side: int) -> None:
    """Decoded random codes in a square."""
    page = grid(look.random.image[: side * side], side, gap=1, background=0.5)
    axes.imshow(to_uint8(widened(page[None], 3)[0]).permute(1, 2, 0).numpy())
    axes.set_axis_off()
    named(axes, "", "", f"decoded codes from {look.random.source}")
