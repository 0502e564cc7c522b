"""Curves of a run by ``metrics.csv``: what it measured on training and on validation images, by epoch."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from genlab.contracts import ConfigError, Problem

NAME = "metrics.csv"
PREFERRED = ("squared_error", "mse", "l1", "recon", "cross_entropy", "loss")  # lower is better in all of them
Points = list[tuple[float, float]]  # epoch, value; in the order of epochs


@dataclass(frozen=True)
class Curves:
    """A metric of a run on both kinds of images; ``train`` is a mean over each epoch's rows, ``rows`` of them in the last."""

    train: Points
    val: Points
    rows: int

    @property
    def best(self) -> tuple[float, float]:
        """Epoch and value of the lowest validation: what early stopping keeps, as ``best.ckpt`` does."""
        return min(self.val, key=lambda point: point[1])

    @property
    def last(self) -> tuple[float, float]:
        """Of the last validation."""
        return self.val[-1]

    def trained(self, epoch: float) -> float:
        """The training curve at an epoch: its last point up to there, or its first."""
        return next((value for at, value in reversed(self.train) if at <= epoch), self.train[0][1])


def columns_of(folder: Path) -> dict[str, Points]:
    """Every column of a run's ``metrics.csv`` that has numbers, against the epoch.

    Raises:
        ConfigError: there is no such file, as in a folder that holds a checkpoint by itself.
    """
    path = folder / NAME
    if not path.is_file():
        what = f"{path} does not exist, and the curves are in it"
        raise ConfigError([Problem("ckpt", what, "Give run directories: ckpt=[runs/<name>/<run_id>,…]")])
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, Points] = {}
    for row in rows:
        for name, text in row.items():
            if text and name.startswith(("train/", "val/")) and math.isfinite(value := float(text)):
                found.setdefault(name, []).append((float(row["epoch"]), value))
    return found


def shared_metric(runs: dict[str, dict[str, Points]], wanted: str) -> str:
    """The metric that all runs have of both kinds of images: the one wanted, or the first of ``PREFERRED``.

    Raises:
        ConfigError: there is none, or not that one; with those that there are.
    """
    sides = [
        {name.partition("/")[2] for name in columns if name.startswith(split)}
        for columns in runs.values()
        for split in ("train/", "val/")
    ]
    shared = set.intersection(*sides) if sides else set()
    if wanted == "auto":
        if {
            "kl",
            "loss",
        } <= shared:  # a VAE that learns by heart reconstructs ever better: what it pays for that is in the KL
            return "loss"
        found = next((name for name in PREFERRED if name in shared), None)
        if found:
            return found
    elif wanted in shared:
        return wanted
    if all(not column.startswith("train/") for columns in runs.values() for column in columns):
        what = "is not in metrics.csv as train/…: no step of the training was logged, since there were few"
        raise ConfigError([Problem(f"what.metric={wanted}", what, "Train with trainer.log_every_n_steps=1, or longer")])
    bare = [name for name, columns in runs.items() if not any(column.startswith("val/") for column in columns)]
    what = "is not in metrics.csv as train/… and as val/… of every run"
    remedy = (
        f"Give runs that have been validated: {', '.join(bare)} has not" if bare else "Give runs of one kind of model"
    )
    remedy = f"Type: what.metric={'|'.join(sorted(shared))}" if shared else remedy
    raise ConfigError([Problem(f"what.metric={wanted}", what, remedy)])


def curves_of(columns: dict[str, Points], metric: str) -> Curves:
    """The two curves of a metric; the rows of an epoch become one point, at its end."""
    train = columns[f"train/{metric}"]
    epochs = [
        (epoch, [value for _, value in group]) for epoch, group in groupby(train, lambda point: math.ceil(point[0]))
    ]
    means = [(float(epoch), sum(values) / len(values)) for epoch, values in epochs]
    return Curves(means, columns[f"val/{metric}"], len(epochs[-1][1]))
