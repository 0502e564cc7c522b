"""``generate.py``: writes pictures from a trained model, and a sheet of them."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import output_folder, prepare, saved_configuration
from genlab.compat import ensure_torchvision
from genlab.console import say
from genlab.runs.find import checkpoint_file

NEED_IMAGES = ("reconstruct", "interpolate", "traverse")


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Generate what ``what`` selects with the model in ``ckpt``.

    Raises:
        CheckpointError: ``ckpt`` is not a checkpoint.
        ConfigError: the model does not support ``what``.
    """
    path = checkpoint_file(Path(cfg.ckpt))
    ensure_torchvision()
    from genlab.apps.generating import generate
    from genlab.contracts import Encodes
    from genlab.models.base.code_mixture import has_unfitted
    from genlab.runs.load import load_run

    loaded = load_run(path, list(cfg.trust))
    needs = cfg.what == "reconstruct" or (cfg.what in NEED_IMAGES and isinstance(loaded.model, Encodes))
    needs = needs or loaded.spec.kind == "points"  # they are shown over real ones
    needs = needs or (cfg.what == "sample" and has_unfitted(loaded.model))
    prepared = prepare(saved_configuration(loaded.config, cfg)) if needs else None
    if prepared and prepared.spec.digest != loaded.spec.digest:
        say(f"note      the images of {prepared.spec.name} are not those that the model was trained on")
    return generate(cfg, loaded, prepared, output_folder(cfg, loaded.path, "generate"))
