"""The user's own pictures: a folder of image files of any size, grey or colour, with or without sub-folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genlab.config.types import OnError, PositiveInt
from genlab.contracts import DataError, DataSpec, LabelKind
from genlab.data.files.decode import ENDINGS, decode
from genlab.data.files.decode_in_parallel import channels_of, decode_rows
from genlab.data.files.splits import completed, pictures_in, plain, require_every_split, require_folder
from genlab.data.store.source import SPLITS, Augmentation, PreparedData, Source, limited, sizes_of
from genlab.data.store.store import Decoded, Part, key_of, open_or_build


@dataclass(frozen=True)
class Listed:
    """One file: its path, and the split and class that its folders give, if any."""

    path: Path
    split: str | None
    label: str | None


class Folder(Source):
    """Sub-folders ``train``, ``val``, ``test`` are splits; other sub-folders are classes.

    A missing ``val`` or ``test`` is split off the training images, 10 % each, by a hash of the file's name.

    Args:
        path: the folder.
        image_size: images are scaled to this shorter side (bicubic) and centre-cropped to image_size x image_size.
        channels: 1 grey, 3 colour, None: colour if any of a sample of the files has colour.
        hflip: mirror half of the training images, anew in every epoch.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` and count it.
        batch_size: images per step, on each device.
        limit: use only this many training images; None for all.
    """

    labels: ClassVar[tuple[LabelKind, ...] | None] = ("classes",)
    relabel: ClassVar[str] = "Sort the pictures into sub-folders, one for each class."

    def __init__(
        self,
        path: str,
        image_size: PositiveInt,
        channels: PositiveInt | None,
        hflip: bool,
        on_error: OnError,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.path, self.image_size, self.channels, self.hflip = Path(path).expanduser(), image_size, channels, hflip
        self.on_error, self.batch_size, self.limit = on_error, batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """List and check the files, and decode them or open their store."""
        files = listing(self.path)
        channels = self.channels or channels_of([f.path for f in files])
        recipe = {"kind": "folder", "size": self.image_size, "channels": channels, "on_error": self.on_error}
        key = key_of(recipe, [f.path for f in files], self.path)
        shape = (channels, self.image_size, self.image_size)
        store = open_or_build(cache_root, f"folder-{plain(self.path)}", key, lambda: self.decoded(files, shape))
        classes, skipped = store.facts["classes"], tuple(store.facts["skipped"])
        sizes = sizes_of(store.parts)
        require_every_split(sizes, self.path)
        spec = DataSpec("folder", "images", shape, sizes, store.digest, len(classes), tuple(classes), skipped=skipped)
        return limited(PreparedData(spec, store.parts, Augmentation(hflip=self.hflip)), self.limit)

    def decoded(self, files: list[Listed], shape: tuple[int, ...]) -> Decoded:
        """Input of the store build; images are decoded lazily."""
        classes = sorted({f.label for f in files if f.label is not None})
        skipped: list[str] = []
        parts = {}

        def one(path: Path) -> tuple[np.ndarray]:
            return (decode(path, shape),)

        for split, members in splits(files, self.path).items():
            labels = {"label": np.array([classes.index(f.label) for f in members], np.int64)} if classes else {}  # type: ignore[arg-type]
            rows = decode_rows([f.path for f in members], one, self.on_error, skipped, self.path)
            parts[split] = Part(len(members), ("image",), rows, labels)
        return Decoded(parts, {"classes": classes, "skipped": skipped})

    def pictures(self, data_root: Path) -> dict[str, list[Path]]:
        """The files by split."""
        return {split: [f.path for f in members] for split, members in splits(listing(self.path), self.path).items()}


def listing(folder: Path) -> list[Listed]:
    """Every picture below ``folder``, sorted by name.

    Raises:
        DataError: there is no such folder, or no picture in it, or classes beside loose pictures.
    """
    require_folder(folder)
    paths = pictures_in(folder)
    if not paths:
        raise DataError(f"data.path={folder}: there is no picture ({', '.join(sorted(ENDINGS))}) in it or below it.")
    files = [listed_file(path, folder) for path in paths]
    if len({f.label is None for f in files}) == 2:
        loose = next(f.path for f in files if f.label is None)
        raise DataError(f"{folder}: sub-folders are classes, but {loose} lies in none. Move it into one, or all out.")
    return files


def listed_file(path: Path, folder: Path) -> Listed:
    """A file with the split and class that its folders give."""
    parts = list(path.relative_to(folder).parts[:-1])
    split = parts.pop(0) if parts and parts[0] in SPLITS else None
    return Listed(path, split, parts[0] if parts else None)


def splits(files: list[Listed], folder: Path) -> dict[str, list[Listed]]:
    """The files of each split; missing splits are split off ``train``."""
    by_split: dict[str, list[Listed]] = {split: [] for split in SPLITS}
    for file in files:
        by_split[file.split or "train"].append(file)
    return completed(by_split, lambda file: file.path.relative_to(folder).as_posix())
