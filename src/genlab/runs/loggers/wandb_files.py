"""What W&B gets besides rows: differences of the code, the table of the final numbers, a checkpoint; all of it also offline.

W&B's record of an offline run names files by their absolute paths. They therefore lie in the run directory, not in the home
directory, where W&B would put them, and a checkpoint is given a second name there, which takes no room of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genlab.runs import checkout, final_table

DATA = "WANDB_DATA_DIR"


@contextmanager
def files_in(folder: Path) -> Iterator[None]:
    """Let W&B put copies of files below ``folder``, unless the user has chosen another place."""
    if os.environ.get(DATA):
        yield
        return
    os.environ[DATA] = str(folder.resolve())
    try:
        yield
    finally:
        del os.environ[DATA]


def save(run: Any, path: Path) -> None:
    """Copy a small file to those of W&B's run, where it also moves with the directory."""
    shutil.copyfile(path, Path(run.dir) / path.name)
    run.save(str(Path(run.dir) / path.name), base_path=run.dir, policy="now")


def save_changes(run: Any, directory: Path) -> None:
    """Add the ``code.diff`` of a run directory."""
    for path in checkout.kept(directory):
        save(run, path)


def final_numbers(rows: list[final_table.Row]) -> Any:
    """The final numbers as a table of W&B's."""
    import wandb

    return wandb.Table(columns=list(final_table.COLUMNS), data=[[*row.values()] for row in rows])


def checkpoint_artifact(run: Any, path: Path, metadata: dict[str, Any]) -> Any:
    """The checkpoint as an artifact of W&B's, under a second name that a later ``best.ckpt`` does not replace.

    Raises:
        OSError: the file system knows no second names, and there is no room for a copy.
    """
    import wandb

    from genlab.runs.checkpoint_io import keep_as

    kept = Path(run.dir).resolve().parent / "checkpoints" / path.name
    kept.parent.mkdir(exist_ok=True)
    keep_as(path, kept)
    artifact = wandb.Artifact(f"model-{run.id}", "model", metadata={"file": path.name, **metadata})
    artifact.add_file(str(kept), policy="immutable", skip_cache=True)
    return artifact
