"""Atomic checkpoints: a kill at any moment leaves the new file or the old one, and damage is detected."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from genlab.console import say
from genlab.contracts import CheckpointError
from genlab.files import sha256, sync, temporary
from genlab.runs import manifest
from genlab.runs.writing import attempt

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"


class AtomicCheckpointIO(CheckpointIO):
    """Writes a temporary file, fsyncs it, lists its digest in ``manifest.json`` and renames it into place.

    A new ``last.ckpt`` keeps the old one as ``previous.ckpt``. Loading checks the digest and uses ``weights_only=True``.

    Attributes:
        unsaved: by file, the newest checkpoint that could not be written. Its tensors are those of the model, which
            must not have been trained further when it is written after all.
    """

    def __init__(self) -> None:
        self.unsaved: dict[Path, dict[str, Any]] = {}

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write ``checkpoint``; if that fails (full disk), warn, keep the old file, and remember what is ``unsaved``."""
        path = Path(path)
        self.unsaved[path] = checkpoint
        with attempt(path, "checkpoint"):
            path.parent.mkdir(parents=True, exist_ok=True)
            for stale in path.parent.glob(".*.tmp"):
                stale.unlink(missing_ok=True)  # left by a killed process: only one process writes here
            with temporary(path) as part:
                write(checkpoint, part)
                manifest.list_also(path.parent, path.name, sha256(part))
                if path.name == LAST and path.exists():
                    keep_as(path, path.with_name(PREVIOUS))
            sync(path.parent)
            del self.unsaved[path]

    def try_again(self, path: Path) -> bool:
        """Write what is unsaved of ``path``, if anything; whether the file is the newest now."""
        if path in self.unsaved:
            self.save_checkpoint(self.unsaved[path], path)
        return path not in self.unsaved

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


def write(checkpoint: dict[str, Any], path: Path) -> None:
    """Write by ``torch.save``, and sync.

    Raises:
        OSError: the disk is full (which torch, still closing its archive, would hide behind a RuntimeError).
    """
    try:
        with open(path, "wb") as file:  # given a path, torch would write its name into the file
            torch.save(checkpoint, file)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise
    sync(path)


def keep_as(path: Path, other: Path) -> None:
    """Atomically make ``other`` a hard link to ``path`` (a copy where the file system has no hard links)."""
    link = other.with_name(f".{other.name}.{os.getpid()}.tmp")
    link.unlink(missing_ok=True)
    try:
        os.link(path, link)
    except OSError:  # a file system without hard links
        copy(path, link)
    os.replace(link, other)
    link.unlink(missing_ok=True)  # os.replace leaves it if both already link to the same file


def copy(path: Path, other: Path) -> None:
    """Copy a file, or leave nothing.

    Raises:
        OSError: the disk is full.
    """
    import shutil

    try:
        shutil.copyfile(path, other)
    except OSError:
        other.unlink(missing_ok=True)
        raise


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
