"""Archives of pictures, unpacked with suspicion: what they hold lands below one folder, whole, or nothing does."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path
from typing import IO

from genlab.console import progress
from genlab.contracts import DataError
from genlab.files import locked

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
RATIO = 50  # times the archive's size: pictures are packed already; even blank bitmaps stay below
ALWAYS = 256 << 20  # bytes that any archive may hold
ENTRY = 512  # bytes that each entry counts for, beside its content: so many empty ones are no way around
BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, LZMAError, ValueError, NotImplementedError)


class BadArchive(DataError):
    """An archive that is damaged, or holds what no archive of pictures does."""


@dataclass(frozen=True)
class Member:
    """One entry: its name and size in bytes as the archive says, and its content (None: a folder)."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None] | None


def unpack(archive: Path, target: Path, check: Callable[[Path], None] | None = None) -> None:
    """Make the folder ``target`` of what a .zip, .tar, .tar.gz or .tgz holds, less one folder that all of it lies in.

    It is unpacked beside its place and moved there with one rename. One process unpacks while others wait. Hidden files
    and a Mac's ``__MACOSX`` are left out.

    Args:
        check: looks at the unpacked folder before it gets its name, and raises if it is not right.

    Raises:
        BadArchive: it is damaged, or an entry is a link, a device, has a path that leads out, or too much in it.
        DataError: there is no room for it, or ``target`` cannot be written.
    """
    try:
        with locked(target):
            if not target.exists():
                unpacked(archive, target, check)
    except OSError as error:
        raise DataError(
            f"cannot unpack {archive} into {target}: {error}. Make room there, or choose another place."
        ) from error


def unpacked(archive: Path, target: Path, check: Callable[[Path], None] | None) -> None:
    """Unpack into a folder beside ``target``, then give it its name; the caller holds the lock."""
    for left in target.parent.glob(f".{target.name}.unpacking.*"):
        shutil.rmtree(left)  # of a process that was killed
    work = target.with_name(f".{target.name}.unpacking.{os.getpid()}")
    work.mkdir()
    try:
        with progress(f"unpacking {archive.name.lstrip('.')}", archive.stat().st_size, unit="bytes") as bar:
            pour(archive, work, bar)
    except BROKEN as error:
        raise BadArchive(f"{archive} is damaged: {error}. Fetch it anew.") from error
    except OSError as error:
        if error.errno is not None:
            raise  # of the disk
        raise BadArchive(f"{archive} is damaged: {error}. Fetch it anew.") from error
    else:
        inner = without_common_folder(work)
        if check is not None:
            check(inner)
        os.replace(inner, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def pour(archive: Path, work: Path, bar: Callable[[int], None]) -> None:
    """Write every file below ``work``, as soon as it is known to be harmless.

    Raises:
        BadArchive: an entry is not.
    """
    if not archive.name.lower().endswith(ENDINGS):
        raise BadArchive(f"{archive} is no archive that can be unpacked here ({', '.join(ENDINGS)}).")
    allowed, total, files = max(ALWAYS, RATIO * archive.stat().st_size), 0, 0
    entries = of_zip(archive, bar) if archive.name.lower().endswith(".zip") else of_tar(archive, bar)
    for member in entries:
        parts = inside(archive, member.name)
        total += member.size + ENTRY
        if total > allowed:
            raise BadArchive(f"{archive} unpacks to more than {allowed:,} bytes, which no archive of pictures does.")
        if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        path = work.joinpath(*parts)
        if member.open is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = open(path, "xb")  # noqa: SIM115 - closed two lines below
        except FileExistsError:
            raise BadArchive(f"{archive} holds {member.name} twice.") from None
        with file, member.open() as content:  # type: ignore[union-attr]
            shutil.copyfileobj(content, file, 1 << 20)
        files += 1
    if not files:
        raise BadArchive(f"{archive} holds no file.")


def inside(archive: Path, name: str) -> list[str]:
    """The folders and the file name of an entry.

    Raises:
        BadArchive: the name leads out of the archive's own folder.
    """
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in parts:
        raise BadArchive(f"{archive} holds {name}, a path that leads out of its folder; nothing of it was unpacked.")
    return [part for part in parts if part not in ("", ".")]


def refused(archive: Path, name: str, what: str) -> BadArchive:
    """The error for an entry that is neither a file nor a folder."""
    return BadArchive(
        f"{archive} holds {name}, {what}, and no archive of pictures needs one; nothing of it was unpacked."
    )


def without_common_folder(work: Path) -> Path:
    """The folder whose content is wanted: ``work``, or the only folder in it, when there is nothing beside that."""
    entries = list(work.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else work


# ---- the two kinds --------------------------------------------------------------------------------------------------


def of_zip(archive: Path, bar: Callable[[int], None]) -> Iterator[Member]:
    """The entries of a .zip."""
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise refused(archive, info.filename, "a symbolic link" if stat.S_ISLNK(kind) else "a device")
            if info.flag_bits & 1:
                raise BadArchive(f"{archive} is locked with a password.")
            content = None if info.is_dir() else partial(file.open, info)
            yield Member(info.filename, info.file_size, content)
            bar(info.compress_size)


def of_tar(archive: Path, bar: Callable[[int], None]) -> Iterator[Member]:
    """The entries of a .tar, packed or not; at the end, whether it has one.

    Raises:
        EOFError: the archive breaks off.
    """
    with open(archive, "rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as file:
        done = 0
        for info in file:
            if info.issym() or info.islnk():
                raise refused(archive, info.name, "a symbolic link" if info.issym() else "a hard link")
            if not (info.isdir() or info.isreg()) or info.issparse():
                raise refused(archive, info.name, "a sparse file" if info.issparse() else "a device")
            yield Member(info.name, info.size, None if info.isdir() else partial(file.extractfile, info))
            bar(raw.tell() - done)
            done = raw.tell()
        rest = file.fileobj
        assert rest is not None
        rest.seek(file.offset)
        if len(rest.read(ENTRY)) < ENTRY:  # a tar ends with empty blocks
            raise EOFError("it breaks off")
        for _ in range(ALWAYS >> 20):  # up to the checksum behind the content
            if not rest.read(1 << 20):
                break
