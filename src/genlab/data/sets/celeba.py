"""CelebA: Liu, Luo, Wang and Tang, 2015, "Deep Learning Face Attributes in the Wild" (arXiv:1411.7766)."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from genlab.config.types import Binarize, OnError, PositiveInt
from genlab.contracts import ConfigError, DataError, DataSpec, LabelKind, Problem
from genlab.data.files.archive import unpack
from genlab.data.files.decode import Reading
from genlab.data.files.decode_in_parallel import Row
from genlab.data.files.findings import Findings
from genlab.data.files.image_folders import ImageStoreRecipe, load_covering, of_store
from genlab.data.files.options import FileOptions
from genlab.data.files.splits import require_every_split
from genlab.data.store.source import SPLITS, Augmentation, Columns, PreparedData, Source, limited, sizes_of

COMPLETE = 202_599  # images of the whole set
IMAGES, ATTRIBUTES, PARTITION = "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"
ALL = "attributes"
MOST = 100_000_000  # pixels of a file; those of the set have 38,804
BY_HAND = (
    "Its terms allow no mirror, so fetch it by hand from the set's page (mmlab.ie.cuhk.edu.hk/projects/CelebA.html): "
    f"{IMAGES}.zip, {ATTRIBUTES} and {PARTITION}, into {{folder}}, or say where your data sets lie: paths.data=DIR "
    "(with DIR/celeba/…)"
)


class CelebA(Source):
    """202,599 aligned faces of celebrities, 178x218, in the official partition; any subset of the files will do.

    Args:
        crop: side of the centre crop, in original pixels; None: the largest square.
        image_size: what that square is scaled to (bicubic), image_size x image_size.
        label: ``attributes``: all 40 as 0 or 1, [B, 40]; or the name of one, which is then the class, [B].
        hflip: mirror half of the training images.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` and count it.
        binarize: black and white pixels for the model: ``dynamic``, ``static`` or ``threshold``; None: grey, as stored.
        batch_size: images per step, on each device.
        limit: use only this many training images; None for all.
    """

    labels: ClassVar[tuple[LabelKind, ...] | None] = ("attributes", "classes")
    relabel: ClassVar[str] = "Classes: data.label=Smiling, or another attribute. Attributes: data.label=attributes"

    def __init__(
        self,
        crop: PositiveInt | None,
        image_size: PositiveInt,
        label: str,
        hflip: bool,
        on_error: OnError,
        binarize: Binarize | None,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.crop, self.image_size, self.label, self.hflip = crop, image_size, label, hflip
        self.options = FileOptions(3, None, "bicubic", MOST, on_error)
        self.binarize, self.batch_size, self.limit = binarize, batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find the files, read labels and partition, and decode the images or open their store."""
        folder = find_folder(data_root / "celeba")
        names, values = attributes(folder / ATTRIBUTES)
        chosen = self.chosen(names)
        parts = self.pictures(data_root)
        require_rows(folder / ATTRIBUTES, parts, values)

        def labels(files: list[Path]) -> dict[str, np.ndarray]:
            rows = [values[path.name] for path in files]
            return {"label": np.stack(rows) if rows else np.empty((0, len(names)), np.int64)}

        facts = {"kind": "celeba", "crop": self.crop, "size": self.image_size}
        recipe = ImageStoreRecipe(folder, parts, ("image",), self.decode, self.options, facts, known=labels)
        store = recipe.store(cache_root, "celeba", (folder / ATTRIBUTES, folder / PARTITION))
        sizes = sizes_of(store.parts)
        require_every_split(sizes, folder)
        spec = DataSpec(
            "celeba",
            "images",
            (3, self.image_size, self.image_size),
            sizes,
            attributes=names,
            levels=(2,) * len(names),
            note=self.note(sum(sizes.values())),
            binarized=self.binarize or "",
            **of_store(store),
        )
        whole = PreparedData(spec, store.parts, Augmentation(hflip=self.hflip))
        return limited(whole if chosen is None else with_class(whole, chosen), self.limit)

    def note(self, count: int) -> str:
        """Crop, size and how much of the set is here, in one line."""
        crop = f"centre crop {self.crop}" if self.crop else "largest centre square"
        missing = f"{count:,} of {COMPLETE:,} images, {COMPLETE - count:,} missing" if count < COMPLETE else "complete"
        return f"{crop}, scaled to {self.image_size}x{self.image_size}; {missing}"

    def chosen(self, names: tuple[str, ...]) -> int | None:
        """Index of the attribute used as the class; None for all attributes.

        Raises:
            ConfigError: there is no such attribute.
        """
        if self.label == ALL:
            return None
        if self.label not in names:
            near = difflib.get_close_matches(self.label, [*names, ALL], 1, 0.4)
            remedy = f"Did you mean data.label={near[0]}?" if near else f"Attributes: {' '.join(names)}"
            raise ConfigError([Problem(f"data.label={self.label}", "is no attribute of CelebA", remedy)])
        return names.index(self.label)

    def decode(self, path: Path, part: str, reading: Reading, findings: Findings) -> Row:
        """One file, cropped and scaled."""
        return (load_covering(path, self.image_size, reading, findings, self.crop),)

    def pictures(self, data_root: Path, skipped: tuple[str, ...] = ()) -> dict[str, list[Path]]:
        """The files that are present, by the official partition."""
        folder = find_folder(data_root / "celeba")
        here = {path.name for path in (folder / IMAGES).iterdir()}
        parts: dict[str, list[Path]] = {split: [] for split in SPLITS}
        for name, split in partition(folder / PARTITION).items():
            if name in here:
                parts[split].append(folder / IMAGES / name)
        return parts


def require_rows(path: Path, parts: dict[str, list[Path]], values: dict[str, np.ndarray]) -> None:
    """Every image needs its attributes.

    Raises:
        DataError: with the first image that has none.
    """
    unknown = next((file.name for files in parts.values() for file in files if file.name not in values), None)
    if unknown:
        raise DataError(f"{path} has no row for {unknown}. Fetch the file anew.")


def with_class(prepared: PreparedData, attribute: int) -> PreparedData:
    """The set with one of the attributes as the class label."""
    columns: dict[str, Columns] = {
        split: {**part, "label": np.asarray(part["label"])[:, attribute].copy()}
        for split, part in prepared.columns.items()
    }
    name = prepared.spec.attributes[attribute]
    spec = replace(prepared.spec, classes=2, class_names=(f"not {name}", name), attributes=(), levels=())
    return replace(prepared, spec=spec, columns=columns)


def find_folder(folder: Path) -> Path:
    """Check that the images and both text files are there, unpacking the image archive if needed. -> the folder.

    Raises:
        DataError: something is missing; the message says how to get it.
    """
    archive = folder / f"{IMAGES}.zip"
    if not (folder / IMAGES).is_dir() and archive.is_file():
        unpack(archive, folder / IMAGES)
    for name in (IMAGES, ATTRIBUTES, PARTITION):
        if not (folder / name).exists():
            raise DataError(f"CelebA is not complete: {folder / name} is missing. {BY_HAND.format(folder=folder)}")
    return folder


def attributes(path: Path) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """``list_attr_celeba.txt``: the names of the attributes, and 0 or 1 for each, int64 [40], by file name.

    Format: the number of rows; the names; then rows of a file name and -1 or 1 for each, padded to equal width.

    Raises:
        DataError: a row is malformed.
    """
    _, header, *rows = path.read_text().splitlines()
    names, values = tuple(header.split()), {}
    for number, row in enumerate(rows, 3):
        file, *signs = row.split()
        if len(signs) != len(names) or set(signs) - {"-1", "1"}:
            raise DataError(f"{path}: line {number} has not a -1 or 1 for each of {len(names)} attributes.")
        values[file] = (np.array(signs, np.int64) + 1) // 2
    return names, values


def partition(path: Path) -> dict[str, str]:
    """``list_eval_partition.txt``: the split of each file; rows of a file name and 0 (train), 1 (val) or 2 (test).

    Raises:
        DataError: a row is malformed.
    """
    found = {}
    for number, row in enumerate(path.read_text().splitlines(), 1):
        words = row.split()
        if len(words) != 2 or words[1] not in ("0", "1", "2"):
            raise DataError(f"{path}: line {number} is not a file name and 0, 1 or 2.")
        found[words[0]] = SPLITS[int(words[1])]
    return found
