"""Synthetic sprites with known factors, like dSprites (Matthey et al., 2017), for metrics that need ground truth.

Every image is one combination of five independent factors. As in dSprites, some orientations look the same: a square
repeats after a quarter turn (10 of 40 orientations differ) and an ellipse after half a turn (20 differ); only the heart
differs in all of them. Unlike in dSprites, the full turn is not listed twice: orientation k of K is k/K turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from genlab.config.types import Binarize, NonNegativeInt, PositiveInt
from genlab.contracts import ConfigError, DataSpec, LabelKind, Problem
from genlab.data.store.order import keyed_split
from genlab.data.store.source import SPLITS, PreparedData, Source, limited, sizes_of
from genlab.data.store.store import Decoded, Part, key_of, open_or_build
from genlab.random import keyed

Shape = Literal["square", "ellipse", "heart"]
ShapeList = Annotated[list[Shape], Field(min_length=1, max_length=3)]
Side = Annotated[int, Field(ge=16)]

FACTORS = ("shape", "scale", "orientation", "x", "y")
LARGEST = 0.2  # the radius around the largest shape, in image sides
SCALES = (0.5, 1.0)  # the smallest and the largest, in units of the largest
HEART_RADIUS, HEART_CENTRE = 1.2935, 0.2935  # of (u^2 + v^2 - 1)^3 = u^2 v^3, around its centre of mass (0, 0.2935)
CHUNK = 1024  # images that are drawn together
VERSION = 1  # part of the store's key: raise it when the drawing changes


class Shapes(Source):
    """White squares, ellipses and hearts on black; 80 / 10 / 10 % by a keyed hash of the combination.

    Args:
        shapes: which shapes to draw, at least one.
        scales: number of sizes, evenly spaced from half the largest to the largest.
        orientations: number of angles, evenly spaced around the full turn.
        x_positions: number of positions of the centre from left to right.
        y_positions: number of positions of the centre from top to bottom.
        image_size: H and W, in pixels.
        count: combinations drawn, without repetition; None for all of them, in order.
        subset_seed: seed of that draw, separate from ``seed`` so that all runs see the same images.
        binarize: ``dynamic``, ``static`` or ``threshold`` change nothing: drawn pixels are black and white; None: as drawn.
        batch_size: images per step, on each device.
        limit: use only this many training images; None for all.

    Raises:
        ConfigError: fewer combinations than ``count``.
    """

    labels: ClassVar[tuple[LabelKind, ...] | None] = ("attributes",)

    def __init__(
        self,
        shapes: ShapeList,
        scales: PositiveInt,
        orientations: PositiveInt,
        x_positions: PositiveInt,
        y_positions: PositiveInt,
        image_size: Side,
        count: PositiveInt | None,
        subset_seed: NonNegativeInt,
        binarize: Binarize | None,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.shapes, self.image_size, self.count = list(shapes), image_size, count
        self.subset_seed = subset_seed
        self.levels = (len(shapes), scales, orientations, x_positions, y_positions)
        self.binarize, self.batch_size, self.limit = binarize, batch_size, limit
        self.total = int(np.prod(self.levels))
        if count is not None and count > self.total:
            what = f"there are only {self.total:,} combinations of the factors"
            raise ConfigError([Problem(f"data.count={count}", what, "Type: data.count=null for all of them")])

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Draw the images, or open their store."""
        recipe = {"kind": "shapes", "version": VERSION, "shapes": self.shapes, "levels": self.levels}
        recipe |= {"size": self.image_size, "count": self.count, "draw": self.subset_seed}
        store = open_or_build(cache_root, "shapes", key_of(recipe, [], cache_root), self.decode)
        spec = DataSpec(
            "shapes",
            "images",
            (1, self.image_size, self.image_size),
            sizes_of(store.parts),
            store.digest,
            attributes=FACTORS,
            levels=self.levels,
            binarized=self.binarize or "stored",
        )
        return limited(PreparedData(spec, store.parts), self.limit)

    def decode(self) -> Decoded:
        """Input of the store build: images, drawn lazily, and factor levels, int64 [N, 5], of every split."""
        places = self.places()
        parts = keyed_split([str(place) for place in places], {"val": 0.1, "test": 0.1})
        return Decoded({split: self.part(places[parts[split]]) for split in SPLITS})

    def part(self, places: np.ndarray) -> Part:
        """The combinations at the grid indices ``places``, int64 [N]."""
        levels = np.stack(np.unravel_index(places, self.levels), 1).astype(np.int64)
        return Part(len(places), ("image",), self.render_rows(levels), {"label": levels})

    def places(self) -> np.ndarray:
        """Grid indices of the combinations in the set, with the last factor varying fastest. int64 [N]."""
        if self.count is None:
            return np.arange(self.total)
        return keyed("shapes", self.subset_seed).permutation(self.total)[: self.count]

    def render_rows(self, levels: np.ndarray) -> Iterator[tuple[np.ndarray]]:
        """A store row for each row of factor levels. [N, 5] -> uint8 [1, H, W] each."""
        for start in range(0, len(levels), CHUNK):
            for image in self.render(levels[start : start + CHUNK]):
                yield (image,)

    def render(self, levels: np.ndarray) -> np.ndarray:
        """Images of factor levels: int64 [B, 5] -> uint8 [B, 1, H, W], 0 or 255.

        A pixel is white if its centre lies inside the shape. Only a window around each shape is evaluated.
        """
        side, radius = self.image_size, LARGEST * self.image_size
        scale = spread(*SCALES, self.levels[1])[levels[:, 1]] * radius  # in pixels, [B]
        centre_x, centre_y = (spread(radius, side - radius, self.levels[i])[levels[:, i]] for i in (3, 4))
        width = int(np.ceil(2 * radius)) + 1
        left, top = (np.clip(np.rint(c - width / 2), 0, side - width).astype(int) for c in (centre_x, centre_y))
        pixels = np.arange(width) + 0.5
        x = (left[:, None, None] + pixels - centre_x[:, None, None]).astype(np.float32)  # [B, 1, w]
        y = (centre_y[:, None, None] - top[:, None, None] - pixels[:, None]).astype(np.float32)  # [B, w, 1], upwards
        cos, sin = (table[levels[:, 2], None, None] / scale[:, None, None] for table in turns(self.levels[2]))
        cos, sin = cos.astype(np.float32), sin.astype(np.float32)
        u, v = cos * x + sin * y, cos * y - sin * x  # in the shape's own frame, its radius 1: [B, w, w]
        windows = np.empty(u.shape, bool)
        for number, name in enumerate(self.shapes):
            of_this = levels[:, 0] == number
            windows[of_this] = INSIDE[name](u[of_this], v[of_this])
        return paste(windows, top, left, side)


def paste(windows: np.ndarray, top: np.ndarray, left: np.ndarray, side: int) -> np.ndarray:
    """Paste windows in white on black. bool [B, w, w], their top left corners int [B] each -> uint8 [B, 1, H, W]."""
    count, width = windows.shape[:2]
    images = np.zeros((count, 1, side, side), np.uint8)
    rows = top[:, None, None] + np.arange(width)[:, None]
    columns = left[:, None, None] + np.arange(width)
    images[np.arange(count)[:, None, None], 0, rows, columns] = windows * np.uint8(255)
    return images


def spread(low: float, high: float, levels: int) -> np.ndarray:
    """``levels`` evenly spaced values from ``low`` to ``high``, or their midpoint if ``levels`` is 1. [levels]."""
    return np.linspace(low, high, levels) if levels > 1 else np.array([(low + high) / 2])


def turns(levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of evenly spaced angles, [levels] each; rounded, so that a quarter turn is exact."""
    angles = 2 * np.pi * np.arange(levels) / levels
    return np.cos(angles).round(12), np.sin(angles).round(12)


# ---- what is inside: u to the right and v upwards, [B, w, w]; every shape reaches out to radius 1 ----------------------


def square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A square with its corners on the unit circle."""
    return np.maximum(abs(u), abs(v)) <= np.float32(np.sqrt(0.5))


def ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """An ellipse twice as long as wide."""
    return u * u + 4 * v * v <= 1


def heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The sextic (u^2 + v^2 - 1)^3 = u^2 v^3, its centre of mass at the origin and its tip on the unit circle."""
    u, v = u * np.float32(HEART_RADIUS), v * np.float32(HEART_RADIUS) + np.float32(HEART_CENTRE)
    a, b = u * u, v * v
    c = a + b - 1
    return c * c * c <= a * b * v


INSIDE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "square": square,
    "ellipse": ellipse,
    "heart": heart,
}
