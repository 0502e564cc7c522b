"""Loads a model from a checkpoint, which holds its configuration and the data set's description, too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from genlab.config import renamed
from genlab.config.build import build
from genlab.contracts import CheckpointError, DataSpec
from genlab.interop.reference import Files, reference_files
from genlab.models.base.finite import require_finite
from genlab.models.base.model import Model
from genlab.runs.checkpoint_io import AtomicCheckpointIO, whole_one
from genlab.runs.find import Run, checkpoint_file


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
    """Load a model and its configuration from a checkpoint file, a run directory or weights of the reference.

    The latter store no data configuration: ``config`` then has no ``data``.

    Raises:
        CheckpointError: there is no such file, or genlab did not write it.
        ConfigError: its configuration names code outside genlab, torch, lightning and the packages in ``trust``.
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
        config.model.step.compile = None  # compiling would take minutes and gain nothing here
    model: Model = build(config.model, trust or [], spec=spec, seed=config.seed)
    fill(model, checkpoint["state_dict"], f"ckpt={ckpt}", config)
    model.on_load_checkpoint(checkpoint)
    model.eval()
    return Loaded(model, config, spec, path, model.batches_seen)


def from_reference(files: Files, path: Path, trust: list[str]) -> Loaded:
    """``load_run`` for files of the reference implementation, which contain weights only."""
    from genlab.interop.reference_model import model_from

    model, config, spec, fresh = model_from(files, path, trust)
    model.eval()
    return Loaded(model, config, spec, next(iter(files.values())), 0, fresh)


def load(ckpt: str | Path, trust: list[str] | None = None) -> Model:
    """``from genlab import load``: the model of a run directory or checkpoint file, in evaluation mode.

    >>> model = load("runs/vae-digits/latest")  # doctest: +SKIP
    >>> images = model.sample(16)  # doctest: +SKIP
    """
    return load_run(ckpt, trust).model


def load_weights(model: Model, path: Path) -> str:
    """Load the weights of another run or of the reference implementation; returns a description of what was loaded.

    Raises:
        CheckpointError: the networks differ.
    """
    path = checkpoint_file(path, "init_from")
    if files := reference_files(path):
        from genlab.interop.reference_weights import load_reference

        return load_reference(model, files, f"init_from={path}")
    load_checkpoint_weights(model, path, f"init_from={path}")
    return f"from {path}"


def load_first_weights(model: Model, cfg: DictConfig, chosen: Run) -> str:
    """Those that training starts from: of the checkpoint of a run that is continued, or what ``init_from`` names.

    Raises:
        CheckpointError: they do not fit the model.
    """
    if chosen.checkpoint is not None:
        if chosen.child_of is None:  # rank 0 has checked it before it let the other ranks begin
            kept = load_checkpoint_weights(model, chosen.checkpoint, f"resume={chosen.checkpoint}")
            require_same_optimizers(model, kept, chosen.checkpoint)
        return ""  # Lightning loads them again, with all else that the checkpoint holds
    return load_weights(model, Path(cfg.init_from)) if cfg.init_from else ""


def require_same_optimizers(model: Model, checkpoint: dict[str, Any], path: Path) -> None:
    """Refuse to continue a run whose optimisers move another number of parameters, as those of a learned sigma once did.

    Raises:
        CheckpointError: with the remedy.
    """
    own = [optimizer.state_dict() for optimizer in model.configure_optimizers()]
    there, here = (
        [len(group["params"]) for state in states for group in state["param_groups"]]
        for states in (checkpoint["optimizer_states"], own)
    )
    if there != here:
        raise CheckpointError(
            f"resume={path}: an earlier version of genlab made this run: its optimisers move {there} weights, today's "
            f"{here} (a learned sigma is set in closed form). Start a new run from its weights: init_from={path}"
        )


def load_checkpoint_weights(model: Model, path: Path, said: str) -> dict[str, Any]:
    """Fill a model with the weights of one of genlab's checkpoints; ``said``: how messages name it. -> the checkpoint.

    Raises:
        CheckpointError: they do not fit, or are no numbers.
    """
    checkpoint = AtomicCheckpointIO().load_checkpoint(whole_one(path))
    if "state_dict" not in checkpoint:
        raise CheckpointError(
            f"{said}: {path} holds no weights of a model. Give a run directory: runs/<name>/<run_id>."
        )
    kept = renamed.configuration(checkpoint["genlab"]["config"]) if "genlab" in checkpoint else {}
    fill(model, renamed.weights(checkpoint["state_dict"]), said, OmegaConf.create(kept))
    return checkpoint


def fill(model: Model, weights: dict[str, Tensor], said: str, of: DictConfig) -> None:
    """Put the weights into the model that they fit. ``of``: the configuration of their run.

    Raises:
        CheckpointError: with the first network that differs, and what they were trained as; or with the first weight
            that is not finite.
    """
    own = model.state_dict()
    differs = next((name for name in {**own, **weights} if shape(own.get(name)) != shape(weights.get(name))), None)
    if differs is not None:
        there, here = (shape(state.get(differs)) or "absent" for state in (weights, own))
        made = " ".join(f"{key}={value}" for key in ("model", "data") if (value := of.get("choices", {}).get(key)))
        raise CheckpointError(
            f"{said}: the networks differ: {differs} is {there} there and {here} here. "
            f"The weights are of {made or type(model).__name__}: type that, and the same keys below model. and data., "
            "that shape the networks"
        )
    require_finite(weights, said)
    model.load_state_dict(weights)


def shape(x: Tensor | None) -> str:
    """The shape of a weight: ``[64, 3, 4, 4]``; empty for none."""
    return "" if x is None else str(list(x.shape))
