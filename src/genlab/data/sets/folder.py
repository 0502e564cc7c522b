"""The user's own pictures: a folder of image files of any size, grey or colour, with or without sub-folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from genlab.config.types import Binarize, NumberRange, OnError, PositiveInt, Resample
from genlab.contracts import DataError, DataSpec, LabelKind
from genlab.data.files.decode import Reading
from genlab.data.files.decode_in_parallel import Row
from genlab.data.files.findings import Findings
from genlab.data.files.formats import NAMED
from genlab.data.files.image_folders import ImageStoreRecipe, Parts, load_covering, of_store
from genlab.data.files.listing import Listing, look_in
from genlab.data.files.options import FileOptions
from genlab.data.files.splits import completed, plain, require_every_split, require_folder, split_in
from genlab.data.store.source import SPLITS, Augmentation, PreparedData, Source, limited, sizes_of


@dataclass(frozen=True)
class Sorted:
    """The files of a folder by split, as its sub-folders give them, and the class of each file, if there are classes."""

    listing: Listing
    parts: Parts
    labels: dict[Path, str]

    @property
    def classes(self) -> list[str]:
        """The names of the classes."""
        return sorted(set(self.labels.values()))

    def complete(self, parts: Parts) -> Parts:
        """Cut the parts that no sub-folder gives off the training images."""
        return completed(parts, self.listing.name)

    def columns(self, files: list[Path]) -> dict[str, np.ndarray]:
        """The labels of the files, if there are classes."""
        places = {name: place for place, name in enumerate(self.classes)}
        return {"label": np.array([places[self.labels[path]] for path in files], np.int64)} if places else {}


class Folder(Source):
    """Sub-folders ``train``, ``val``, ``test`` are splits; other sub-folders are classes.

    A missing ``val`` or ``test`` is split off the training images, 10 % each, by a hash of the file's name.

    Args:
        path: the folder.
        image_size: images are scaled to this shorter side (bicubic) and centre-cropped to image_size x image_size.
        channels: 1 grey, 3 colour, None: colour if any of the files has colour.
        range: white, or black and white, in files of more than 8 bits; ``set``: as the files have; None: by their format.
        resample: ``bicubic``, or ``nearest``, which makes no new colours.
        max_pixels: files with more pixels are refused.
        hflip: mirror half of the training images, anew in every epoch.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` and count it.
        binarize: black and white pixels for the model: ``dynamic``, ``static`` or ``threshold``; None: grey, as stored.
        batch_size: images per step, on each device.
        limit: use only this many training images; None for all.
    """

    labels: ClassVar[tuple[LabelKind, ...] | None] = ("classes",)
    relabel: ClassVar[str] = "Sort the pictures into sub-folders, one for each class."

    def __init__(
        self,
        path: str,
        image_size: PositiveInt,
        channels: Literal[1, 3] | None,
        range: NumberRange,
        resample: Resample,
        max_pixels: PositiveInt,
        hflip: bool,
        on_error: OnError,
        binarize: Binarize | None,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.path, self.image_size, self.hflip = Path(path).expanduser(), image_size, hflip
        self.options = FileOptions(channels, range, resample, max_pixels, on_error)
        self.binarize, self.batch_size, self.limit = binarize, batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """List and check the files, and decode them or open their store."""
        files = self.sorted()
        facts = {"kind": "folder", "size": self.image_size}
        recipe = ImageStoreRecipe(
            self.path, files.parts, ("image",), self.decode, self.options, facts, files.complete, known=files.columns
        )
        store = recipe.store(cache_root, f"folder-{plain(self.path)}")
        sizes = sizes_of(store.parts)
        require_every_split(sizes, self.path)
        shape, names = store.parts["train"]["image"].shape[1:], tuple(files.classes)  # type: ignore[union-attr]
        found = of_store(store, tuple(files.listing.remarks())) | {"binarized": self.binarize or ""}
        spec = DataSpec("folder", "images", shape, sizes, classes=len(names), class_names=names, **found)
        return limited(PreparedData(spec, store.parts, Augmentation(hflip=self.hflip)), self.limit)

    def decode(self, path: Path, part: str, reading: Reading, findings: Findings) -> Row:
        """One file, scaled and cropped."""
        return (load_covering(path, self.image_size, reading, findings),)

    def sorted(self) -> Sorted:
        """Every picture below the folder, by the split and class of its sub-folders.

        Raises:
            DataError: there is no such folder, or no picture in it, or classes beside loose pictures.
        """
        require_folder(self.path)
        listing = look_in(self.path, self.options.on_error)
        if not listing.files:
            raise DataError(f"data.path={self.path}: there is no picture ({NAMED}) in it or below it.")
        parts: Parts = {split: [] for split in SPLITS}
        labels: dict[Path, str] = {}
        for path in listing.files:
            split = split_in(path, self.path)
            parts[split or "train"].append(path)
            folders = path.relative_to(self.path).parts[bool(split) : -1]
            if folders:
                labels[path] = folders[0]
        loose = [path for path in listing.files if path not in labels]
        if labels and loose:
            what = f"sub-folders are classes, but {loose[0]} lies in none. Move it into one, or all out."
            raise DataError(f"{self.path}: {what}")
        return Sorted(listing, parts, labels)

    def pictures(self, data_root: Path, skipped: tuple[str, ...] = ()) -> Parts:
        """The files by split."""
        files = self.sorted()
        return files.complete(files.listing.without(skipped, files.parts))
