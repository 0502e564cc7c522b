"""Rate-distortion curve of a sweep over beta: Alemi et al., 2018, "Fixing a Broken ELBO" (arXiv:1711.00464), fig. 2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genlab.figures import COLOURS, FAINT, INK
from genlab.sweeps.pictures.apart import label_points
from genlab.sweeps.pictures.page import TEXT, Swept, about, legend, legend_height, page, plain
from genlab.sweeps.pictures.scale import is_number
from genlab.sweeps.ranking import Cell
from genlab.sweeps.words import short_names, shortened, value_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vP*Xhd"
MANY = 40  # points from which on one curve alone is labelled
LINES = len(MARKERS)  # curves that can be told apart


@dataclass(frozen=True)
class Point:
    """A cell on the curve: rate in nats, distortion in nats (a dimension, where their number is known), and their spread."""

    beta: float
    rate: float
    distortion: float
    spread: tuple[float, float]  # standard deviations of rate and distortion, 0 of one seed


def beta_key(keys: Sequence[str]) -> str | None:
    """The parameter that weighs the KL: ``model.beta``, or the objective's own; None if it is not varied."""
    return next((key for key in keys if re.fullmatch(r"model\.(objective\.)?beta", key)), None)


def split_of(cells: Sequence[Cell]) -> str | None:
    """``test`` where finished cells have its rate and distortion, else ``val``; None if they have neither."""
    return next((split for split in ("test", "val") if any(on_curve(cell, split) for cell in cells)), None)


def on_curve(cell: Cell, split: str) -> bool:
    """Whether the cell has a rate and a distortion."""
    return all(cell.result(f"{split}/{name}") is not None for name in ("kl", "recon"))


def curves(cells: Sequence[Cell], swept: Swept) -> dict[tuple[Any, ...], list[Point]]:
    """The points by the values of the other parameters, each curve in order of beta."""
    beta, split = beta_key(swept.keys), split_of(cells)
    found: dict[tuple[Any, ...], list[Point]] = {}
    for cell in cells:
        if beta is not None and split is not None and on_curve(cell, split) and is_number(cell.values[beta]):
            others = tuple(value_text(cell.values[key]) for key in swept.keys if key != beta)
            found.setdefault(others, []).append(point(cell, beta, split, swept.dimensions or 1))
    numbered = sorted(found, key=lambda others: [(len(text), text) if text.isdigit() else (0, text) for text in others])
    return {others: sorted(found[others], key=lambda point: point.beta) for others in numbered}


def point(cell: Cell, beta: str, split: str, dimensions: int) -> Point:
    """The cell's place on the curve."""
    rate, distortion = f"{split}/kl", f"{split}/recon"
    spread = cell.std(rate) or 0.0, (cell.std(distortion) or 0.0) / dimensions
    mean = cell.mean(rate) or 0.0, (cell.mean(distortion) or 0.0) / dimensions
    return Point(float(cell.values[beta]), *mean, spread)


def rate_distortion(cells: list[Cell], swept: Swept) -> Figure:
    """Distortion against rate, a curve for each setting of the other parameters, points labelled by beta."""
    found, names = curves(cells, swept), short_names(swept.keys)
    every = [point for points in found.values() for point in points]
    others = [names[key] for key in swept.keys if key != beta_key(swept.keys)]
    words = [", ".join(f"{name} {shortened(value, 16)}" for name, value in zip(others, v, strict=True)) for v in found]
    dimensions, unit = swept.dimensions or 1, "nats a dimension" if swept.dimensions else "nats an image"
    elbo = -min(point.rate + point.distortion * dimensions for point in every)
    labels = f"labels: beta, at {words[-1]}" if len(every) > MANY and others else "labels: beta"
    parts = [labels, f"dashed: ELBO {elbo:.4g}, the best"]
    parts += ["bars: standard deviation"] if any(any(point.spread) for point in every) else []
    title, below = f"Rate and distortion of {split_of(cells)} images", about(cells, swept, *parts)
    made = page(title, below, 370 + (legend_height(words) if others else 0))
    axes = plain(made.subplots())
    axes.margins(0.09)
    axes.set_xlabel("rate: KL, nats an image", size=TEXT, color=INK)
    axes.set_ylabel(f"distortion: -log p(x|z), {unit}", size=TEXT, color=INK)
    styles = list(zip(colours(list(found)), MARKERS, strict=False))
    for points, (colour, marker), text in zip(found.values(), styles, words, strict=False):
        draw_curve(axes, points, colour, marker, text)
    equal_elbo(axes, elbo, dimensions)
    if others:
        legend(made, words)
    label_betas(axes, list(found.values()), [colour for colour, _ in styles])
    return made


def colours(settings: list[tuple[str, ...]]) -> list[Any]:
    """A colour for each curve: from pale to dark where they are numbers of one parameter, else of a palette."""
    from matplotlib import colormaps

    if all(len(setting) == 1 and re.fullmatch(r"-?[\d.e-]+", setting[0]) for setting in settings) and len(settings) > 1:
        return [tuple(map(float, colour)) for colour in colormaps["viridis"](np.linspace(0.85, 0, len(settings)))]
    return list(COLOURS[: len(settings)])


def label_betas(axes: Axes, found: list[list[Point]], curve_colours: list[Any]) -> None:
    """Write beta beside the points, in the colour of their curve; where there are many, once on the last curve."""
    every = [(point, darker(colour)) for points, colour in zip(found, curve_colours, strict=True) for point in points]
    every = every[-len(found[-1]) :] if len(every) > MANY else every
    places = [(point.rate, point.distortion) for point, _ in every]
    label_points(axes, places, [value_text(point.beta) for point, _ in every], [colour for _, colour in every])


def draw_curve(axes: Axes, points: list[Point], colour: Any, marker: str, words: str) -> None:
    """One curve with the spread of its points."""
    x, y = ([getattr(point, name) for point in points] for name in ("rate", "distortion"))
    across, up = ([point.spread[i] for point in points] for i in (0, 1))
    bars, size = any(across) or any(up), 5 if len(points) <= 12 else 3
    axes.errorbar(
        x,
        y,
        up if bars else None,
        across if bars else None,
        color=colour,
        marker=marker,
        markersize=size,
        label=words,
        lw=1.5,
    )


def darker(colour: Any) -> tuple[float, ...]:
    """A colour in which words can be read on white."""
    from matplotlib.colors import to_rgb

    return tuple(0.6 * part for part in to_rgb(colour))


def equal_elbo(axes: Axes, elbo: float, dimensions: int) -> None:
    """The line on which rate + distortion = -ELBO; below it lie better models."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x = np.array([left, right])
    axes.plot(x, (-elbo - x) / dimensions, color=FAINT, linestyle=(0, (4, 4)), linewidth=1, zorder=1)
    axes.set(xlim=(left, right), ylim=(low, high))
