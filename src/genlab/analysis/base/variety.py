"""How varied samples are and whether they are copies: rows of tables and pictures, of samples and images that are given.

Nothing here knows a model or a set. Images are float32 in [0, 1], [N, C, H, W]; features [N, d] are of the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from genlab.figures import COLOURS, FAINT, GREY, INK, Block, figure, page
from genlab.images import to_uint8, widened
from genlab.metrics.birthday import birthday, closest_pairs, rare_distance
from genlab.metrics.histogram import shares
from genlab.metrics.memorisation import Memorisation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, float]
SIDE = 84  # pixels of an image on a page, at most
WIDE, HIGH = 720, 300  # of the bars
NAMED = 40  # classes whose names stand below their bars


def class_rows(counts: Tensor, wanted: Tensor) -> list[Row]:
    """Samples by class beside the training images: counts, or shares of the latter. [K], [K]."""
    each = zip(counts.tolist(), shares(counts).tolist(), shares(wanted).tolist(), strict=True)
    return [{"class": k, "samples": n, "share": share, "wanted": want} for k, (n, share, want) in enumerate(each)]


def class_bars(rows: Sequence[Row], names: Sequence[str], title: str, colour: str = COLOURS[0]) -> Figure:
    """A bar for each class, its share of the samples, and a mark at its share of the training images.

    Of more than ``NAMED`` classes: in the order of their shares, without names.
    """
    few = len(rows) <= NAMED
    ordered = list(rows) if few else sorted(rows, key=lambda row: -row["share"])
    made, places = figure(WIDE, HIGH), np.arange(len(ordered))
    axes = made.add_axes((0.08, 0.17, 0.9, 0.7))
    axes.bar(places, [100 * row["share"] for row in ordered], 0.8 if few else 1.0, color=colour, label="samples")
    wanted = [100 * row["wanted"] for row in ordered]
    size, mark, marker = (90, INK, "_") if few else (2, GREY, ".")
    axes.scatter(places, wanted, size, mark, marker=marker, label="training images")
    axes.set_title(title, size=10, loc="left", color=INK)
    axes.set_ylabel("%", size=9, color=FAINT)
    axes.set_xticks(places if few else [], [names[int(row["class"])] for row in ordered] if few else [])
    axes.set_xlabel("class" if few else f"{len(rows):,} classes, the largest first", size=9, color=FAINT)
    axes.tick_params(labelsize=8, colors=FAINT, length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    return made


def birthday_rows(
    samples: Tensor, real: Tensor, sizes: Sequence[int], device: torch.device, calibrated: int | None = None
) -> tuple[float, list[Row]]:
    """The birthday test in batches of several sizes, of samples [N, d] and of as many real images [M, d].

    Args:
        samples: of the generator.
        real: that set the distance of a near-duplicate, and are tested beside.
        sizes: of the batches.
        device: where distances are worked out.
        calibrated: the size of the batches of real images by which the distance is set; None: the smallest of ``sizes``.

    Returns:
        The distance, and a row for each size, ``real_share`` and ``real_support`` beside the samples' own.
    """
    near = rare_distance(real, calibrated or min(sizes), device)
    rows = []
    for size in sizes:
        of_real = birthday(real, size, near, device)
        row = birthday(samples, size, near, device).row
        rows.append(row | {"real_share": of_real.share, "real_support": of_real.support})
    return near, rows


def pair_rows(features: Tensor, count: int, device: torch.device) -> list[Row]:
    """The closest pairs of samples, the nearest first: their distance and numbers. [N, d]."""
    distances, pairs = closest_pairs(features, count, device)
    each = zip(distances.tolist(), pairs.tolist(), strict=True)
    return [{"distance": distance, "first": one, "second": other} for distance, (one, other) in each]


def pair_page(images: Tensor, rows: Sequence[Row], title: str) -> Figure:
    """The closest pairs of samples, one beside the other, with their distance."""
    cells = []
    for row in rows:
        pair = joined(images[int(row["first"])], images[int(row["second"])], dim=2)
        cells.append((pixels(pair), f"{row['distance']:.3g}"))
    return page(title, [Block("pairs of samples, the closest first; their distance", cells, 6, 2 * SIDE)])


def copy_rows(found: Memorisation, count: int) -> list[Row]:
    """The samples nearest to a training image, the nearest first, and which image that is."""
    distances, order = found.distances.sort(stable=True)
    each = zip(order[:count].tolist(), distances[:count].tolist(), strict=True)
    return [
        {"sample": i, "training_image": int(found.nearest[i]), "distance": d, "is_copy": float(d < found.threshold)}
        for i, d in each
    ]


def copy_page(samples: Tensor, train: Tensor, rows: Sequence[Row], title: str) -> Figure:
    """Samples, each with the training image nearest to it below, and their distance.

    Args:
        samples: all that ``rows`` number.
        train: the training images of ``rows``, in their order, [len(rows), C, H, W].
        rows: of ``copy_rows``.
        title: of the page.
    """
    cells = []
    for row, image in zip(rows, train, strict=True):
        both = joined(samples[int(row["sample"])], image, dim=1)
        cells.append((pixels(both), f"{row['distance']:.3g}" + (" copy" if row["is_copy"] else "")))
    told = "above: samples; below: the training image nearest to each, and their distance"
    return page(title, [Block(told, cells, 12, SIDE)])


def joined(first: Tensor, second: Tensor, dim: int) -> Tensor:
    """Two images [C, H, W] beside or below each other, with a grey line of one pixel between them."""
    line = torch.full_like(first.narrow(dim, 0, 1), 0.5)
    return torch.cat([first, line, second], dim)


def pixels(image: Tensor) -> np.ndarray:
    """[C, H, W] in [0, 1] -> uint8 [H, W, 3]."""
    return to_uint8(widened(image[None], 3)[0]).cpu().permute(1, 2, 0).numpy()
