"""``demo.py``: a live page of a trained model, in the browser."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.compat import ensure_torchvision
from genlab.pages.demo.server import Server
from genlab.runs.find import checkpoint_file


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Serve a page of the model in ``ckpt`` until a signal comes; the port is taken before torch is imported.

    Raises:
        CheckpointError: ``ckpt`` is not a checkpoint.
        ConfigError: the port is in use, or the model has nothing to show.
    """
    path = checkpoint_file(Path(cfg.ckpt))
    with Server(cfg.host, cfg.port, list(cfg.names)) as server:
        ensure_torchvision()
        from genlab.apps.demonstrating import demonstrate
        from genlab.runs.load import load_run

        return demonstrate(cfg, load_run(path, list(cfg.trust)), server)
