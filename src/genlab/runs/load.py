"""A checkpoint to a model, in one line: the configuration and the data set's description travel with the weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.config import renamed
from genlab.config.build import build
from genlab.contracts import CheckpointError, DataSpec
from genlab.interop.reference import Files, reference_files
from genlab.models.base.model import Model
from genlab.runs.checkpoint_io import AtomicCheckpointIO
from genlab.runs.find import checkpoint_file


@dataclass(frozen=True)
class Loaded:
    """A model in evaluation mode, the configuration of its run, and the data set it was trained on.

    ``fresh`` names the networks that no file provided (files of the reference need not have all): they keep random weights.
    """

    model: Model
    config: DictConfig
    spec: DataSpec
    path: Path
    step: int
    fresh: tuple[str, ...] = ()


def load_run(ckpt: str | Path, trust: list[str] | None = None) -> Loaded:
    """Everything a command needs, from a checkpoint file or a run directory, or from weights of the reference.

    Those come without a configuration of data: ``config`` has no ``data`` then.

    Raises:
        CheckpointError: there is no such file, or it is not one of genlab's.
        ConfigError: its configuration names code outside genlab, torch and what ``trust`` lists.
    """
    path = checkpoint_file(Path(ckpt))
    if files := reference_files(path):
        return from_reference(files, path, trust or [])
    checkpoint: dict[str, Any] = AtomicCheckpointIO().load_checkpoint(path)
    if "genlab" not in checkpoint:
        raise CheckpointError(f"{path} is a checkpoint, but not one that genlab wrote: it has no configuration in it.")
    checkpoint = renamed.checkpoint(checkpoint)
    kept = checkpoint["genlab"]
    config = OmegaConf.create(kept["config"])
    spec = DataSpec.from_plain(kept["spec"])
    if OmegaConf.select(config, "model.step.compile"):
        config.model.step.compile = None  # minutes before the first picture, for nothing
    model: Model = build(config.model, trust or [], spec=spec, seed=config.seed)
    model.load_state_dict(checkpoint["state_dict"])
    model.on_load_checkpoint(checkpoint)
    model.eval()
    return Loaded(model, config, spec, path, model.batches_seen)


def from_reference(files: Files, path: Path, trust: list[str]) -> Loaded:
    """The same from files of the reference implementation, which hold weights and nothing else."""
    from genlab.interop.reference_model import model_from

    model, config, spec, fresh = model_from(files, path, trust)
    model.eval()
    return Loaded(model, config, spec, next(iter(files.values())), 0, fresh)


def load(ckpt: str | Path, trust: list[str] | None = None) -> Model:
    """``from genlab import load``: the model of a run directory or checkpoint file, ready to use.

    >>> model = load("runs/vae-digits/latest")  # doctest: +SKIP
    >>> images = model.sample(16)  # doctest: +SKIP
    """
    return load_run(ckpt, trust).model


def load_weights(model: Model, path: Path) -> str:
    """Start a new run from the weights of another, or of the reference implementation; says what was loaded.

    Raises:
        CheckpointError: the networks are not the same.
    """
    path = checkpoint_file(path, "init_from")
    if files := reference_files(path):
        from genlab.interop.reference_weights import load_reference

        return load_reference(model, files, f"init_from={path}")
    checkpoint = AtomicCheckpointIO().load_checkpoint(path)
    try:
        model.load_state_dict(renamed.weights(checkpoint["state_dict"]))
    except (RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split("\n")[:2])
        raise CheckpointError(f"init_from={path}: the networks differ ({reason}).") from error
    return f"from {path}"
