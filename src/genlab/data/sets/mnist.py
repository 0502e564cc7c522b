"""MNIST and Fashion-MNIST: four idx files, found in the data root or downloaded, checked either way."""

from __future__ import annotations

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from genlab.config.types import Binarize, PositiveInt
from genlab.contracts import DataError, DataSpec, LabelKind
from genlab.data.files.download import Remote, fetch
from genlab.data.store.source import PreparedData, Source, limited, sizes_of
from genlab.data.store.store import Decoded, Part, key_of, open_or_build

FILES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
TRAIN = 55_000  # of the 60,000; the rest is for validation


@dataclass(frozen=True)
class Collection:
    """A set in idx format: its folder, the MD5 of each gzipped file, its mirrors and its classes."""

    folder: str
    md5: dict[str, str]
    mirrors: tuple[str, ...]
    class_names: tuple[str, ...]


MNIST_FILES = Collection(
    "mnist",
    {
        "train_images": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train_labels": "d53e105ee54ea40749a09fcbcd1e9432",
        "test_images": "9fb629c4189551a2d022fa330f9573f3",
        "test_labels": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    tuple("0123456789"),
)
FASHION_FILES = Collection(
    "fashion_mnist",
    {
        "train_images": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train_labels": "25c81989df183df01b3e8a0aad5dffbe",
        "test_images": "bef4ecab320f06d8554ea6380940ec79",
        "test_labels": "bb300cfdad3c16e7a12a480ee83cd310",
    },
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


class MNIST(Source):
    """A set of the MNIST family, 28x28 grey: 55,000 / 5,000 / 10,000.

    Args:
        name: ``mnist`` or ``fashion_mnist``.
        binarize: black and white pixels for the model: ``dynamic``, ``static`` or ``threshold``; None: grey, as stored.
        batch_size: images per step, on each device.
        limit: use only this many training images; None for all.
    """

    labels: ClassVar[tuple[LabelKind, ...] | None] = ("classes",)

    def __init__(
        self,
        name: Literal["mnist", "fashion_mnist"],
        binarize: Binarize | None,
        batch_size: PositiveInt,
        limit: PositiveInt | None,
    ) -> None:
        self.files = {"mnist": MNIST_FILES, "fashion_mnist": FASHION_FILES}[name]
        self.binarize, self.batch_size, self.limit = binarize, batch_size, limit

    def prepare(self, data_root: Path, cache_root: Path) -> PreparedData:
        """Find or download the four files, and decode them or open their store."""
        folder, files = data_root / self.files.folder, self.files
        paths = {part: find_file(folder, files, part) for part in FILES}
        key = key_of({"kind": "idx", "train": TRAIN}, paths.values(), folder)
        store = open_or_build(cache_root, files.folder, key, lambda: decode(paths))
        shape = store.parts["train"]["image"].shape[1:]  # type: ignore[union-attr]
        sizes, names = sizes_of(store.parts), files.class_names
        how = self.binarize or ""
        spec = DataSpec(files.folder, "images", shape, sizes, store.digest, len(names), names, binarized=how)
        return limited(PreparedData(spec, store.parts), self.limit)


def find_file(folder: Path, files: Collection, part: str) -> Path:
    """The file in ``folder``, gzipped or not; downloaded if missing."""
    name = FILES[part]
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    return fetch(Remote(f"{name}.gz", files.mirrors, f"md5:{files.md5[part]}"), folder, files.folder)


def decode(paths: dict[str, Path]) -> Decoded:
    """All four files, checked against their headers."""
    arrays = {part: read(path, dimensions=3 if "images" in part else 1) for part, path in paths.items()}
    for part in ("train", "test"):
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if len(images) != len(labels):
            raise DataError(f"{paths[f'{part}_images']} has {len(images)} images, but there are {len(labels)} labels.")
    images, labels = arrays["train_images"][:, None], arrays["train_labels"]
    first = min(TRAIN, len(images) * 11 // 12)
    test = arrays["test_images"], arrays["test_labels"]
    return Decoded(
        {
            "train": as_part(images[:first], labels[:first]),
            "val": as_part(images[first:], labels[first:]),
            "test": as_part(test[0][:, None], test[1]),
        }
    )


def as_part(images: np.ndarray, labels: np.ndarray) -> Part:
    """One split: images [N, 1, H, W] and their labels [N]."""
    return Part(len(images), ("image",), ((image,) for image in images), {"label": labels.astype(np.int64)})


def read(path: Path, dimensions: int) -> np.ndarray:
    """An idx file of bytes. Format: two zero bytes, type 8, number of dimensions, their sizes, the data.

    Raises:
        DataError: the file is shorter or longer than its header says, or not an idx file with that many dimensions.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        zeros, kind, found = struct.unpack(">HBB", data[:4])
        sizes: tuple[Any, ...] = struct.unpack(f">{found}I", data[4 : 4 + 4 * found])
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise damaged(path, str(error)) from None
    body = np.frombuffer(data, np.uint8, offset=4 + 4 * found)
    if zeros != 0 or kind != 8 or found != dimensions:
        raise damaged(path, f"it is not an idx file of bytes in {dimensions} dimensions")
    if len(body) != math.prod(sizes):
        raise damaged(path, f"it has {len(body):,} bytes of data where its header says {math.prod(sizes):,}")
    return body.reshape(sizes)


def damaged(path: Path, why: str) -> DataError:
    """The error for a damaged file."""
    return DataError(f"{path} is damaged: {why}. Delete it and start again: it will be downloaded anew.")
