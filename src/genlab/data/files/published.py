"""Published image sets: found in the data root, or downloaded, verified and unpacked there atomically."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from genlab.contracts import ConfigError, DataError, Problem
from genlab.data.files.archive import BadArchive, unpack
from genlab.data.files.decode_in_parallel import THREADS
from genlab.data.files.download import Remote, download
from genlab.files import locked, sha256

BERKELEY = "http://efrosgans.eecs.berkeley.edu"
OLDER = "https://people.eecs.berkeley.edu"  # where the same files stood before


@dataclass(frozen=True)
class Published:
    """A set as published: the archive ``file`` of the folder ``name`` with the sub-folders ``parts``.

    Args:
        mirrors: base addresses, the archive being at ``mirror + file``; empty: by hand only.
        tree_digest: of the complete set (``tree_digest`` below), if known.
        sha256: of the archive, if known.
        steps: further instructions for fetching it by hand.
    """

    name: str
    mirrors: tuple[str, ...]
    file: str
    tree_digest: str | None = None
    parts: tuple[str, ...] = ()
    steps: str = ""
    sha256: str | None = None


def pix2pix(name: str, parts: tuple[str, ...], digest: str) -> Published:
    """Isola et al., 2017 (arXiv:1611.07004): pairs side by side; addresses of the authors' own script."""
    mirrors = (f"{BERKELEY}/pix2pix/datasets/", f"{OLDER}/~tinghuiz/projects/pix2pix/datasets/")
    return Published(name, mirrors, f"{name}.tar.gz", digest, parts)


def cyclegan(name: str, digest: str | None = None, sha256: str | None = None) -> Published:
    """Zhu et al., 2017 (arXiv:1703.10593): two domains; addresses of the authors' script, SHA-256 by TensorFlow Datasets."""
    mirrors = (f"{BERKELEY}/cyclegan/datasets/", f"{OLDER}/~taesung_park/CycleGAN/datasets/")
    parts = ("trainA", "trainB", "testA", "testB")
    return Published(name, mirrors, f"{name}.zip", digest, parts, sha256=sha256)


PUBLISHED = {
    published.name: published
    for published in (
        pix2pix("maps", ("train", "val"), "b440338005fd6afe7f181b2ba91f18cb9078e90b021adfcfaeb9880b0c889f1a"),
        pix2pix(
            "facades", ("train", "val", "test"), "0732208140392f16f1ec124e669a95b0414b1b06ada463c6c164a05a0450c049"
        ),
        cyclegan("horse2zebra", digest="2f61370a8f7893a0f50682dab405c530b925b2abec6bc4cfe6154981e7215f95"),
        cyclegan("apple2orange", sha256="845a191e9af8926408ea597001cd03a452e3300a1f44a79fe329b3d59f6e3eb8"),
        cyclegan("summer2winter_yosemite", sha256="167fe1726807a9d22bd106b4a6c0bd7953b688af924ac1bf967439c4961e49f9"),
        cyclegan("monet2photo", sha256="88f91b00fc228f97c9411fbf1880ec1d119c98f1722e4cfcfaa2fb35fac05b04"),
        cyclegan("vangogh2photo", sha256="362c3473e70be0944bda08d49d660eafdc2854df55d697835b8186d1d79caaff"),
    )
}


def published(name: str) -> Published:
    """The published set of that name.

    Raises:
        ConfigError: there is none; other sets need ``data.path``.
    """
    if name not in PUBLISHED:
        what = f"is none of the published sets ({', '.join(PUBLISHED)}), and data.path does not say where it lies"
        raise ConfigError([Problem(f"data.name={name}", what, "Type: data.path=FOLDER")])
    return PUBLISHED[name]


def ensure(published: Published, data_root: Path) -> Path:
    """The folder ``<data_root>/<name>`` with all its parts, which may hold a subset of the files; downloaded if missing.

    An archive found in ``data_root`` is unpacked and kept. One process works while others wait.

    Raises:
        DataError: no mirror answers, the archive is not the published one, or the disk is full; says what to do by hand.
    """
    place = data_root / published.name
    if not missing(place, published):
        return place
    try:
        with locked(data_root / published.file):
            if missing(place, published):
                obtain(published, place)
        return place
    except OSError as error:
        raise DataError(
            f"{published.name} is not in {data_root} and cannot be put there: {error}. "
            f"Make room, or {elsewhere(published)}"
        ) from error


def missing(place: Path, published: Published) -> list[str]:
    """The parts that ``place`` lacks."""
    return [part for part in published.parts if not (place / part).is_dir()]


def elsewhere(published: Published) -> str:
    """The words of a message on how to use a copy of the set in another place."""
    parts = " ".join(published.parts)
    return f"say where your data sets lie: paths.data=DIR (with DIR/{published.name}/ and in it {parts})."


def obtain(published: Published, place: Path) -> None:
    """Download and unpack; the caller holds the lock.

    Raises:
        DataError: as ``ensure``.
        OSError: ``place`` cannot be written.
    """
    if place.is_dir() and any(place.iterdir()):
        raise DataError(
            f"{place} lacks {' and '.join(missing(place, published))}. "
            f"Complete it, or move it away: {published.name} is then downloaded anew."
        )
    if place.is_dir():
        place.rmdir()
    by_hand, own = place.parent / published.file, place.parent / f".{published.file}"
    if by_hand.is_file():
        unpack(by_hand, place, lambda folder: verify(published, folder, by_hand))
        return
    if not own.is_file():  # else an earlier process was stopped while it unpacked
        received(published, own)
    try:
        unpack(own, place, lambda folder: verify(published, folder, own))
    except BadArchive as error:
        own.unlink()
        what = "What was downloaded has been removed: start again, or put the folder there, or"
        raise BadArchive(f"{error} {what} {elsewhere(published)}") from error
    own.unlink()


def received(published: Published, path: Path) -> None:
    """Download the archive to ``path``.

    Raises:
        DataError: no mirror delivers it.
    """
    remote = Remote(published.file, published.mirrors, published.sha256 and f"sha256:{published.sha256}")
    reasons = download(remote, path)
    if reasons:
        raise DataError(
            f"{published.name} is not in {path.parent} and could not be downloaded ({'; '.join(reasons)}). "
            f"Put the folder there (or its archive, {published.file}), or {elsewhere(published)} {published.steps}".strip()
        )


def verify(published: Published, folder: Path, archive: Path) -> None:
    """Check the parts and the digest of the unpacked folder.

    Raises:
        BadArchive: it is not the published set.
    """
    absent = missing(folder, published)
    if absent:
        raise BadArchive(
            f"{archive} is not {published.name}: there is no folder {' or '.join(absent)} in it. Fetch it anew."
        )
    if published.tree_digest is not None and tree_digest(folder, published.parts) != published.tree_digest:
        raise BadArchive(
            f"{archive} is not {published.name} as it was published: the digest of its files differs. Fetch it anew."
        )


def tree_digest(folder: Path, parts: tuple[str, ...] = ("",)) -> str:
    """One digest of all files: SHA-256 over the lines ``<path> <SHA-256>``, sorted by path; hidden files do not count.

    Args:
        parts: the sub-folders that count.
    """
    files = {path.relative_to(folder).as_posix(): path for part in parts for path in (folder / part).rglob("*")}
    names = sorted(name for name, path in files.items() if path.is_file() and not path.name.startswith("."))
    with ThreadPoolExecutor(THREADS) as pool:
        digests = pool.map(lambda name: sha256(files[name]), names)
        lines = "".join(f"{name} {digest}\n" for name, digest in zip(names, digests, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
