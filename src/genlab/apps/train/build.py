"""Builds the model, the callbacks and the trainer from the configuration."""

from __future__ import annotations

import math
import random
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins.environments import SLURMEnvironment
from lightning.pytorch.profilers import PassThroughProfiler
from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.evaluators import build_evaluators
from genlab.apps.command.paths import cache_root
from genlab.apps.command.second_set import second_sets
from genlab.apps.train.strategy import strategy_for
from genlab.callbacks.checkpoints import Checkpoints
from genlab.callbacks.code_mixture import FitMixture
from genlab.callbacks.evaluate import Evaluate
from genlab.callbacks.observer import Observer
from genlab.callbacks.stopping import MaxSteps, MaxTime, StopOnSignal
from genlab.config.build import build
from genlab.config.precisions import DOUBLE
from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.data.store.order import limited, steps
from genlab.data.store.source import SPLITS, PreparedData
from genlab.models.base.model import Model
from genlab.rank_environment import is_rank_0, launcher
from genlab.runs.checkpoint_io import AtomicCheckpointIO

OURS = ("max_steps", "max_time", "strategy", "gradient_clip_val", "gradient_clip_algorithm", "accumulate_grad_batches")
QUIET: dict[str, Any] = {
    "enable_checkpointing": False,  # genlab.callbacks.checkpoints
    "enable_progress_bar": False,  # genlab.callbacks.progress
    "enable_model_summary": False,
    "use_distributed_sampler": False,  # genlab.data.store.order
    "num_sanity_val_steps": 0,
}


class Unmeasured(PassThroughProfiler):
    """A no-op profiler that does not create a context manager for each of the 20 or so hooks of a step."""

    nothing: AbstractContextManager[None] = nullcontext()

    def profile(self, action_name: str) -> AbstractContextManager[None]:
        """Return the same null context every time."""
        return self.nothing


def build_model(cfg: DictConfig, spec: DataSpec) -> Model:
    """Seed all random states with ``seed``, and build the model."""
    random.seed(cfg.seed)
    np.random.seed(cfg.seed % 2**32)
    torch.manual_seed(cfg.seed)
    model: Model = build(cfg.model, cfg.trust, spec=spec, seed=cfg.seed)
    if cfg.trainer.precision in DOUBLE:
        model.double()  # Lightning does so only after a checkpoint has been read into float32 weights, which rounds it
    model.log_every = cfg.trainer.log_every_n_steps
    model.gradient_clip_val = cfg.trainer.gradient_clip_val
    model.gradient_clip_algorithm = cfg.trainer.gradient_clip_algorithm or "norm"
    model.accumulate_grad_batches = cfg.trainer.accumulate_grad_batches
    return model


def build_callbacks(cfg: DictConfig) -> list[pl.Callback]:
    """The configured callbacks, in the order in which they must run: measure, show, save, and only then leave."""
    measure = build_evaluators(cfg)
    shown = [build(node, cfg.trust) for node in (cfg.callbacks or {}).values() if node is not None]
    limits: list[pl.Callback] = [MaxSteps(cfg.trainer.max_steps)] if cfg.trainer.max_steps > 0 else []
    if duration := cfg.trainer.get("max_time"):
        limits.append(MaxTime(duration if isinstance(duration, str) else dict(duration)))
    checkpoints: Checkpoints = build(cfg.checkpoint, cfg.trust)
    checkpoints.threads_chosen = cfg.performance.threads == "auto"
    return [*measure, *shown, *limits, FitMixture(checkpoints), checkpoints, StopOnSignal(checkpoints)]


def callback_of(callbacks: list[pl.Callback], kind: type) -> Any:
    """The callback of a kind, or None."""
    return next((callback for callback in callbacks if isinstance(callback, kind)), None)


def attach_evaluators(callbacks: list[pl.Callback], cfg: DictConfig, model: Model, prepared: PreparedData) -> None:
    """Attach the evaluators to model and data; impossible metrics are refused before anything is written.

    Raises:
        ConfigError: two evaluators would report the same metric.
        DataError: there are too few images.
    """
    for evaluate in (callback for callback in callbacks if isinstance(callback, Evaluate)):
        others = second_sets(cfg, cfg.data, prepared.spec) if is_rank_0() else {}  # made ready before torch came in
        evaluate.attach(model, prepared, cache_root(cfg), {"val": "val", "test": "test"}, others=others)


def attach_observers(callbacks: list[pl.Callback], cfg: DictConfig, model: Model, prepared: PreparedData) -> None:
    """Attach who looks at the training from outside; a model without what is observed is refused before anything is written.

    Raises:
        ConfigError: an observer has nothing to observe.
    """
    for observer in (callback for callback in callbacks if isinstance(callback, Observer)):
        observer.attach(model, prepared, f"{cfg.choices.model} on {prepared.spec.name}")


def build_trainer(
    cfg: DictConfig, model: Model, callbacks: list[pl.Callback], loggers: list[Logger], root: Path
) -> pl.Trainer:
    """Lightning's Trainer with the keys of ``conf/trainer``, except those that genlab implements itself (``OURS``)."""
    options: dict[str, Any] = OmegaConf.to_container(cfg.trainer, resolve=True)  # type: ignore[assignment]
    options.pop("_target_")
    for key in OURS:
        options.pop(key, None)
    options["profiler"] = options.get("profiler") or Unmeasured()
    processes = process_count(cfg)
    plugins: list[Any] = [AtomicCheckpointIO()]
    if launcher() == "srun" or SLURMEnvironment.detect():  # which overlooks srun in jobs named bash or interactive
        plugins.append(SLURMEnvironment(auto_requeue=False))
    trainer = pl.Trainer(
        **options,
        **QUIET,
        strategy=strategy_for(cfg.trainer.strategy, processes, cfg.performance.rank_timeout),
        callbacks=callbacks,
        logger=loggers,
        plugins=plugins,
        default_root_dir=root,
    )
    trainer.fit_loop.epoch_loop.max_steps = -1  # a dev run sets it, and it counts optimiser steps: of a GAN two a batch
    return trainer


def process_count(cfg: DictConfig) -> int:
    """Number of processes by ``trainer.devices`` and ``trainer.num_nodes``."""
    devices = cfg.trainer.devices
    if isinstance(devices, str) and devices != "auto" and not devices.lstrip("-").isdigit():
        count = len(devices.split(","))
    elif devices in ("auto", -1, "-1"):
        count = torch.cuda.device_count() if cfg.trainer.accelerator in ("auto", "gpu", "cuda") else 1
    else:
        count = len(devices) if OmegaConf.is_list(devices) else int(devices)
    return max(count, 1) * cfg.trainer.num_nodes


def require_epochs(cfg: DictConfig, spec: DataSpec) -> None:
    """Refuse limits and intervals that leave an epoch without a batch, or without the validation that they ask for.

    Raises:
        ConfigError: with the numbers that fit.
    """
    whole = steps(spec.sizes["train"], cfg.data.batch_size, process_count(cfg))
    limit, interval = cfg.trainer.get("limit_train_batches"), cfg.trainer.get("val_check_interval")
    batches = whole if limit is None else limited(limit, whole)
    if batches == 0:
        problem = Problem(
            f"trainer.limit_train_batches={limit}",
            f"no batch is left of an epoch of {whole:,} (data.batch_size={cfg.data.batch_size})",
            f"Type: a number from 1 to {whole}, or a share of at least {math.ceil(1000 / whole) / 1000}",
        )
        raise ConfigError([problem])
    counted = cfg.trainer.get("check_val_every_n_epoch") is None  # over all epochs
    every = batches if interval is None else interval if isinstance(interval, int) else limited(interval, batches)
    if every == 0 or (every > batches and not counted):
        problem = Problem(
            f"trainer.val_check_interval={interval}",
            f"an epoch has {batches:,} batches (data.batch_size={cfg.data.batch_size})",
            f"Type: a number from 1 to {batches}, or trainer.check_val_every_n_epoch=null to count over all epochs",
        )
        raise ConfigError([problem])


def require_images(cfg: DictConfig, spec: DataSpec) -> None:
    """Refuse a split with fewer rows than processes: a process without data would block the others.

    Raises:
        ConfigError: with the largest number that fits.
    """
    processes, nodes = process_count(cfg), cfg.trainer.num_nodes
    split, rows = min(((split, spec.sizes[split]) for split in SPLITS), key=lambda pair: pair[1])
    if rows < processes:
        what = f"{processes:,} processes are too many: data={cfg.choices.data} has only {rows:,} images in {split}"
        where = f"trainer.devices={cfg.trainer.devices}" + (f" trainer.num_nodes={nodes}" if nodes > 1 else "")
        remedy = (
            f"trainer.devices={rows // nodes}"
            if rows >= nodes
            else f"trainer.num_nodes={max(rows, 1)} trainer.devices=1"
        )
        raise ConfigError([Problem(where, what, f"Type: {remedy}")])
