"""One page on samples that are images: bars of classes, near-duplicates, the closest pairs, the samples nearest to copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from genlab.analysis.base.page import composed
from genlab.analysis.base.subject import Subject
from genlab.analysis.base.variety import HIGH, Row, class_bars, copy_page, pair_page
from genlab.figures import figure, plain
from genlab.images import from_uint8
from genlab.panels import BLUE, RED, legend, named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OF_NEAR = 440  # pixels: of the bars of near-duplicates


def page_of(
    subject: Subject,
    images: Tensor,
    lines: Sequence[str],
    classes: list[Row],
    near: list[Row],
    closest: tuple[list[Row], list[Row]],
    training_images: Callable[[Sequence[int]], Tensor],
) -> Tensor:
    """The page, [3, H, W] in [0, 1].

    Args:
        subject: whose samples.
        images: uint8 [N, C, H, W].
        lines: of words below the title.
        classes: of ``class_rows``, or none.
        near: of ``birthday_rows``, or none.
        closest: of ``pair_rows`` and of ``copy_rows``.
        training_images: those of some numbers, [n, C, H, W] in [0, 1].
    """
    pairs, copies = closest
    samples, spec = from_uint8(images), subject.prepared.spec
    names = spec.class_names or [str(k) for k in range(len(classes))]
    bars = [class_bars(classes, names, "Samples by class", RED)] if classes else []
    beside = [*bars, *([near_bars(near)] if near else [])]
    train = training_images([int(row["training_image"]) for row in copies])
    below = [
        pair_page(samples, pairs, "Closest pairs"),
        copy_page(samples, train, copies, "Nearest to training images"),
    ]
    return composed(f"Modes: {subject.title}", lines, beside, *([one] for one in below))


def near_bars(rows: Sequence[Row]) -> Figure:
    """The share of batches with a near-duplicate, of samples and of training images, by the size of a batch."""
    made, places = figure(OF_NEAR, HIGH), np.arange(len(rows))
    axes = plain(made.add_axes((0.13, 0.17, 0.83, 0.7)))
    for shift, key, colour, label in ((-0.2, "share", RED, "samples"), (0.2, "real_share", BLUE, "training images")):
        axes.bar(places + shift, [100 * row[key] for row in rows], 0.4, color=colour, label=label)
    axes.set_xticks(places, [f"{row['size']:.0f}" for row in rows])
    highest = max(10, 100 * max(max(row["share"], row["real_share"]) for row in rows))
    axes.set_ylim(0, 1.3 * highest)  # the legend stands above the bars
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 100])
    named(axes, "images in a batch", "%", "Batches with a near-duplicate pair")
    legend(axes)
    return made
