"""Data sources, without torch: the contents of a prepared set, and the base class that prepares it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from genlab.contracts import DataSpec, Kind, LabelKind
from genlab.data.store.columns import Column, first

SPLITS: tuple[str, ...] = ("train", "val", "test")
Columns = dict[str, Column]


@dataclass(frozen=True)
class Augmentation:
    """Augmentation of training images, redrawn every epoch: random crops of ``crop`` (H, W), horizontal flips.

    Outside training images are cropped to the middle, or ``whole``.
    """

    crop: tuple[int, int] | None = None
    hflip: bool = False
    whole: bool = False

    @property
    def evaluated(self) -> tuple[int, int] | None:
        """Size (H, W) of the crop outside training; None: images are whole."""
        return None if self.whole else self.crop


@dataclass(frozen=True)
class Modes:
    """The modes of a Gaussian mixture: ``centres`` float32 [M, D], each with standard deviation ``sigma``."""

    centres: np.ndarray
    sigma: float


@dataclass(frozen=True)
class PreparedData:
    """A data set ready to be read: for each split its columns, named like the fields of its batches.

    ``image``, ``a``, ``b``: [N, C, H, W], or ``Ragged``, uint8, or numbers on the scale of ``DataSpec``; ``x``: float32 [N, D];
    ``label``: int64 [N] or [N, K]. All columns of a split have the same length, except ``a`` and ``b`` of ``domains``.
    """

    spec: DataSpec
    columns: dict[str, Columns]
    augmentation: Augmentation = Augmentation()
    modes: Modes | None = None  # of points that were drawn from a known mixture
    files: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # by split and column, of images of many sizes
    origins: dict[str, str] = field(default_factory=dict)  # of stores that were copied to this node: copy -> store

    @property
    def images(self) -> dict[str, np.ndarray]:
        """The images of each split, for sets whose batches are ``Images``."""
        return {split: columns["image"] for split, columns in self.columns.items()}  # type: ignore[misc]

    @property
    def labels(self) -> dict[str, np.ndarray | None]:
        """The labels of each split; None if it has none."""
        return {split: columns.get("label") for split, columns in self.columns.items()}  # type: ignore[misc]

    @property
    def points(self) -> dict[str, np.ndarray | None]:
        """The points of each split; None for sets of images."""
        return {split: columns.get("x") for split, columns in self.columns.items()}  # type: ignore[misc]


class Source(ABC):
    """Base class of data sets. Construction reads no files; ``prepare`` does the work."""

    kind: ClassVar[Kind] = "images"
    also: ClassVar[tuple[Kind, ...]] = ()  # kinds in which a model may have the same images, by ``prepare_as``
    labels: ClassVar[tuple[LabelKind, ...] | None] = None  # that its rows may have; None: known when it is prepared
    relabel: ClassVar[str] = ""  # how to get others of those, in words to type

    @abstractmethod
    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find (or download), check and decode the files, or open the store in ``cache_root``.

        Raises:
            DataError: with what is missing or damaged, and what to do.
        """

    def prepare_as(self, kind: Kind, data_root: Path, cache_root: Path) -> PreparedData:
        """``prepare`` for batches of ``kind``: the set's own kind, or one listed in ``also``."""
        prepared = self.prepare(data_root, cache_root)
        return prepared if kind == prepared.spec.kind else unpaired(prepared)

    def pictures(self, data_root: Path, skipped: tuple[str, ...] = ()) -> dict[str, list[Path]]:
        """The picture files by part (``train``, ``testA`` …), for reports; empty for sets without picture files.

        ``skipped``: files that were left out before missing parts were cut, as in ``DataSpec``.
        """
        return {}

    def sounds(self, data_root: Path) -> dict[str, list[Path]]:
        """The sound files by part, for reports; empty for sets without sound files."""
        return {}


def sizes_of(columns: dict[str, Columns]) -> dict[str, int]:
    """Number of rows of each split: the length of its longest column."""
    return {split: max(len(column) for column in part.values()) for split, part in columns.items()}


def unpaired(prepared: PreparedData) -> PreparedData:
    """Pairs as two unpaired domains of the same images.

    The domains are shuffled, cropped and flipped independently (``genlab.data.store.order``).
    """
    spec, columns = prepared.spec, prepared.columns
    sizes = {f"{split}{side.upper()}": len(part[side]) for split, part in columns.items() for side in ("a", "b")}
    note = f"pairs as two domains, drawn apart; {spec.note}"
    return replace(prepared, spec=replace(spec, kind="domains", sizes=spec.sizes | sizes, note=note))


def limited(prepared: PreparedData, limit: int | None) -> PreparedData:
    """The set with only its first ``limit`` training rows."""
    if limit is None or limit >= prepared.spec.sizes["train"]:
        return prepared
    train = {name: first(column, limit) for name, column in prepared.columns["train"].items()}
    sizes = {name: min(n, limit) if name.startswith("train") else n for name, n in prepared.spec.sizes.items()}
    spec = replace(prepared.spec, sizes=sizes)
    return replace(prepared, spec=spec, columns={**prepared.columns, "train": train})
