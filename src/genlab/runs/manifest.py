"""Which checkpoint files are whole: a list of digests beside them. No torch here, so that a command can refuse early.

A file is whole if its SHA-256 is listed in ``manifest.json``. The list is written before a new file takes its place and
holds the old digests as well, so that there is no moment at which a good file is not listed.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from genlab.contracts import CheckpointError
from genlab.files import is_sound_zip, read_json, sha256, write_json

NAME = "manifest.json"
KEPT = 4  # digests remembered for each name: the new one, the one before, and saves that were killed on their way


def entries(folder: Path) -> dict[str, list[str]]:
    """The newest digests of each file name in ``folder``; empty where no list is."""
    path = folder / NAME
    return dict(read_json(path)) if path.is_file() else {}


def listed(folder: Path) -> set[str]:
    """The digests of the whole checkpoints in ``folder``."""
    return {digest for digests in entries(folder).values() for digest in digests}


def list_also(folder: Path, name: str, digest: str) -> None:
    """Add the digest of the file that is about to become ``name``; older ones of that name are forgotten."""
    known = entries(folder)
    known[name] = [digest, *known.get(name, [])][:KEPT]
    write_json(folder / NAME, known)


def is_whole(path: Path) -> bool:
    """Whether the file is as it was saved. Of a file that was copied away from its list its own checksums tell."""
    if not path.is_file():
        return False
    digests = listed(path.parent)
    return sha256(path) in digests if digests else is_sound_zip(path)


def require_checkpoint(path: Path) -> None:
    """Refuse, without torch, what cannot be a checkpoint.

    Raises:
        CheckpointError: the file is no checkpoint at all.
    """
    if not zipfile.is_zipfile(path) and not listed(path.parent):
        raise CheckpointError(
            f"{path} is not a checkpoint. Give a run directory or a file that genlab wrote: "
            "ckpt=runs/<name>/<run_id> or ckpt=…/checkpoints/last.ckpt"
        )
