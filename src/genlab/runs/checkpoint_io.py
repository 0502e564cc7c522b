"""Atomic checkpoints: a kill at any moment leaves the new file or the old one, and damage is detected."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from genlab.console import say
from genlab.contracts import CheckpointError
from genlab.files import sha256, sync, temporary
from genlab.runs import manifest

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"


class AtomicCheckpointIO(CheckpointIO):
    """Writes a temporary file, fsyncs it, lists its digest in ``manifest.json`` and renames it into place.

    A new ``last.ckpt`` keeps the old one as ``previous.ckpt``. Loading checks the digest and uses ``weights_only=True``.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write ``checkpoint``; if that fails (full disk), warn and keep the old file."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob(".*.tmp"):
            stale.unlink(missing_ok=True)  # left by a killed process: only one process writes here
        try:
            with temporary(path) as part:
                with open(part, "wb") as file:  # given a path, torch would write its name into the file
                    torch.save(checkpoint, file)
                sync(part)
                manifest.list_also(path.parent, path.name, sha256(part))
                if path.name == LAST and path.exists():
                    keep_as(path, path.with_name(PREVIOUS))
            sync(path.parent)
        except (OSError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not isinstance(error.__context__, OSError):
                raise  # torch turns a full disk into a RuntimeError; any other RuntimeError is a bug of ours
            warnings.warn(f"could not save {path}: {error}. Training goes on; the file before stays.", stacklevel=2)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read tensors, numbers and strings only; falls back to ``previous.ckpt`` if ``last.ckpt`` is damaged.

        Raises:
            CheckpointError: both are damaged, or the file is not a checkpoint.
        """
        path = Path(path)
        usable = whole_one(path)
        if usable != path:
            say(f"WARNING: {path} is damaged; continuing from {usable}, the checkpoint before it.")
        try:
            with open(usable, "rb") as file:
                return torch.load(io.BytesIO(file.read()), map_location=map_location or "cpu", weights_only=True)
        except Exception as error:
            raise CheckpointError(f"{usable} cannot be read as a checkpoint: {error}".split("\n")[0]) from error

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete one file."""
        Path(path).unlink(missing_ok=True)


def keep_as(path: Path, other: Path) -> None:
    """Atomically make ``other`` a hard link to ``path`` (a copy where the file system has no hard links)."""
    link = other.with_name(f".{other.name}.{os.getpid()}.tmp")
    link.unlink(missing_ok=True)
    try:
        os.link(path, link)
    except OSError:  # a file system without hard links
        import shutil

        shutil.copyfile(path, link)
    os.replace(link, other)
    link.unlink(missing_ok=True)  # os.replace leaves it if both already link to the same file


def whole_one(path: Path) -> Path:
    """``path`` if it is intact, else ``previous.ckpt``.

    Raises:
        CheckpointError: neither is intact.
    """
    candidates = [path, path.with_name(PREVIOUS)] if path.name == LAST else [path]
    for candidate in candidates:
        if manifest.is_whole(candidate):
            return candidate
    if not any(candidate.exists() for candidate in candidates):
        raise CheckpointError(f"there is no checkpoint at {path}.")
    raise CheckpointError(
        f"{path} is damaged: its bytes are not those that were saved, and there is no whole one before it. "
        "Start anew (resume=null), or give another file."
    )
