"""Safe, atomic unpacking of picture archives: all files end up below one folder, or none do.

``zipfile`` and ``tarfile`` unpack; this module rejects what they accept: links, devices, archive bombs, duplicate names,
truncated tar files.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from lzma import LZMAError
from pathlib import Path
from typing import Any

from genlab.console import progress
from genlab.contracts import DataError
from genlab.files import locked

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
RATIO = 50  # times the archive's size: pictures are packed already; even blank bitmaps stay below
ALWAYS = 256 << 20  # bytes that any archive may hold
ENTRY = 512  # bytes that each entry counts for, beside its content: so many empty ones are no way around
BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, LZMAError, ValueError, NotImplementedError)


class BadArchive(DataError):
    """An archive that is damaged, or has entries that no archive of pictures needs."""


def unpack(archive: Path, target: Path, check: Callable[[Path], None] | None = None) -> None:
    """Unpack a .zip, .tar, .tar.gz or .tgz into the folder ``target``, without its top-level folder if it has only one.

    It is unpacked into a temporary folder, then renamed. One process unpacks while others wait. Hidden files and
    macOS's ``__MACOSX`` are skipped.

    Args:
        check: called with the unpacked folder before the rename; raises to reject it.

    Raises:
        BadArchive: it is damaged or too large, or an entry is a link, a device, or a path outside the folder.
        DataError: the disk is full, or ``target`` cannot be written.
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
    """Unpack into a temporary folder next to ``target``, then rename it; the caller holds the lock."""
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
    """Write every file below ``work``, each after its entry has been checked.

    Raises:
        BadArchive: an entry is unsafe or repeated, or the archive is too large or empty.
    """
    if not archive.name.lower().endswith(ENDINGS):
        raise BadArchive(f"{archive} is no archive that can be unpacked here ({', '.join(ENDINGS)}).")
    allowed, total, files, done = max(ALWAYS, RATIO * archive.stat().st_size), 0, 0, 0
    zipped = archive.name.lower().endswith(".zip")
    with open(archive, "rb") as raw, zipfile.ZipFile(raw) if zipped else tarfile.open(fileobj=raw) as file:
        for entry in file.infolist() if isinstance(file, zipfile.ZipFile) else file:
            name, size, what = facts(entry)
            parts = inside(archive, name, what)
            total += size + ENTRY
            if total > allowed:
                raise BadArchive(
                    f"{archive} unpacks to more than {allowed:,} bytes, which no archive of pictures does."
                )
            if what == "a folder" or any(part.startswith(".") or part == "__MACOSX" for part in parts):
                continue
            if work.joinpath(*parts).exists():
                raise BadArchive(f"{archive} holds {name} twice.")
            extract(file, entry, "/".join(parts), work)
            files += 1
            bar(raw.tell() - done)
            done = raw.tell()
        if isinstance(file, tarfile.TarFile):
            require_end(file)
    if not files:
        raise BadArchive(f"{archive} holds no file.")


def facts(entry: zipfile.ZipInfo | tarfile.TarInfo) -> tuple[str, int, str]:
    """An entry's name, its declared size in bytes, and its type in words."""
    if isinstance(entry, tarfile.TarInfo):
        known = {"a hard link": entry.islnk(), "a symbolic link": entry.issym(), "a sparse file": entry.issparse()}
        known |= {"a folder": entry.isdir(), "a file": entry.isreg()}
        return entry.name, entry.size, next((what for what, true in known.items() if true), "a device")
    mode = entry.external_attr >> 16
    known = {"locked with a password": bool(entry.flag_bits & 1), "a symbolic link": stat.S_ISLNK(mode)}
    known |= {"a folder": entry.is_dir() or stat.S_ISDIR(mode), "a file": stat.S_IFMT(mode) in (0, stat.S_IFREG)}
    return entry.filename, entry.file_size, next((what for what, true in known.items() if true), "a device")


def inside(archive: Path, name: str, what: str) -> list[str]:
    """An entry's path, split into folders and file name.

    Raises:
        BadArchive: it is neither a file nor a folder, or its path leaves the target folder.
    """
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in parts:
        what = "a path that leads out of its folder"
    if what not in ("a file", "a folder"):
        raise BadArchive(f"{archive} holds {name}, {what}: no archive of pictures needs that. Nothing was unpacked.")
    return [part for part in parts if part not in ("", ".")]


def extract(file: zipfile.ZipFile | tarfile.TarFile, entry: Any, name: str, work: Path) -> None:
    """Write one file's content to ``name`` below ``work``."""
    if isinstance(file, zipfile.ZipFile):
        entry.filename = name
        file.extract(entry, work)
    else:
        file.extract(entry.replace(name=name, deep=False), work, filter="data")


def require_end(file: tarfile.TarFile) -> None:
    """Check that a tar ends with its empty block, not between two files, and read on to verify gzip's checksum.

    Raises:
        EOFError: the tar is truncated.
    """
    rest = file.fileobj
    assert rest is not None
    rest.seek(file.offset)
    if len(rest.read(ENTRY)) < ENTRY:
        raise EOFError("it breaks off")
    for _ in range(ALWAYS >> 20):
        if not rest.read(1 << 20):
            break


def without_common_folder(work: Path) -> Path:
    """``work``, or the folder in it if that is its only entry."""
    entries = list(work.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else work
