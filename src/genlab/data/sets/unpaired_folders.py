"""Two domains of unpaired images: trainA, trainB, testA, testB."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from genlab.config.types import NumberRange, OnError, PositiveInt, Resample
from genlab.contracts import DataError, DataSpec, Kind
from genlab.data.files.decode import Reading
from genlab.data.files.decode_in_parallel import Row
from genlab.data.files.findings import Findings
from genlab.data.files.formats import NAMED
from genlab.data.files.image_folders import (
    ImageStoreRecipe,
    Parts,
    heights_differ,
    load,
    of_store,
    own_channels,
    require_batches,
    shape_of,
)
from genlab.data.files.listing import Listing, look_in
from genlab.data.files.options import FileOptions, Sides
from genlab.data.files.preprocess import Preprocessing, Recipe
from genlab.data.files.published import ensure, published
from genlab.data.files.splits import completed, require_every_split, require_folder, side_split_name
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
        channels: 1 grey, 3 colour, None: colour if any of the files has colour; ``channels_a``, ``channels_b``: of one side.
        range: white, or black and white, in files of more than 8 bits; ``set``: as the files have; None: by their format.
        resample: ``bicubic``, or ``nearest``, which makes no new colours; ``resample_a``, ``resample_b``: of one side.
        max_pixels: files with more pixels are refused.
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
        channels_a: Literal[1, 3] | None,
        channels_b: Literal[1, 3] | None,
        range: NumberRange,
        resample: Resample,
        resample_a: Resample | None,
        resample_b: Resample | None,
        max_pixels: PositiveInt,
        on_error: OnError,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.name, self.path, self.hflip = name, path, hflip
        self.options = FileOptions(channels, range, resample, max_pixels, on_error)
        self.sides = Sides(channels_a, channels_b, resample_a, resample_b)
        self.recipe, self.batch_size, self.limit = Recipe(preprocess, load_size, crop_size), batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find or download the files, and decode them or open their store."""
        listing, parts = self.find_files(data_root)
        facts = {"kind": "domains", **vars(self.recipe), **vars(self.sides)}
        complete = None if self.path is None else lambda parts: each_completed(parts, listing)
        recipe = ImageStoreRecipe(
            listing.root, parts, ("image",), self.decode, self.options, facts, complete, named=self.recipe.crop is None
        )
        store = recipe.store(cache_root, self.name)
        require_every_split(sizes_of(store.parts), listing.root, list(store.parts))
        columns: dict[str, Columns] = {}
        for split in SPLITS:
            part = split if f"{split}A" in store.parts else "test"  # of a published set
            columns[split] = {side.lower(): store.parts[f"{part}{side}"]["image"] for side in SIDES}
        require_batches(columns["train"], self.recipe, self.batch_size)
        shapes = [shape_of(columns["train"][side], self.recipe) for side in ("a", "b")]
        sizes = sizes_of(columns) | {
            f"{split}{side}": len(part[side.lower()]) for split, part in columns.items() for side in SIDES
        }
        found = of_store(store, tuple(listing.remarks())) | {"channels_b": own_channels(*shapes)}
        found["heights_differ"] = heights_differ(columns["train"], self.recipe)
        spec = DataSpec(self.name, "domains", shapes[0], sizes, note=str(self.recipe), **found)
        files: dict[str, dict[str, list[str]]] = {}
        for part, names in store.facts["files"].items():
            files.setdefault(part[:-1], {})[part[-1].lower()] = names
        whole = PreparedData(spec, columns, Augmentation(self.recipe.crop, self.hflip), files=files)
        return limited(whole, self.limit)

    def decode(self, path: Path, part: str, reading: Reading, findings: Findings) -> Row:
        """One file, scaled."""
        side = self.sides.reading(reading, part[-1].lower())
        return (load(path, side, self.recipe, part.startswith("train"), findings),)

    def find_files(self, data_root: Path) -> tuple[Listing, Parts]:
        """The files below the folder, and those of each part as its sub-folders give them.

        Raises:
            DataError: a domain has no training images.
        """
        if self.path is None:
            known = published(self.name)
            root = ensure(known, data_root)
            listing = look_in(root, self.options.on_error)
            return listing, {part: [p for p in listing.files if root / part in p.parents] for part in known.parts}
        root = Path(self.path).expanduser()
        require_folder(root)
        listing = look_in(root, self.options.on_error)
        parts: Parts = {f"{split}{side}": [] for side in SIDES for split in SPLITS}
        for path in listing.files:
            if found := side_split_name(path.relative_to(root)):
                side, split, _ = found
                parts[f"{split}{side}"].append(path)
        for side in SIDES:
            if not parts[f"train{side}"]:
                what = f"domain {side} is empty: no pictures ({NAMED}) in train{side} or {side}"
                raise DataError(f"data.path={root}: {what}. Without two domains: data=folder")
        return listing, parts

    def pictures(self, data_root: Path, skipped: tuple[str, ...] = ()) -> Parts:
        """The files by part."""
        listing, parts = self.find_files(data_root)
        return parts if self.path is None else each_completed(listing.without(skipped, parts), listing)


def each_completed(parts: Parts, listing: Listing) -> Parts:
    """The parts of both domains; what is missing is cut off the domain's training images."""
    made: Parts = {}
    for side in SIDES:
        own = {split: parts[f"{split}{side}"] for split in SPLITS}
        made |= {f"{split}{side}": files for split, files in completed(own, listing.name).items()}
    return made
