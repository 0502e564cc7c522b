"""``analyze.py``: looks at what trained models have learned, by the analysis that ``what=`` names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.checkpoints import checkpoints
from genlab.apps.command.paths import output_in, unused
from genlab.compat import ensure_torchvision
from genlab.config.kind_compatibility import attribute
from genlab.contracts import ConfigError, Problem
from genlab.runs.find import folder_of


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Analyse the models in ``ckpt``, or none; write a table, a picture and a summary, and say in two lines what is seen.

    Raises:
        CheckpointError: one is not a checkpoint.
        ConfigError: a model cannot do what the analysis needs, or there are more or fewer than it looks at.
        DataError: the data set of a run is not found.
    """
    chosen = subjects(cfg)
    output = output_in(cfg, place(cfg, list(chosen.values())))
    ensure_torchvision()
    from genlab.apps.analyzing import analyze

    return analyze(cfg, chosen, output)


def subjects(cfg: DictConfig) -> dict[str, Path]:
    """The checkpoints that the analysis looks at, by short names.

    Raises:
        ConfigError: a pattern gives several where it looks at one.
    """
    plain: Any = OmegaConf.to_container(cfg.what, resolve=True)
    looks_at = attribute(plain, "looks_at") or "checkpoint"
    if looks_at == "nothing":
        return {}
    found = checkpoints(OmegaConf.to_container(cfg.ckpt) if OmegaConf.is_list(cfg.ckpt) else cfg.ckpt)
    if looks_at == "checkpoint" and len(found) > 1:
        what = f"what={cfg.choices.what} looks at one model, not at {len(found)}"
        raise ConfigError([Problem(f"ckpt={cfg.ckpt}", what, f"Type: ckpt={next(iter(found.values()))}")])
    return found


def place(cfg: DictConfig, files: list[Path]) -> Path:
    """``<run>/analyze/<what>-<time>/`` of one model; of none or several in the folder of runs."""
    parent = folder_of(files[0]) if len(files) == 1 else Path(cfg.paths.runs).expanduser()
    return unused(parent / "analyze", f"{cfg.choices.what}-")
