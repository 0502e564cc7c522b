"""Pairs of images side by side in one file: the format of the pix2pix sets."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from genlab.config.types import OnError, PositiveInt
from genlab.contracts import ConfigError, DataError, Kind, Problem
from genlab.data.files.decode import Unreadable, opened
from genlab.data.files.decode_in_parallel import Row, channels_of
from genlab.data.files.image_folders import ImageStoreRecipe, array
from genlab.data.files.preprocess import Preprocessing, Recipe
from genlab.data.files.published import ensure, published
from genlab.data.files.splits import completed, pictures_in, require_every_split, require_folder
from genlab.data.sets.pairs import Direction, Pairing
from genlab.data.store.source import SPLITS, PreparedData, Source, sizes_of


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
        channels: 1 grey, 3 colour, None: colour if any of a sample of the files has colour.
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
        on_error: OnError,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.name, self.path, self.channels, self.on_error = name, path, channels, on_error
        self.recipe = Recipe(preprocess, load_size, crop_size)
        self.pairing = Pairing(name, direction, self.recipe, hflip, batch_size, limit)

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find or download the files, and decode them or open their store."""
        root, parts = self.find_files(data_root)
        channels = self.channels or channels_of(parts["train"])

        def halves(path: Path, training: bool) -> Row:
            picture = opened(path, channels)
            width, height = picture.size
            if width % 2 or width < 2:
                raise Unreadable(path, f"{width} pixels are no two images side by side")
            boxes = ((0, 0, width // 2, height), (width // 2, 0, width, height))
            left, right = (array(picture.crop(box), self.recipe, training, path) for box in boxes)
            return left, right

        album = ImageStoreRecipe(root, parts, ("a", "b"), halves, channels, self.recipe, self.on_error)
        store = album.store(cache_root, self.name, "side by side")
        require_every_split(sizes_of(store.parts), root, list(parts))
        return self.pairing.prepared(store, tuple(store.facts["skipped"]))

    def find_files(self, data_root: Path) -> tuple[Path, dict[str, list[Path]]]:
        """The folder, and the files of each part that it has."""
        if self.path is None:
            root = ensure(published(self.name), data_root)
            return root, {split: files for split in SPLITS if (files := pictures_in(root / split))}
        root = Path(self.path).expanduser()
        require_folder(root)
        if all((root / f"train{side}").is_dir() for side in "AB"):
            what = "holds two domains, trainA and trainB, and no pairs side by side in one file"
            remedy = f"Type: model=cyclegan data=unpaired_folders data.path={root}\n"
            remedy += f"    Of pairs under equal names: data=paired_folders data.path={root}"
            raise ConfigError([Problem(f"data.path={root}", what, remedy)])
        parts = {split: pictures_in(root / split) for split in SPLITS}
        if not any(parts.values()):
            parts["train"] = pictures_in(root)
        if not parts["train"]:
            raise DataError(f"data.path={root}: there is no picture in it, or none in its folder train.")
        return root, completed(parts, lambda path: path.relative_to(root).as_posix())

    def pictures(self, data_root: Path) -> dict[str, list[Path]]:
        """The files by split."""
        return self.find_files(data_root)[1]
