"""``train.py``: prepare the data, find out which run this is, then train. torch comes in last."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.preparing import prepare
from genlab.runs.find import Run, choose_run


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Train the configured model on the configured data; 0 when it is done.

    Raises:
        DataError: the data set is missing or damaged.
        CheckpointError: there is nothing to resume where ``resume`` points.
        Stopped: a signal asked for the end, and the run has been saved.
    """
    prepared = prepare(cfg)
    if cfg.check_only:
        from genlab.apps.check_only import describe

        return describe(cfg, prepared)
    chosen: Run = choose_run(cfg, prepared.spec, run_dir)
    from genlab.apps.fitting import fit

    return fit(cfg, overrides, prepared, chosen)
