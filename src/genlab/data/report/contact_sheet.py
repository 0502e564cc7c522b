"""A page of training images with their names, to look at before training. Pillow only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genlab.contracts import DataSpec
from genlab.data.store.columns import Column
from genlab.data.store.source import Prepared
from genlab.files import temporary

COUNT = 32  # images on a page
SIDE = 144  # pixels of an image on the page, at most (of tiny ones as near as whole multiples get)
GAP, MARGIN, TEXT, HEAD = 10, 20, 12, 18  # pixels; the last two are sizes of letters
DOTS = 10_000  # of a cloud of points
LINES = 6  # of words below an image
PAPER, INK, FAINT = "white", "#222222", "#767676"
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#ee7733", "#009988", "#222222")


@dataclass(frozen=True)
class Cell:
    """One picture on the page, and the lines below it."""

    picture: Image.Image
    lines: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Pixels; words have the room that the largest image has."""
        return max(self.picture.width, SIDE if self.lines else 0)

    @property
    def height(self) -> int:
        """Pixels, words included."""
        return self.picture.height + (4 + len(self.lines) * (TEXT + 3) if self.lines else 0)


@dataclass(frozen=True)
class Block:
    """Cells in rows of ``across``, below a heading."""

    title: str
    cells: list[Cell]
    across: int


def draw(prepared: Prepared, path: Path) -> Path:
    """Write a page of training images at even distance over the set, as training reads them before it cuts and mirrors.

    Raises:
        OSError: ``path`` cannot be written.
    """
    page = laid_out(heading(prepared.spec), blocks(prepared))
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary(path) as part:
        page.save(part, format="PNG")
    return path


def heading(spec: DataSpec) -> str:
    """What the page shows, in one line."""
    counts = ", ".join(f"{split} {spec.sizes[split]:,}" for split in ("train", "val", "test"))
    return f"{spec.name}   {spec.kind}   {'x'.join(map(str, spec.shape))}   {counts}"


def blocks(prepared: Prepared) -> list[Block]:
    """The page's content, by the kind of the set."""
    columns, spec = prepared.columns["train"], prepared.spec
    if spec.kind == "points":
        labels = columns.get("label")
        cell = Cell(scatter(np.asarray(columns["x"]), None if labels is None else np.asarray(labels)))
        return [Block("training points", [cell], 1)]
    if spec.kind == "pairs":
        picked = spread(len(columns["a"]), COUNT // 2)
        pairs = [Cell(beside(shown(columns["a"][i]), shown(columns["b"][i])), (f"{i}",)) for i in picked]
        return [Block("input and target, and their place in the training set", pairs, 4)]
    if spec.kind == "domains":
        return [
            Block(f"domain {side.upper()}   {len(columns[side]):,} training images", unlabelled(columns[side]), 8)
            for side in ("a", "b")
        ]
    picked = spread(len(columns["image"]), COUNT)
    labels = columns.get("label")
    cells = [Cell(shown(columns["image"][i]), () if labels is None else words(spec, labels[i])) for i in picked]
    return [Block("training images", cells, 8)]


def unlabelled(column: Column) -> list[Cell]:
    """Half a page of images without words."""
    return [Cell(shown(column[i])) for i in spread(len(column), COUNT // 2)]


def spread(total: int, count: int) -> list[int]:
    """``count`` places at even distance over 0 … total-1; all of them where there are fewer."""
    return [int(i) for i in np.linspace(0, total - 1, min(count, total)).round()]


# ---- one image ------------------------------------------------------------------------------------------------------


def shown(image: np.ndarray, side: int = SIDE) -> Image.Image:
    """uint8 [C, H, W] with ``side`` pixels at most: tiny images pixel by pixel, large ones smoothed."""
    picture = Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))
    longer = max(picture.size)
    if longer <= side:
        times = side // longer
        return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST).convert("RGB")
    size = (max(1, round(n * side / longer)) for n in picture.size)
    return picture.resize(tuple(size), Image.Resampling.LANCZOS).convert("RGB")  # type: ignore[arg-type]


def beside(a: Image.Image, b: Image.Image) -> Image.Image:
    """Two pictures as one."""
    both = Image.new("RGB", (a.width + 2 + b.width, max(a.height, b.height)), PAPER)
    both.paste(a, (0, 0))
    both.paste(b, (a.width + 2, 0))
    return both


def words(spec: DataSpec, label: np.ndarray) -> tuple[str, ...]:
    """The name of the class, the names of the attributes that are set, or the value of each factor."""
    if np.ndim(label) == 0:
        return wrapped([spec.class_names[int(label)] if spec.class_names else str(int(label))])
    names = spec.attributes or tuple(map(str, range(len(label))))
    if set(spec.levels) <= {2}:
        return wrapped([name.replace("_", " ") for name, value in zip(names, label, strict=True) if value])
    return wrapped([f"{name} {int(value)}" for name, value in zip(names, label, strict=True)])


def wrapped(names: list[str]) -> tuple[str, ...]:
    """Names in lines as wide as an image; those that find no room are counted."""
    lines, left = [""], len(names)
    for name in names:
        longer = f"{lines[-1]}, {name}" if lines[-1] else cut_to_fit(name)
        last = len(lines) == LINES and left > 1
        if lines[-1] and width_of(longer + (f" +{left}" if last else ",")) > SIDE:
            if len(lines) == LINES:
                return (*lines[:-1], f"{lines[-1]} +{left}")
            lines[-1] += ","
            lines.append("")
            longer = cut_to_fit(name)
        lines[-1] = longer
        left -= 1
    return tuple(line for line in lines if line)


def width_of(text: str) -> float:
    """Pixels of the words below an image."""
    return letters(TEXT).getlength(text)


def cut_to_fit(text: str) -> str:
    """The text, shortened where it is wider than an image."""
    if width_of(text) <= SIDE:
        return text
    while width_of(text + "…") > SIDE:
        text = text[:-1]
    return text + "…"


def scatter(x: np.ndarray, labels: np.ndarray | None, side: int = 640) -> Image.Image:
    """The first two coordinates of points [N, D], coloured by label, in a frame with its limits written on."""
    some = spread(len(x), DOTS)
    x, labels = x[some], None if labels is None else labels[some]
    plane = x[:, :2] if x.shape[1] > 1 else np.stack([x[:, 0], np.zeros(len(x))], 1)
    middle, reach = (plane.max(0) + plane.min(0)) / 2, max(float(np.ptp(plane, 0).max()) / 2 * 1.05, 1e-6)
    big = Image.new("RGB", (2 * side, 2 * side), PAPER)  # drawn twice as large: smooth dots
    pen = ImageDraw.Draw(big)
    size = max(2.0, min(6.0, 300 / math.sqrt(len(plane))))
    for i, (u, v) in enumerate((plane - middle) / reach):
        at = (side * (1 + u), side * (1 - v))
        colour = COLOURS[0] if labels is None or labels.ndim > 1 else COLOURS[int(labels[i]) % len(COLOURS)]
        pen.ellipse((at[0] - size, at[1] - size, at[0] + size, at[1] + size), fill=colour)
    picture = big.resize((side, side), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, side - 1, side - 1), outline=FAINT)
    low, high = middle - reach, middle + reach
    ends = {"ls": (low[0], (6, side - 6)), "rs": (high[0], (side - 6, side - 6))}
    for anchor, (value, at) in ends.items():
        pen.text(at, f"x = {value:.2f}", fill=FAINT, font=letters(TEXT), anchor=anchor)
    pen.text((6, 6), f"y = {high[1]:.2f}", fill=FAINT, font=letters(TEXT), anchor="lt")
    pen.text((6, side - 24), f"y = {low[1]:.2f}", fill=FAINT, font=letters(TEXT), anchor="ls")
    return picture


# ---- the page -------------------------------------------------------------------------------------------------------


@cache
def letters(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font."""
    return ImageFont.load_default(size)


def laid_out(title: str, blocks: list[Block]) -> Image.Image:
    """Headings and rows of cells, one below the other."""
    rows: list[tuple[str, list[Cell]]] = []
    for block in blocks:
        for start in range(0, len(block.cells), block.across):
            rows.append((block.title if start == 0 else "", block.cells[start : start + block.across]))
    wide = max(sum(cell.width + GAP for cell in cells) - GAP for _, cells in rows)
    wide = max(wide, math.ceil(letters(HEAD).getlength(title)))
    heights = [(TEXT + 14 if name else 0) + max(cell.height for cell in cells) + GAP for name, cells in rows]
    page = Image.new("RGB", (wide + 2 * MARGIN, 2 * MARGIN + HEAD + 8 + sum(heights)), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN), title, fill=INK, font=letters(HEAD), anchor="lt")
    top = MARGIN + HEAD + 8
    for (name, cells), height in zip(rows, heights, strict=True):
        below = top
        if name:
            pen.text((MARGIN, top + 6), name, fill=FAINT, font=letters(TEXT), anchor="lt")
            below += TEXT + 14
        left = MARGIN
        for cell in cells:
            page.paste(cell.picture, (left, below))
            for i, line in enumerate(cell.lines):
                place = (left, below + cell.picture.height + 4 + i * (TEXT + 3))
                pen.text(place, line, fill=INK, font=letters(TEXT), anchor="lt")
            left += cell.width + GAP
        top += height
    return page
