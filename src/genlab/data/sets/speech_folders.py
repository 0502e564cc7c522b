"""Two speakers, each a folder of sound files: unpaired log-mel spectrograms."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from genlab.config.types import NonNegativeFloat, OnError, PositiveFloat, PositiveInt
from genlab.contracts import ConfigError, DataError, DataSpec, Kind, MelFormat, Problem
from genlab.data.files.image_folders import Parts, of_store
from genlab.data.files.listing import Listing, look_in
from genlab.data.files.spectrograms import MULTIPLE, Spectrograms, scale_of
from genlab.data.files.splits import completed, plain, require_every_split, require_folder, split_in
from genlab.data.store.source import SPLITS, Augmentation, Columns, PreparedData, Source, limited, sizes_of
from genlab.data.store.store import Store, key_of, open_or_build
from genlab.sound.mel import require_bands, require_overlap
from genlab.sound.reading import NAMED, is_sound, require_installed

SIDES = ("A", "B")
Frames = Annotated[int, Field(ge=MULTIPLE, multiple_of=MULTIPLE)]
Transform = Annotated[int, Field(ge=16, multiple_of=2)]


class SpeechFolders(Source):
    """Two speakers, A and B, who need not have said the same: WAV and FLAC files of any rate, depth and number of channels.

    Sub-folders ``train``, ``val`` and ``test`` are splits; a missing ``val`` or ``test`` is split off the training files, 10 %
    each, by a hash of the name. A batch has crops of ``frames`` windows; val and test have whole files, one at a time.

    A pixel is the level of a band in a window, on a scale of the speaker's own: grey is the band's mean over the training
    files, black and white lie ``spread`` standard deviations from it. val and test are on that scale, too.

    Args:
        a: the folder of speaker A; ``b``: of speaker B.
        sample_rate: what every file is resampled to, in Hz.
        n_fft: samples under a window; ``hop_length``: from one window to the next.
        n_mels: bands; ``f_min``, ``f_max``: where they begin and end, in Hz.
        frames: windows of a training crop, and the fewest that a file has: shorter ones are repeated.
        trim: how far below its loudest window, in dB, silence at the ends of a file is cut off; None: it stays.
        spread: standard deviations from grey to black and to white.
        on_error: ``stop`` at a file that cannot be read, or ``skip`` and count it.
        batch_size: crops of each speaker per step, on each device.
        limit: use only this many training files of each speaker; None for all. The scale is of all.
    """

    kind: ClassVar[Kind] = "domains"

    def __init__(
        self,
        a: str,
        b: str,
        sample_rate: PositiveInt,
        n_fft: Transform,
        hop_length: PositiveInt,
        n_mels: PositiveInt,
        f_min: NonNegativeFloat,
        f_max: PositiveFloat,
        frames: Frames,
        trim: PositiveFloat | None,
        spread: PositiveFloat,
        on_error: OnError,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.roots = {side: Path(path).expanduser() for side, path in zip(SIDES, (a, b), strict=True)}
        self.form = MelFormat(sample_rate, n_fft, hop_length, n_mels, float(f_min), float(f_max))
        self.frames, self.trim, self.spread, self.on_error = frames, trim, spread, on_error
        self.batch_size, self.limit = batch_size, limit
        require_bands(self.form)
        require_overlap(self.form)

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find the files, and turn them into spectrograms or open their store."""
        require_installed("data=speech_folders")
        listings, parts = self.find_files()
        store = self.store_of(each_completed(parts, listings), cache_root)
        columns: dict[str, Columns] = {
            split: {side.lower(): store.parts[f"{split}{side}"]["image"] for side in SIDES} for split in SPLITS
        }
        named = store.facts["files"]
        files = {split: {side.lower(): named[f"{split}{side}"] for side in SIDES} for split in SPLITS}
        spec = self.described(store, sizes_of(columns), listings)
        whole = PreparedData(spec, columns, Augmentation((self.form.n_mels, self.frames), whole=True), files=files)
        return limited(whole, self.limit)

    def store_of(self, parts: Parts, cache_root: Path) -> Store:
        """The spectrograms of these files, made now or earlier.

        Raises:
            DataError: of a part nothing is left.
        """
        made = Spectrograms(self.root, self.form, self.frames, self.trim, self.on_error)
        every = [file for files in parts.values() for file in files]
        counts = {part: len(files) for part, files in parts.items()}
        key = key_of(made.recipe() | {"parts": counts, "roots": self.names}, every, self.root)
        name = "speech-" + "-".join(plain(root) for root in self.roots.values())
        store = open_or_build(cache_root, name, key, lambda: made.decoded(parts))
        for side, root in self.roots.items():
            own = [f"{split}{side}" for split in SPLITS]
            require_every_split(sizes_of(store.parts), root, own, ("sounds with something to hear", "sounds"))
        return store

    def described(self, store: Store, sizes: dict[str, int], listings: dict[str, Listing]) -> DataSpec:
        """The set's description, with both speakers' scales. ``sizes``: of the splits, beside those of the parts."""
        remarks = tuple(f"{side}: {remark}" for side in SIDES for remark in listings[side].remarks())
        scales = {f"scale_{side.lower()}": scale_of(store.facts, f"train{side}", self.spread) for side in SIDES}
        digest = hashlib.sha256(f"{store.digest}{self.spread}".encode()).hexdigest()
        found = of_store(store, remarks) | scales | {"digest": digest}
        sizes = sizes | {part: len(columns["image"]) for part, columns in store.parts.items()}
        shape = (1, self.form.n_mels, self.frames)
        return DataSpec("speech_folders", "domains", shape, sizes, note=self.note, sound=self.form, **found)

    @property
    def root(self) -> Path:
        """The folder that both speakers' files lie below."""
        return Path(os.path.commonpath([root.absolute() for root in self.roots.values()]))

    @property
    def names(self) -> list[str]:
        """Where the speakers' folders lie below it."""
        return [root.absolute().relative_to(self.root).as_posix() for root in self.roots.values()]

    @property
    def note(self) -> str:
        """How sound becomes images, for the run to say."""
        form, trimmed = self.form, f"trimmed {self.trim:g} dB below the loudest" if self.trim else "not trimmed"
        bands = f"{form.n_mels} bands {form.f_min:g} to {form.f_max:g} Hz"
        cut = f"{self.frames} windows, {form.seconds(self.frames):.2f} s"
        return f"log-mel at {form.sample_rate:,} Hz: {bands}, {trimmed}; crops of {cut}"

    def find_files(self) -> tuple[dict[str, Listing], Parts]:
        """The files below each speaker's folder, and those of each part as its sub-folders give them.

        Raises:
            ConfigError: both speakers are one folder, or one lies in the other's.
            DataError: there is no such folder, or nothing to train on in it.
        """
        for side, root in self.roots.items():
            require_folder(root, f"data.{side.lower()}", "sounds")
        require_apart(*self.roots.values())
        listings = {side: look_in(root.absolute(), self.on_error, wanted=is_sound) for side, root in self.roots.items()}
        parts: Parts = {f"{split}{side}": [] for side in SIDES for split in SPLITS}
        for side, listing in listings.items():
            for path in listing.files:
                parts[f"{split_in(path, listing.root) or 'train'}{side}"].append(path)
            if not parts[f"train{side}"]:
                key, what = f"data.{side.lower()}", f"no sounds ({NAMED}) in it or in its train"
                raise DataError(f"{key}={self.roots[side]}: {what}. Type: {key}=DIR with your sounds in it.")
        return listings, parts

    def sounds(self, data_root: Path) -> Parts:
        """The files by part."""
        listings, parts = self.find_files()
        return each_completed(parts, listings)


def require_apart(a: Path, b: Path) -> None:
    """Refuse two speakers who would share files.

    Raises:
        ConfigError: they are one folder, or one lies in the other's.
    """
    own, other = a.resolve(), b.resolve()
    if own == other:
        raise ConfigError([Problem(f"data.b={b}", "is the folder of speaker A", "Type: data.b=DIR of another speaker")])
    if own.is_relative_to(other) or other.is_relative_to(own):
        inner, outer = ("a", "B") if own.is_relative_to(other) else ("b", "A")
        what = f"lies in the folder of speaker {outer}: its sounds would be both speakers'"
        remedy = "Type: data.a=DIR data.b=OTHER of two folders, neither in the other"
        raise ConfigError([Problem(f"data.{inner}={a if inner == 'a' else b}", what, remedy)])


def each_completed(parts: Parts, listings: dict[str, Listing]) -> Parts:
    """The parts of both speakers; what is missing is cut off the speaker's training files."""
    made: Parts = {}
    for side, listing in listings.items():
        own = {split: parts[f"{split}{side}"] for split in SPLITS}
        made |= {f"{split}{side}": files for split, files in completed(own, listing.name).items()}
    return made
