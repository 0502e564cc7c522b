"""``manifest.json``: digests of intact checkpoint files. Imports no torch, so that commands can fail early.

A file is intact if its SHA-256 is listed. The list is written before the new file is renamed into place and keeps the
older digests, so an intact file is listed at every moment.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from genlab.contracts import CheckpointError
from genlab.files import is_sound_zip, read_record, sha256, write_json

NAME = "manifest.json"
UNLISTED = "the checkpoints beside it are then checked by their own checksums."
KEPT = 4  # digests per name: the new one, the previous one, and saves that were killed before their rename


def entries(folder: Path) -> dict[str, list[str]]:
    """The newest digests of each file name in ``folder``; empty if there is no manifest."""
    path = folder / NAME
    return read_record(path, f"Delete it: {UNLISTED}") if path.is_file() else {}


def listed(folder: Path) -> set[str]:
    """All digests listed for ``folder``."""
    return {digest for digests in entries(folder).values() for digest in digests}


def list_also(folder: Path, name: str, digest: str) -> None:
    """Add the digest of the file about to be renamed to ``name``; keeps the ``KEPT`` newest of that name."""
    known = entries(folder)
    known[name] = [digest, *known.get(name, [])][:KEPT]
    write_json(folder / NAME, known)


def is_whole(path: Path) -> bool:
    """Whether the file is unchanged since it was saved: by the manifest, or by its zip checksums if there is none."""
    if not path.is_file():
        return False
    digests = listed(path.parent)
    return sha256(path) in digests if digests else is_sound_zip(path)


def require_checkpoint(path: Path) -> None:
    """Refuse, without importing torch, a file that cannot be a checkpoint.

    Raises:
        CheckpointError: the file is not a checkpoint.
    """
    if not zipfile.is_zipfile(path) and not listed(path.parent):
        raise CheckpointError(
            f"{path} is not a checkpoint. Give a run directory or a file that genlab wrote: "
            "ckpt=runs/<name>/<run_id> or ckpt=…/checkpoints/last.ckpt"
        )
