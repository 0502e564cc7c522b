"""Contact sheet: a page of training images with their labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genlab.contracts import DataSpec, MelFormat, Scale
from genlab.data.store.columns import Column
from genlab.data.store.source import PreparedData
from genlab.figures import COLOURS, MARGIN, Block, figure, filled, page, scatter
from genlab.files import temporary
from genlab.sound.drawn import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COUNT = 32  # images on a page
SIDE = 144  # pixels of an image on the page, at most (of tiny ones as near as whole multiples get)
HEARD = 4  # seconds of a sound, at most
LINES = 6  # of words below an image
DOTS, CLOUD = 10_000, 640  # of a cloud of points; pixels of its side


def draw(prepared: PreparedData, path: Path) -> Path:
    """Write a page of evenly spaced training images, as stored: before cropping and flipping.

    Raises:
        OSError: ``path`` cannot be written.
    """
    title, train = heading(prepared.spec), prepared.columns["train"]
    points = prepared.spec.kind == "points"
    made = cloud(title, train["x"], train.get("label")) if points else page(title, blocks(prepared))
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary(path) as part:
        made.savefig(part, format="png")
    return path


def heading(spec: DataSpec) -> str:
    """What the page shows, in one line."""
    counts = ", ".join(f"{split} {spec.sizes[split]:,}" for split in ("train", "val", "test"))
    return f"{spec.name}   {spec.kind}   {'x'.join(map(str, spec.shape))}   {counts}"


def blocks(prepared: PreparedData) -> list[Block]:
    """The page's content, by the kind of the set."""
    columns, spec = prepared.columns["train"], prepared.spec
    if spec.kind == "pairs":
        picked = spread(len(columns["a"]), COUNT // 2)
        pairs = [(beside(shown(columns["a"][i]), shown(columns["b"][i])), f"{i}") for i in picked]
        return [Block("input and target, and their place in the training set", pairs, 4, 2 * SIDE)]
    if spec.sound is not None:
        return [spectrograms(columns[side], side, spec, spec.sound) for side in ("a", "b")]
    if spec.kind == "domains":
        return [
            Block(f"domain {side.upper()}   {len(columns[side]):,} training images", unlabelled(columns[side]), 8, SIDE)
            for side in ("a", "b")
        ]
    picked = spread(len(columns["image"]), COUNT)
    labels = columns.get("label")
    cells = [(shown(columns["image"][i]), "" if labels is None else words(spec, labels[i])) for i in picked]
    return [Block("training images", cells, 8, SIDE)]


def unlabelled(column: Column) -> list[tuple[np.ndarray, str]]:
    """Half a page of images without captions."""
    return [(shown(column[i]), "") for i in spread(len(column), COUNT // 2)]


def spectrograms(column: Column, side: str, spec: DataSpec, form: MelFormat) -> Block:
    """A quarter of a page of spectrograms, each to its end or to ``HEARD`` seconds."""
    most = round(HEARD / form.seconds(1))
    picked = [column[i][0, :, :most] for i in spread(len(column), COUNT // 4)]
    cells = [(coloured(levels, spec.scale(side), most), "") for levels in picked]
    scale = f"{form.f_min:,.0f} Hz below to {form.f_max:,.0f} Hz above, mel; {HEARD} s across"
    title = f"speaker {side.upper()}   {len(column):,} training sounds   {scale}"
    return Block(title, cells, 2, 4 * SIDE)


def coloured(levels: np.ndarray, scale: Scale, width: int) -> np.ndarray:
    """Stored levels [H, T] as networks see them, in colours, nothing beside a short one. -> uint8 [H, width, 3]."""
    black, white = (np.array(row, np.float32)[:, None] for row in zip(*scale, strict=True))
    return drawn((levels - black) / (white - black), width)


def spread(total: int, count: int) -> list[int]:
    """``count`` evenly spaced indices in 0 … total-1, or all of them if there are fewer."""
    return [int(i) for i in np.linspace(0, total - 1, min(count, total)).round()]


def shown(image: np.ndarray) -> np.ndarray:
    """uint8 [C, H, W], grey or colour -> [H, W, 3]."""
    return np.broadcast_to(image, (3, *image.shape[1:])).transpose(1, 2, 0)


def beside(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Two images side by side, with a white line between them. [H, W, 3] each."""
    gap = max(1, a.shape[1] // 64)
    both = np.full((max(len(a), len(b)), a.shape[1] + gap + b.shape[1], 3), 255, np.uint8)
    both[: len(a), : a.shape[1]], both[: len(b), a.shape[1] + gap :] = a, b
    return both


def words(spec: DataSpec, label: np.ndarray) -> str:
    """Caption of an image: its class, the attributes it has, or each factor's value; names are not broken across lines."""
    if label.ndim == 0:
        return filled(spec.class_names[int(label)] if spec.class_names else str(int(label)), SIDE, LINES)
    pairs = zip(spec.attributes or tuple(map(str, range(len(label)))), label, strict=True)
    both = set(spec.levels) <= {2}
    names = [name.replace("_", " ") if both else f"{name} {int(value)}" for name, value in pairs if value or not both]
    return filled(", ".join(name.replace(" ", "\N{NO-BREAK SPACE}") for name in names), SIDE, LINES)


def cloud(title: str, x: Column, labels: Column | None) -> Figure:
    """The first two coordinates of points [N, D], coloured by label."""
    some = spread(len(x), DOTS)
    points = np.pad(np.asarray(x)[some], ((0, 0), (0, 1)))[:, :2]  # of one coordinate the other is 0
    label = np.zeros(len(some)) if labels is None else np.asarray(labels)[some]
    colours = COLOURS[0] if label.ndim > 1 else [COLOURS[int(one) % len(COLOURS)] for one in label]
    side = CLOUD + 2 * MARGIN
    made = figure(side, side + 2 * MARGIN)
    made.text(MARGIN / side, 1 - MARGIN / (side + 2 * MARGIN), title, va="top", size=13)
    scatter(made.add_axes((0.07, 0.05, 0.9, 0.85)), [(points, colours)], points)
    return made
