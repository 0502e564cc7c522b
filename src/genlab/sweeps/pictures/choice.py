"""Which pictures fit a sweep: chosen by its parameters, its method and what its cells have measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.console import say
from genlab.sweeps.pictures import heatmap, history, importance, parallel, rate_distortion, scatter
from genlab.sweeps.pictures.page import Swept, save
from genlab.sweeps.ranking import Cell, fold
from genlab.sweeps.rows import Goal, Row
from genlab.sweeps.words import short_names, value_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAIRS = 3  # heat maps of a sweep, at most
MANY = 60  # cells of a scattered pair of parameters from which lines through both are shown, too


@dataclass(frozen=True)
class Picture:
    """A picture that fits: its file's name, what is seen on it, and how it is drawn."""

    name: str
    seen: str
    draw: Callable[[], Figure]


def draw_all(folder: Path, rows: Sequence[Row], goal: Goal | None, swept: Swept) -> list[Path]:
    """Draw every picture that fits into ``images/`` of the sweep's folder; a line says what is seen on each.

    Raises:
        OSError: the folder cannot be written.
    """
    written = []
    for picture in pictures(rows, goal, swept):
        written.append(save(picture.draw(), folder / "images" / picture.name))
        say(f"picture   {written[-1]}: {picture.seen}")
    return written


def pictures(rows: Sequence[Row], goal: Goal | None, swept: Swept) -> list[Picture]:
    """The pictures that fit; none of a metric that fewer than two cells have."""
    cells = fold(rows)
    swept = replace(swept, keys=[key for key in swept.keys if varies(cells, key)])
    found = curve(cells, swept)
    if goal is None or not swept.keys or sum(cell.result(goal[0]) is not None for cell in cells) < 2:
        return found
    maps = heat_maps(cells, goal, swept)
    found = maps + found
    if not maps:
        found += scattered(cells, goal, swept)
    if len(swept.keys) > 2 or (len(swept.keys) == 2 and not maps and len(cells) > MANY):
        seen = f"every cell's parameters and its {goal[0]}"
        found.append(Picture("parallel.png", seen, lambda: parallel.parallel(cells, goal, swept)))
    if swept.importance and swept.method != "grid":
        seen = f"how much of {goal[0]} each parameter makes"
        found.append(Picture("importance.png", seen, lambda: importance.importance(cells, goal, swept)))
    if swept.method != "grid":
        seen = f"{goal[0]} in the order in which cells ended, and the best so far"
        found.append(Picture("history.png", seen, lambda: history.history(cells, goal, swept)))
    return found


def varies(cells: list[Cell], key: str) -> bool:
    """Whether the parameter has more than one value."""
    return len({value_text(cell.values[key]) for cell in cells}) > 1


def curve(cells: list[Cell], swept: Swept) -> list[Picture]:
    """The rate-distortion curve, where beta is varied and at least two cells are on it."""
    found = rate_distortion.curves(cells, swept)
    if sum(map(len, found.values())) < 2 or len(found) > rate_distortion.LINES:
        return []
    seen = f"distortion against rate of {rate_distortion.split_of(cells)} images, points labelled by beta"
    return [Picture("rate_distortion.png", seen, lambda: rate_distortion.rate_distortion(cells, swept))]


def heat_maps(cells: list[Cell], goal: Goal, swept: Swept) -> list[Picture]:
    """A heat map for each pair of parameters, where pairs are few and their values make a grid."""
    pairs = [heatmap.wide_last(cells, pair) for pair in combinations(swept.keys, 2)]
    if not 0 < len(pairs) <= PAIRS or not all(heatmap.lattice(cells, pair, goal).full for pair in pairs):
        return []
    return [map_of(cells, pair, goal, swept) for pair in pairs]


def map_of(cells: list[Cell], pair: tuple[str, str], goal: Goal, swept: Swept) -> Picture:
    """The heat map of one pair."""
    names = short_names(swept.keys)
    both = [names[key] for key in swept.keys if key in pair]
    seen = f"{goal[0]} at each {both[0]} and {both[1]}"
    return Picture(file_name("heatmap", both), seen, lambda: heatmap.heat_map(cells, pair, goal, swept))


def scattered(cells: list[Cell], goal: Goal, swept: Swept) -> list[Picture]:
    """A map of two parameters that make no grid; and a panel for each parameter."""
    names, found = short_names(swept.keys), []
    if len(swept.keys) == 2:
        pair: Any = tuple(swept.keys)
        both = [names[key] for key in pair]
        seen = f"{goal[0]} of every cell at its {both[0]} and {both[1]}"
        found.append(Picture(file_name("map", both), seen, lambda: scatter.scatter_map(cells, pair, goal, swept)))
    seen = f"{goal[0]} against {names[swept.keys[0]] if len(swept.keys) == 1 else 'each parameter'}"
    return [*found, Picture("values.png", seen, lambda: scatter.panels(cells, goal, swept))]


def file_name(kind: str, names: Sequence[str]) -> str:
    """``heatmap_beta_latent_dim.png``."""
    return "_".join([kind, *names]).replace(".", "_").replace("/", "_") + ".png"
