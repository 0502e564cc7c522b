"""``translate.py``: translates picture files with a trained pix2pix or CycleGAN."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import output_folder
from genlab.compat import ensure_torchvision
from genlab.runs.find import checkpoint_file
from genlab.translate.inputs import listed, require_apart


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Translate ``input`` with the model in ``ckpt``.

    Raises:
        CheckpointError: ``ckpt`` is not a checkpoint.
        ConfigError: there is nothing to translate, nowhere to write, or the model cannot do it.
    """
    path = checkpoint_file(Path(cfg.ckpt))
    output = output_folder(cfg, path, "translate")
    inputs = listed(Path(cfg.input).expanduser(), output, cfg.data.on_error)
    require_apart(inputs, output)
    ensure_torchvision()
    from genlab.apps.translating import translate
    from genlab.runs.load import load_run

    return translate(cfg, load_run(path, list(cfg.trust)), inputs, output)
