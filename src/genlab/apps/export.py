"""``export.py``: a trained model as files for other programs: ONNX, or weights for the reference implementation."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import output_folder
from genlab.compat import ensure_torchvision
from genlab.contracts import ConfigError, Problem
from genlab.runs.find import checkpoint_file

ONNX = ("onnx", "onnxruntime")


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Write the networks of ``ckpt`` in ``format``.

    Raises:
        CheckpointError: ``ckpt`` is not a checkpoint.
        ConfigError: the format does not support the model, or its packages are not installed.
    """
    require_sense(cfg)
    path = checkpoint_file(Path(cfg.ckpt))
    if cfg.format == "onnx":
        require_installed()
    ensure_torchvision()
    from genlab.apps.exporting import export
    from genlab.runs.load import load_run

    loaded = load_run(path, list(cfg.trust))
    return export(cfg, loaded, output_folder(cfg, loaded.path, "export"))


def require_sense(cfg: DictConfig) -> None:
    """Refuse keys that would have no effect.

    Raises:
        ConfigError: with each of them.
    """
    problems = []
    if cfg.format == "reference" and cfg.direction:
        what = "format=reference writes the networks of both directions"
        problems.append(Problem(f"direction={cfg.direction}", what, "Leave it out, or type: format=onnx"))
    if cfg.format == "onnx" and cfg.norm_buffers != "none":
        what = "belongs to format=reference"
        problems.append(Problem(f"norm_buffers={cfg.norm_buffers}", what, "Leave it out, or type: format=reference"))
    if problems:
        raise ConfigError(problems)


def require_installed() -> None:
    """Refuse ``format=onnx`` if its packages are not installed.

    Raises:
        ConfigError: with the command to install them.
    """
    absent = [name for name in ONNX if importlib.util.find_spec(name) is None]
    if absent:
        what = f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed"
        remedy = "Type: pip install 'genlab[export]'   (in a clone: pip install -e '.[export]')"
        raise ConfigError([Problem("format=onnx", what, remedy)])
