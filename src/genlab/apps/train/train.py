"""``train.py``: prepare the data, resolve the run, then import torch and train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.paths import prepare
from genlab.compat import ensure_torchvision
from genlab.config.hints import Hints
from genlab.config.label_compatibility import lacking
from genlab.config.words import in_words
from genlab.contracts import ConfigError, DataSpec
from genlab.data.store.handover import handed_over
from genlab.rank_environment import directory_of_rank_0, is_rank_0
from genlab.runs.find import Run, checkpoint_file, choose_run


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Train the configured model on the configured data; returns 0.

    Raises:
        DataError: the data set is missing or damaged.
        ConfigError: it lacks the labels that the model needs.
        CheckpointError: ``resume`` or ``init_from`` does not name a run or checkpoint.
        Stopped: a signal stopped the run.
    """
    if cfg.init_from and cfg.resume is None:
        checkpoint_file(Path(cfg.init_from), "init_from")
    child_of = None if is_rank_0() else directory_of_rank_0(Path(cfg.paths.runs).expanduser())
    prepared = (handed_over(child_of) if child_of else None) or prepare(cfg)
    require_labels(cfg, prepared.spec)
    chosen: Run = choose_run(cfg, prepared.spec, run_dir, child_of)
    ensure_torchvision()  # from here on torch and Lightning are imported
    if cfg.check_only:
        from genlab.apps.train.check_only import describe

        return describe(cfg, prepared, chosen)
    from genlab.apps.train.training import fit

    return fit(cfg, overrides, prepared, chosen)


def require_labels(cfg: DictConfig, spec: DataSpec) -> None:
    """Refuse a prepared set without the labels that the model needs.

    Raises:
        ConfigError: with the sets that have them.
    """
    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    if problems := in_words(lacking(plain, (spec.labels,) if spec.labels else ()), Hints()):
        raise ConfigError(problems)
