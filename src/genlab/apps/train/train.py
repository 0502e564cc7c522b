"""``train.py``: prepare the data, find out which run this is, then train. torch comes in last."""

from __future__ import annotations

import os
from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import prepare
from genlab.compat import ensure_torchvision
from genlab.runs.directory import ENVIRONMENT
from genlab.runs.find import Run, checkpoint_file, choose_run


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Train the configured model on the configured data; 0 when it is done.

    Raises:
        DataError: the data set is missing or damaged.
        CheckpointError: there is nothing where ``resume`` or ``init_from`` points.
        Stopped: a signal asked for the end, and the run has been saved.
    """
    if cfg.init_from and cfg.resume is None:
        checkpoint_file(Path(cfg.init_from), "init_from")
    prepared = prepare(cfg)
    chosen: Run = choose_run(cfg, prepared.spec, run_dir, started_by())
    ensure_torchvision()  # from here on torch and Lightning are imported
    if cfg.check_only:
        from genlab.apps.train.check_only import describe

        return describe(cfg, prepared)
    from genlab.apps.train.training import fit

    return fit(cfg, overrides, prepared, chosen)


def started_by() -> Path | None:
    """The run directory of the process that started this one as a further rank; None for a process of its own."""
    folder = os.environ.get(ENVIRONMENT)
    return Path(folder) if folder and "LOCAL_RANK" in os.environ else None
