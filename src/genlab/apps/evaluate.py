"""``evaluate.py``: measures a trained model again, from its checkpoint alone."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import cache_root, output_folder, prepare, saved_configuration
from genlab.compat import ensure_torchvision
from genlab.runs.find import checkpoint_file


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Measure ``ckpt`` on ``split`` and write a separate ``summary.json``.

    Raises:
        CheckpointError: ``ckpt`` is not a checkpoint.
        DataError: the data set of the run is not found.
    """
    path = checkpoint_file(Path(cfg.ckpt))
    ensure_torchvision()
    from genlab.apps.evaluating import evaluate
    from genlab.runs.load import load_run

    loaded = load_run(path, list(cfg.trust))
    prepared = prepare(saved_configuration(loaded.config, cfg))
    return evaluate(cfg, loaded, prepared, cache_root(cfg), output_folder(cfg, loaded.path, "evaluate"))
