"""Pairs of images as files of the same name in two folders."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from genlab.config.types import OnError, PositiveInt
from genlab.contracts import DataError, Kind
from genlab.data.files.decode import Unreadable
from genlab.data.files.decode_in_parallel import Row, channels_of
from genlab.data.files.image_folders import ImageStoreRecipe, load
from genlab.data.files.preprocess import Preprocessing, Recipe
from genlab.data.files.splits import completed, pictures_in, plain, require_every_split, require_folder
from genlab.data.sets.pairs import Direction, Pairing
from genlab.data.store.source import SPLITS, PreparedData, Source, sizes_of


class PairedFolders(Source):
    """Pairs of files with the same name (suffixes may differ) in folders A and B.

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
        channels: 1 grey, 3 colour, None: colour if any of a sample of the files has colour.
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
        on_error: OnError,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.root, self.channels, self.on_error = Path(path).expanduser(), channels, on_error
        self.recipe = Recipe(preprocess, load_size, crop_size)
        self.pairing = Pairing("paired_folders", direction, self.recipe, hflip, batch_size, limit)

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Match and check the files, and decode them or open their store."""
        matched, alone = self.match_files()
        if alone and self.on_error == "stop":
            raise DataError(
                f"{len(alone)} files in A and B have no partner of the same name, such as {', '.join(alone[:5])}. "
                f"Rename them, or go on without them: data.on_error=skip"
            )
        if not matched:
            raise DataError(f"data.path={self.root}: no file in A has the name of one in B.")
        splits: dict[str, list[str]] = {split: [] for split in SPLITS}
        for name, (split, *_) in matched.items():
            splits[split].append(name)
        partner = {a: b for _, a, b in matched.values()}
        parts = {split: [matched[n][1] for n in names] for split, names in completed(splits, str).items()}
        channels = self.channels or channels_of([*partner, *partner.values()])

        def both(path: Path, training: bool) -> Row:
            a, b = (load(p, channels, self.recipe, training) for p in (path, partner[path]))
            if a.shape != b.shape:
                sizes = " and ".join(f"{x.shape[2]}x{x.shape[1]}" for x in (a, b))
                remedy = "data.preprocess=resize_and_crop brings both to one size"
                raise Unreadable(path, f"with its partner it has the sizes {sizes}; {remedy}")
            return a, b

        album = ImageStoreRecipe(self.root, parts, ("a", "b"), both, channels, self.recipe, self.on_error)
        store = album.store(cache_root, f"pairs-{plain(self.root)}", "two folders", tuple(partner.values()))
        require_every_split(sizes_of(store.parts), self.root)
        return self.pairing.prepared(store, (*alone, *store.facts["skipped"]))

    def match_files(self) -> tuple[dict[str, tuple[str, Path, Path]], list[str]]:
        """The matched pairs, name -> (split, A, B), and the files without a partner."""
        require_folder(self.root)
        sides: dict[str, dict[tuple[str, str], Path]] = {"A": {}, "B": {}}
        for path in pictures_in(self.root):
            found = side_split_name(path.relative_to(self.root))
            if found is not None:
                side, split, name = found
                twin = sides[side].setdefault((split, name), path)
                if twin != path:
                    raise DataError(f"{twin} and {path} have one name, so which is the pair's? Move one of them away.")
        if not (sides["A"] and sides["B"]):
            raise DataError(
                f"data.path={self.root}: it must have folders A and B (or trainA and trainB) with pictures."
            )
        both = sides["A"].keys() & sides["B"].keys()
        matched = {f"{s}/{n}": (s, sides["A"][s, n], sides["B"][s, n]) for s, n in sorted(both)}
        alone = [path for files in sides.values() for key, path in files.items() if key not in both]
        return matched, [path.relative_to(self.root).as_posix() for path in alone]

    def pictures(self, data_root: Path) -> dict[str, list[Path]]:
        """The files by side, so that a file and its partner do not count as duplicates."""
        matched, _ = self.match_files()
        return {"A": [a for _, a, _ in matched.values()], "B": [b for _, _, b in matched.values()]}


def side_split_name(path: Path) -> tuple[str, str, str] | None:
    """``A/val/x/1.png``, ``valA/x/1.png`` and ``val/A/x/1.png`` -> ("A", "val", "x/1"); None for any other path."""
    folders, split = list(path.parts[:-1]), "train"
    if folders and folders[0] in SPLITS:
        split = folders.pop(0)
    elif folders and folders[0][:-1] in SPLITS and folders[0][-1] in "AB":
        split, folders[0] = folders[0][:-1], folders[0][-1]
    if not folders or folders[0] not in ("A", "B"):
        return None
    side = folders.pop(0)
    if split == "train" and folders and folders[0] in SPLITS:
        split = folders.pop(0)
    return side, split, "/".join([*folders, path.stem])
