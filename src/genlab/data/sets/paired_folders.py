"""Pairs of images as files of the same name in two folders."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from genlab.config.types import NumberRange, OnError, PositiveInt, Resample
from genlab.contracts import DataError, Kind, Unreadable
from genlab.data.files.decode import Reading
from genlab.data.files.decode_in_parallel import Row
from genlab.data.files.findings import Findings
from genlab.data.files.image_folders import ImageStoreRecipe, Parts, load
from genlab.data.files.listing import few, look_in
from genlab.data.files.options import FileOptions, Sides
from genlab.data.files.preprocess import Preprocessing, Recipe
from genlab.data.files.splits import completed, plain, require_every_split, require_folder, side_split_name
from genlab.data.sets.matching import Files, Matched, match
from genlab.data.sets.pairs import Direction, Pairing
from genlab.data.store.source import SPLITS, PreparedData, Source, sizes_of


class PairedFolders(Source):
    """Pairs of files with the same name in folders A and B; the endings may differ where that leaves no doubt.

    ``A/…`` and ``B/…``, each with ``train``, ``val`` and ``test`` below it or without; or ``trainA``, ``trainB`` …; or
    ``train/A``, ``train/B`` …. A missing ``val`` or ``test`` is split off the training pairs, 10 % each, by a hash of the
    name.

    Args:
        path: the folder.
        direction: ``AtoB``: A is the input and B the target; ``BtoA``: the other way round.
        preprocess: how pictures are resized (``genlab.data.files.preprocess``).
        load_size: size before cropping, in pixels.
        crop_size: size of the crop, in pixels.
        hflip: mirror half of the training pairs, both images alike.
        channels: 1 grey, 3 colour, None: colour if any of the files has colour; ``channels_a``, ``channels_b``: of one side.
        range: white, or black and white, in files of more than 8 bits; ``set``: as the files have; None: by their format.
        resample: ``bicubic``, or ``nearest``, which makes no new colours; ``resample_a``, ``resample_b``: of one side.
        max_pixels: files with more pixels are refused.
        on_error: ``stop`` at a file that cannot be read or has no partner, or ``skip`` and count it.
        batch_size: pairs per step, on each device.
        limit: use only this many training pairs; None for all.
    """

    kind: ClassVar[Kind] = "pairs"
    also: ClassVar[tuple[Kind, ...]] = ("domains",)

    def __init__(
        self,
        path: str,
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
        self.root, self.recipe = Path(path).expanduser(), Recipe(preprocess, load_size, crop_size)
        self.options = FileOptions(channels, range, resample, max_pixels, on_error)
        self.sides = Sides(channels_a, channels_b, resample_a, resample_b)
        self.pairing = Pairing("paired_folders", direction, self.recipe, hflip, batch_size, limit)

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Match and check the files, and decode them or open their store."""
        matched, remarks = self.match_files()
        if matched.alone and self.options.on_error == "stop":
            raise DataError(f"{matched.report(self.root)}. Rename them, or go on without them: data.on_error=skip")
        partner = dict(matched.pairs.values())
        names = {a: name for name, (a, _) in matched.pairs.items()}
        parts: Parts = {split: [] for split in SPLITS}
        for name, (a, _) in matched.pairs.items():
            parts[name.partition("/")[0]].append(a)

        def both(path: Path, part: str, reading: Reading, findings: Findings) -> Row:
            sides = ((path, "a"), (partner[path], "b"))
            training = part == "train"
            a, b = (load(p, self.sides.reading(reading, s), self.recipe, training, findings) for p, s in sides)
            if a.shape[1:] != b.shape[1:]:
                sizes = " and ".join(f"{x.shape[2]}x{x.shape[1]}" for x in (a, b))
                remedy = "data.preprocess=resize_and_crop brings both to one size"
                raise Unreadable(path, f"with its partner it has the sizes {sizes}; {remedy}")
            return a, b

        recipe = ImageStoreRecipe(
            self.root,
            parts,
            ("a", "b"),
            both,
            self.options,
            {"kind": "two folders", **vars(self.recipe), **vars(self.sides)},
            lambda parts: completed(parts, names.__getitem__),
            lambda path: (path, partner[path]),
            named=self.recipe.crop is None,
        )
        store = recipe.store(cache_root, f"pairs-{plain(self.root)}")
        require_every_split(sizes_of(store.parts), self.root)
        alone = (path.relative_to(self.root).as_posix() for path in matched.alone)
        return self.pairing.prepared(store, remarks, tuple(alone))

    def match_files(self) -> tuple[Matched, tuple[str, ...]]:
        """The pairs and the files without a partner, and remarks on what else is in the folder.

        Raises:
            DataError: a side has no picture, or no file has a partner.
        """
        require_folder(self.root)
        listing = look_in(self.root, self.options.on_error)
        sides: dict[str, Files] = {"A": {}, "B": {}}
        others = []
        for path in listing.files:
            found = side_split_name(path.relative_to(self.root))
            if found is None:
                others.append(listing.name(path))
                continue
            side, split, name = found
            twin = sides[side].setdefault(f"{split}/{name}", path)
            if twin != path:
                raise DataError(f"{twin} and {path} have one name, so which is the pair's? Move one of them away.")
        if not (sides["A"] and sides["B"]):
            what = "it must have folders A and B (or trainA and trainB) with pictures"
            raise DataError(f"data.path={self.root}: {what}. Pairs side by side in one file: data=paired_image")
        matched = match(sides["A"], sides["B"])
        if not matched.pairs:
            raise DataError(f"data.path={self.root}: no file of A has a partner in B; {matched.report(self.root)}.")
        beside = [f"pictures in no folder of A or B: {few(others)}"] if others else []
        return matched, (*listing.remarks(), *beside)

    def pictures(self, data_root: Path, skipped: tuple[str, ...] = ()) -> Parts:
        """The files by side, so that a file and its partner do not count as duplicates."""
        pairs = self.match_files()[0].pairs.values()
        return {"A": [a for a, _ in pairs], "B": [b for _, b in pairs]}
