"""Two domains of unpaired images: trainA, trainB, testA, testB."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from genlab.config.types import OnError, PositiveInt
from genlab.contracts import DataError, DataSpec, Kind
from genlab.data.files.decode_in_parallel import Row, channels_of
from genlab.data.files.image_folders import ImageStoreRecipe, load, require_batches, shape_of
from genlab.data.files.preprocess import Preprocessing, Recipe
from genlab.data.files.published import ensure, published
from genlab.data.files.splits import completed, pictures_in, require_folder
from genlab.data.store.source import SPLITS, Augmentation, Columns, PreparedData, Source, limited, sizes_of

SIDES = ("A", "B")


class UnpairedFolders(Source):
    """Two domains, A and B, of unrelated images; grey files become colour where the set has colour.

    A published set is found in the data root or downloaded; all of its training images are used, and its test images
    also serve as ``val``, as in the reference. In the user's own folder (``trainA``, ``trainB`` …, or just ``A`` and
    ``B``), a missing ``val`` or ``test`` is split off the training images, 10 % each, by a hash of the name.

    Args:
        name: a published set such as ``horse2zebra``, or a name for the user's own set.
        path: the folder of the user's own set; None for a published one.
        preprocess: how pictures are resized (``genlab.data.files.preprocess``).
        load_size: size before cropping, in pixels.
        crop_size: size of the crop, in pixels.
        hflip: mirror half of the training images.
        channels: 1 grey, 3 colour, None: colour if any of a sample of the files has colour.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` and count it.
        batch_size: images of each domain per step, on each device.
        limit: use only this many training images of each domain; None for all.
    """

    kind: ClassVar[Kind] = "domains"

    def __init__(
        self,
        name: str,
        path: str | None,
        preprocess: Preprocessing,
        load_size: PositiveInt,
        crop_size: PositiveInt,
        hflip: bool,
        channels: Literal[1, 3] | None,
        on_error: OnError,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.name, self.path, self.hflip, self.channels, self.on_error = name, path, hflip, channels, on_error
        self.recipe, self.batch_size, self.limit = Recipe(preprocess, load_size, crop_size), batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find or download the files, and decode them or open their store."""
        root, parts = self.find_files(data_root)
        channels = self.channels or channels_of([*parts["trainA"], *parts["trainB"]])

        def one(path: Path, training: bool) -> Row:
            return (load(path, channels, self.recipe, training),)

        album = ImageStoreRecipe(root, parts, ("image",), one, channels, self.recipe, self.on_error)
        store = album.store(cache_root, self.name, "domains")
        sizes = sizes_of(store.parts)
        if min(sizes.values()) == 0:
            raise DataError(f"{root} has an empty domain: {sizes}.")
        columns: dict[str, Columns] = {}
        for split in SPLITS:
            part = split if f"{split}A" in store.parts else "test"  # of a published set
            columns[split] = {side.lower(): store.parts[f"{part}{side}"]["image"] for side in SIDES}
        require_batches(columns["train"], self.recipe, self.batch_size)
        shape = shape_of(columns["train"], self.recipe)
        skipped = tuple(store.facts["skipped"])
        sizes = sizes_of(columns) | {
            f"{split}{side}": len(part[side.lower()]) for split, part in columns.items() for side in SIDES
        }
        spec = DataSpec(self.name, "domains", shape, sizes, store.digest, skipped=skipped, note=str(self.recipe))
        return limited(PreparedData(spec, columns, Augmentation(self.recipe.crop, self.hflip)), self.limit)

    def find_files(self, data_root: Path) -> tuple[Path, dict[str, list[Path]]]:
        """The folder, and its files by part.

        Raises:
            DataError: a domain has no training images.
        """
        if self.path is None:
            known = published(self.name)
            root = ensure(known, data_root)
            return root, {part: pictures_in(root / part) for part in known.parts}
        root = Path(self.path).expanduser()
        require_folder(root)
        parts: dict[str, list[Path]] = {}
        for side in SIDES:
            own = {split: pictures_in(root / f"{split}{side}") for split in SPLITS}
            own["train"] = own["train"] or pictures_in(root / side)
            if not own["train"]:
                raise DataError(f"data.path={root}: domain {side} is empty: no pictures in train{side} or {side}.")
            filled = completed(own, lambda path: path.relative_to(root).as_posix())
            parts |= {f"{split}{side}": files for split, files in filled.items()}
        return root, parts

    def pictures(self, data_root: Path) -> dict[str, list[Path]]:
        """The files by part."""
        return self.find_files(data_root)[1]
