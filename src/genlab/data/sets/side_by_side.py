"""Pairs of images side by side in one file: the format of the pix2pix sets."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from genlab.config.types import NumberRange, OnError, PositiveInt, Resample
from genlab.contracts import ConfigError, DataError, Kind, Problem, Unreadable
from genlab.data.files.decode import Reading, array_of, naming, read
from genlab.data.files.decode_in_parallel import Row
from genlab.data.files.findings import Findings
from genlab.data.files.formats import NAMED
from genlab.data.files.image_folders import ImageStoreRecipe, Parts
from genlab.data.files.listing import Listing, look_in
from genlab.data.files.options import FileOptions, Sides
from genlab.data.files.preprocess import Preprocessing, Recipe
from genlab.data.files.published import ensure, published
from genlab.data.files.splits import by_split, completed, require_every_split, require_folder, side_split_name
from genlab.data.sets.pairs import Direction, Pairing
from genlab.data.store.source import PreparedData, Source, sizes_of

SQUARE = "as wide as high: taken for two narrow images side by side; single pictures are for data=folder"


class SideBySide(Source):
    """Files with A in the left half and B in the right half, in ``train``, ``val`` and ``test``.

    A published set is found in the data root or downloaded; its ``val`` also serves as ``test`` if it has none. In the
    user's own folder, a missing ``val`` or ``test`` is split off the training files, 10 % each, by a hash of the name.

    Args:
        name: ``maps``, ``facades``, or a name for the user's own set.
        path: the folder of the user's own set; None for a published one.
        direction: ``AtoB``: the left half is the input and the right half the target; ``BtoA``: the other way round.
        preprocess: how pictures are resized (``genlab.data.files.preprocess``).
        load_size: size before cropping, in pixels.
        crop_size: size of the crop, in pixels.
        hflip: mirror half of the training pairs, both images alike.
        channels: 1 grey, 3 colour, None: colour if any of the files has colour; ``channels_a``, ``channels_b``: of one side.
        range: white, or black and white, in files of more than 8 bits; ``set``: as the files have; None: by their format.
        resample: ``bicubic``, or ``nearest``, which makes no new colours; ``resample_a``, ``resample_b``: of one side.
        max_pixels: files with more pixels are refused.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` and count it.
        batch_size: pairs per step, on each device.
        limit: use only this many training pairs; None for all.
    """

    kind: ClassVar[Kind] = "pairs"
    also: ClassVar[tuple[Kind, ...]] = ("domains",)

    def __init__(
        self,
        name: str,
        path: str | None,
        direction: Direction,
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
        self.name, self.path, self.recipe = name, path, Recipe(preprocess, load_size, crop_size)
        self.options = FileOptions(channels, range, resample, max_pixels, on_error)
        self.sides = Sides(channels_a, channels_b, resample_a, resample_b)
        self.pairing = Pairing(name, direction, self.recipe, hflip, batch_size, limit)

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find or download the files, and decode them or open their store."""
        listing, parts = self.find_files(data_root)
        facts = {"kind": "side by side", **vars(self.recipe), **vars(self.sides)}
        complete = None if self.path is None else lambda parts: completed(parts, listing.name)
        recipe = ImageStoreRecipe(
            listing.root, parts, ("a", "b"), self.halves, self.options, facts, complete, named=self.recipe.crop is None
        )
        store = recipe.store(cache_root, self.name)
        require_every_split(sizes_of(store.parts), listing.root, list(store.parts))
        return self.pairing.prepared(store, tuple(listing.remarks()))

    def halves(self, path: Path, part: str, reading: Reading, findings: Findings) -> Row:
        """The left and the right half of a file."""
        pixels = read(path, reading.max_pixels)
        height, width = pixels.colours.shape[:2]
        if width % 2:
            raise Unreadable(path, f"{width} pixels are no two images side by side")
        findings.see(pixels, reading)
        if width == height:
            findings.remark(SQUARE)
        sides = self.sides.reading(reading, "a"), self.sides.reading(reading, "b")
        with naming(path):
            pictures = [pixels.eight_bit(side.channels, side.range) for side in sides]
            boxes = (0, 0, width // 2, height), (width // 2, 0, width, height)
            left, right = (
                array_of(self.recipe.apply(picture.crop(box), part == "train", side.filter))
                for picture, box, side in zip(pictures, boxes, sides, strict=True)
            )
        return left, right

    def find_files(self, data_root: Path) -> tuple[Listing, Parts]:
        """The files below the folder, and those of each part as its sub-folders give them."""
        if self.path is None:
            root = ensure(published(self.name), data_root)
            listing = look_in(root, self.options.on_error)
            return listing, {split: files for split, files in by_split(listing.files, root).items() if files}
        root = Path(self.path).expanduser()
        require_folder(root)
        listing = look_in(root, self.options.on_error)
        parts = by_split(listing.files, root)
        if not any(parts.values()):
            require_no_domains(listing)
            parts["train"] = listing.files
        if not parts["train"]:
            raise DataError(f"data.path={root}: there is no picture ({NAMED}) in it, or none in its folder train.")
        return listing, parts

    def pictures(self, data_root: Path, skipped: tuple[str, ...] = ()) -> Parts:
        """The files by split."""
        listing, parts = self.find_files(data_root)
        return parts if self.path is None else completed(listing.without(skipped, parts), listing.name)


def require_no_domains(listing: Listing) -> None:
    """Refuse a folder of two domains, or of pairs in two folders.

    Raises:
        ConfigError: with the sets that such folders are for.
    """
    sides = {found[0] for path in listing.files if (found := side_split_name(path.relative_to(listing.root)))}
    if sides == {"A", "B"}:
        root = listing.root
        what = "holds two folders, A and B, and no pairs side by side in one file"
        remedy = f"Of pairs under equal names, type: data=paired_folders data.path={root}\n"
        remedy += f"    Of two domains: model=cyclegan data=unpaired_folders data.path={root}"
        raise ConfigError([Problem(f"data.path={root}", what, remedy)])
