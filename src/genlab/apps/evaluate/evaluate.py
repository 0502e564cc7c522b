"""``evaluate.py``: measures trained models again, each from its checkpoint alone; or compares two folders of images."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.checkpoints import checkpoints
from genlab.apps.command.networks import require_networks
from genlab.apps.evaluate import folders
from genlab.compat import ensure_torchvision


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Measure every checkpoint of ``ckpt`` on ``split``; show a table, and write a separate ``summary.json``.

    Raises:
        ConfigError: ``ckpt`` is not given, or names checkpoints that cannot stand in one table.
        ConfigError: the weights of a network that measures are missing.
        CheckpointError: one is not a checkpoint.
        DataError: the data set of a run is not found.
    """
    if cfg.a is not None:
        return folders.run(cfg, overrides)
    chosen = checkpoints(cfg.ckpt)
    require_networks(cfg.metrics)
    ensure_torchvision()
    from genlab.apps.evaluate.several import evaluate

    return evaluate(cfg, chosen)
