"""Passes the data set that rank 0 prepared to the other ranks, which open its stores without reading source files.

``.prepared.json`` in the run directory names the stores; arrays that are not in a store go into ``.prepared.npz``.
"""

from __future__ import annotations

import mmap
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genlab.contracts import DataError, DataSpec
from genlab.data.store.columns import Chosen, Column, first, whole_of
from genlab.data.store.source import Augmentation, Modes, PreparedData
from genlab.data.store.store import column
from genlab.files import read_json, replacing, write_json

NAME, ARRAYS = ".prepared.json", ".prepared.npz"
ROWS = ".rows"  # after the name of a column of which only some rows are used: their numbers in the stored one


def hand_over(prepared: PreparedData, folder: Path) -> None:
    """Write the prepared set to ``folder``, for the other ranks."""
    arrays: dict[str, np.ndarray] = {}
    columns: dict[str, dict[str, Any]] = {}
    for split, part in prepared.columns.items():
        columns[split] = {name: of_all_nodes(in_store(kept), prepared.origins) for name, kept in part.items()}
        arrays |= {f"{split}.{name}": kept for name, kept in part.items() if columns[split][name] is None}  # type: ignore[misc]
        arrays |= {f"{split}.{name}{ROWS}": kept.rows for name, kept in part.items() if isinstance(kept, Chosen)}
    if prepared.modes is not None:
        arrays["modes"] = prepared.modes.centres
    with replacing(folder / ARRAYS, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    facts = {"spec": prepared.spec.plain(), "augmentation": asdict(prepared.augmentation), "columns": columns}
    facts["files"] = prepared.files
    write_json(folder / NAME, facts | {"sigma": prepared.modes.sigma if prepared.modes else None})


def of_all_nodes(place: dict[str, Any] | None, origins: dict[str, str]) -> dict[str, Any] | None:
    """The store that a copy on this node was made from: other nodes make their own."""
    return place and {**place, "store": origins.get(place["store"], place["store"])}


def in_store(kept: Column) -> dict[str, Any] | None:
    """Store, part, column and row count, if ``kept`` is the first rows of a stored column; None for any other array or view.

    Of rows that were chosen, the column that they were chosen from.
    """
    kept = kept.whole if isinstance(kept, Chosen) else kept
    flat = whole_of(kept)
    file = getattr(flat, "filename", None)
    if (
        file is None
        or not flat.flags.c_contiguous
        or address(flat) != address(np.frombuffer(map_below(flat), np.uint8))
    ):
        return None
    manifest = read_json(Path(file).with_name("manifest.json"))
    part, _, name = Path(file).name.partition(".")
    shape = manifest["parts"][part][name]["shape"]
    if isinstance(kept, np.ndarray) and (shape is None or list(kept.shape[1:]) != shape[1:]):
        return None
    place = {"store": str(Path(file).parent.resolve()), "part": part, "name": name}
    return {**place, "rows": len(kept), "digest": manifest["digest"]}


def address(array: np.ndarray) -> int:
    """Memory address of an array's first element."""
    begins: int = array.__array_interface__["data"][0]
    return begins


def map_below(array: Any) -> mmap.mmap:
    """The memory map underlying a view."""
    while isinstance(array, np.ndarray):
        array = array.base
    assert isinstance(array, mmap.mmap)
    return array


def handed_over(folder: Path) -> PreparedData | None:
    """The set that rank 0 wrote to ``folder``; None if its stores cannot be reached, as on a node with its own cache.

    Raises:
        DataError: a store has changed since rank 0 opened it.
    """
    facts = read_json(folder / NAME)
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        arrays = dict(file)
    known = {split: part.items() for split, part in facts["columns"].items()}
    places = [place for part in known.values() for _, place in part if place is not None]
    if not all((Path(place["store"]) / "manifest.json").is_file() for place in places):
        return None
    columns = {
        split: {name: opened(place, arrays, f"{split}.{name}") for name, place in part} for split, part in known.items()
    }
    crop = facts["augmentation"]["crop"]
    augmentation = Augmentation(**(facts["augmentation"] | {"crop": crop and tuple(crop)}))
    modes = Modes(arrays["modes"], facts["sigma"]) if "modes" in arrays else None
    return PreparedData(DataSpec.from_plain(facts["spec"]), columns, augmentation, modes, facts["files"])


def opened(place: dict[str, Any] | None, arrays: dict[str, np.ndarray], name: str) -> Column:
    """The column called ``name`` that rank 0 has described, from its store or from what it wrote beside."""
    if place is None:
        return arrays[name]
    column, rows = from_store(place), arrays.get(name + ROWS)
    return column if rows is None else Chosen(whole_of(column), rows)


def from_store(place: dict[str, Any]) -> Column:
    """Open the column that ``in_store`` described.

    Raises:
        DataError: the store has changed since rank 0 opened it.
    """
    store = Path(place["store"])
    manifest = read_json(store / "manifest.json")
    if manifest["digest"] != place["digest"]:
        raise DataError(f"{store} has changed since rank 0 of this run opened it. Start the run again.")
    facts = manifest["parts"][place["part"]][place["name"]]
    return first(column(store, place["part"], place["name"], facts), place["rows"])
