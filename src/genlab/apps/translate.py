"""``translate.py``: translates picture files with a trained pix2pix or CycleGAN, and sounds with one of speech."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import output_folder
from genlab.compat import ensure_torchvision
from genlab.runs.find import checkpoint_file
from genlab.translate.inputs import EITHER, listed, medium_of, require_apart, require_medium


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Translate ``input`` with the model in ``ckpt``.

    Raises:
        CheckpointError: ``ckpt`` is not a checkpoint.
        ConfigError: there is nothing to translate, nowhere to write, or the model cannot do it.
    """
    path = checkpoint_file(Path(cfg.ckpt))
    output = output_folder(cfg, path, "translate")
    source = Path(cfg.input).expanduser()
    inputs = listed(source, output, cfg.data.on_error, EITHER)
    require_apart(inputs, output)
    ensure_torchvision()
    from genlab.apps.translating import translate
    from genlab.runs.load import load_run

    loaded = load_run(path, list(cfg.trust))
    require_medium(inputs, loaded.spec, f"input={cfg.input}")
    return translate(cfg, loaded, listed(source, output, cfg.data.on_error, medium_of(loaded.spec)), output)
