"""``data.class_shares={LABEL: share}``: only a share of a class's images trains and validates; the test set stays whole.

A share of 0 holds the class out; 0.01 makes a minority of it. Which images stay depends on their numbers in the split alone:
every run and every rank keeps the same ones, and those of a smaller share are among those of a larger one.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.data.store.columns import Chosen, Ragged
from genlab.data.store.source import Columns, PreparedData
from genlab.random import uniform

SHARES = 11  # the purpose that keyed numbers are drawn for
SHARED = ("train", "val")
MANY = 12  # names in a message


def with_shares(prepared: PreparedData, shares: Mapping[str | int, float] | None) -> PreparedData:
    """The set without the training and validation images that the shares of their classes leave out.

    Raises:
        ConfigError: it has no classes, or no such class, or nothing is left.
    """
    if not shares:
        return prepared
    by_class = shares_by_class(prepared.spec, shares)
    labels = {split: np.asarray(prepared.columns[split]["label"]) for split in SHARED}
    rows = {split: kept_rows(label, by_class) for split, label in labels.items()}
    for split, kept in rows.items():
        if not len(kept):
            raise refused(
                shares, f"leaves no image in {split}", "Type larger shares, or leave some classes as they are"
            )
    columns = prepared.columns | {split: chosen(prepared.columns[split], kept) for split, kept in rows.items()}
    return replace(prepared, spec=described(prepared.spec, by_class, labels, rows), columns=columns)


def shares_by_class(spec: DataSpec, shares: Mapping[str | int, float]) -> dict[int, float]:
    """The shares by the number of the class.

    Raises:
        ConfigError: the set has no classes, or a class is not there or stands twice.
    """
    if not spec.classes:
        there = "attributes" if spec.attributes else "no labels"
        what = f"is of classes, and {spec.name} has {there}"
        remedy = "Leave it out" + (", or make one the class: data.label=NAME" if spec.name == "celeba" else "")
        raise refused(shares, what, remedy)
    numbers = [number_of(one, spec, shares) for one in shares]
    if twice := [number for number in numbers if numbers.count(number) > 1]:
        raise refused(shares, f"class {spec.class_names[twice[0]]} stands there twice", "Type each class once")
    return dict(sorted(zip(numbers, map(float, shares.values()), strict=True)))


def number_of(one: str | int, spec: DataSpec, shares: Mapping[str | int, float]) -> int:
    """The number of a class that goes by its number or its name.

    Raises:
        ConfigError: there is none.
    """
    if isinstance(one, str) and one in spec.class_names:
        return spec.class_names.index(one)
    if isinstance(one, int) and not isinstance(one, bool) and 0 <= one < spec.classes:
        return one
    near = [] if isinstance(one, int) else difflib.get_close_matches(one, spec.class_names, 1, 0.6)
    names = f"{', '.join(spec.class_names[:MANY])}{' …' if spec.classes > MANY else ''}"
    remedy = (
        f"Did you mean {near[0]}?" if near else f"Type: a number from 0 to {spec.classes - 1}, or a name of {names}"
    )
    raise refused(shares, f"{spec.name} has no class {one}", remedy)


def kept_rows(label: np.ndarray, by_class: Mapping[int, float]) -> np.ndarray:
    """The rows that stay, in order: of a class with a share those whose numbers are drawn lowest, one at least if it is not 0.

    Classes int64 [N] -> rows int64 [M].
    """
    drawn, stays = uniform(np.arange(len(label)), 0, 0, SHARES), np.ones(len(label), bool)
    for number, share in by_class.items():
        rows = np.flatnonzero(label == number)
        count = max(round(share * len(rows)), 1 if share else 0)
        stays[rows[np.argsort(drawn[rows], kind="stable")[count:]]] = False
    return np.flatnonzero(stays)


def chosen(columns: Columns, rows: np.ndarray) -> Columns:
    """The columns at ``rows``: images without a copy; labels and points, which are small, with one."""
    found: Columns = {}
    for name, column in columns.items():
        assert not isinstance(column, Ragged)  # no set with classes has images of many sizes
        whole = column.whole if isinstance(column, Chosen) else column
        before = column.rows[rows] if isinstance(column, Chosen) else rows
        found[name] = Chosen(whole, before) if name == "image" else whole[before]
    return found


def described(
    spec: DataSpec, by_class: dict[int, float], labels: dict[str, np.ndarray], rows: dict[str, np.ndarray]
) -> DataSpec:
    """The description of what is left: other images, so another digest."""
    digest = hashlib.sha256(f"{spec.digest}{json.dumps(list(by_class.items()))}".encode()).hexdigest()
    sizes = spec.sizes | {split: len(kept) for split, kept in rows.items()}
    told = [
        f"class {spec.class_names[number]}: "
        + ", ".join(
            f"{(labels[s][rows[s]] == number).sum():,} of {(labels[s] == number).sum():,} in {s}" for s in SHARED
        )
        for number in by_class
    ]
    return replace(spec, sizes=sizes, digest=digest, remarks=(*spec.remarks, f"class_shares: {'; '.join(told)}"))


def refused(shares: Mapping[str | int, float], what: str, remedy: str) -> ConfigError:
    """The error of shares that do not fit."""
    typed = ", ".join(f"{one}: {share:g}" for one, share in shares.items())
    return ConfigError([Problem(f"data.class_shares={{{typed}}}", what, remedy)])
