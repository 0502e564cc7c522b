"""The part of ``doctor.py`` that needs torch: what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from genlab.apps.doctor import rows
from genlab.apps.doctor.finding import Finding, set_aside
from genlab.contracts import CheckpointError
from genlab.models.base.finite import require_finite
from genlab.runs.checkpoint_io import AtomicCheckpointIO


def kept_by(run: Path) -> dict[str, Any]:
    """The run's last checkpoint.

    Raises:
        CheckpointError: it cannot be read, or genlab did not write it.
    """
    path = run / "checkpoints" / "last.ckpt"
    kept = AtomicCheckpointIO().load_checkpoint(path)
    if "genlab" not in kept:
        raise CheckpointError(f"{path} is a checkpoint, but not one that genlab wrote: it has no configuration in it.")
    return kept


def summary_of(run: Path, kept: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint knows of ``summary.json``; the run counts as interrupted, so that ``resume=auto`` finds it."""
    genlab, counters = kept["genlab"], kept["counters"]
    config, choices = genlab["config"], genlab["config"]["choices"]
    return {
        "name": config["name"],
        "run_id": run.name,
        "model": choices["model"],
        "data": choices["data"],
        "status": "interrupted",
        "config_digest": genlab["config_digest"],
        "data_digest": genlab["spec"]["digest"],
        "wandb_id": genlab["wandb_id"],
        "steps": counters["batches_seen"],
        "images": counters["images_seen"],
        "seconds": round(genlab["seconds"], 1),
        "seed": config["seed"],
        "best": genlab["best"],
    }


def contents(run: Path) -> Iterator[Finding]:
    """Faults that only show when checkpoints are read: no weights of ours, NaN, and rows that are gone since."""
    for path in sorted((run / "checkpoints").glob("*.ckpt")):
        where = f"checkpoints/{path.name}"
        try:
            kept = AtomicCheckpointIO().load_checkpoint(path)
            if not {"genlab", "state_dict", "counters"} <= kept.keys():
                raise CheckpointError("it is not a checkpoint that genlab wrote")
            require_finite(kept["state_dict"], where)
        except CheckpointError as error:
            remedy = "Set it aside: repair=true"
            yield Finding(run, where, str(error), remedy, partial(set_aside, run, path))
            continue
        table, wanted = run / rows.NAME, kept["genlab"]["rows"].get("metrics", 0)
        present = len(rows.read(table)[1]) if table.is_file() else 0
        if path.name == "last.ckpt" and present < wanted:
            what = f"{present:,} rows, and the last checkpoint was saved after {wanted:,}"
            yield Finding(run, rows.NAME, what, "They are lost; later ones will follow")
