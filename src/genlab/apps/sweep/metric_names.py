"""The metrics that a run will log: what its untrained model and its evaluators say of one or two images."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from omegaconf import DictConfig

from genlab import console
from genlab.apps.command.evaluators import build_evaluators
from genlab.apps.command.paths import cache_root, prepare
from genlab.apps.train.build import build_model
from genlab.callbacks.evaluate import Evaluate
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.contracts import ConfigError, Problem
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.models.base.model import Model
from genlab.models.base.phases import with_losses
from genlab.models.base.reporting import GRADIENT_NORM

NEAR = 6  # names in a message


def require_metric(name: str, configurations: Iterable[DictConfig]) -> None:
    """Refuse a metric that a run of one of the configurations would not log.

    Raises:
        ConfigError: with the closest names that it would.
    """
    for cfg in configurations:
        known = metric_names(cfg)
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=NEAR, cutoff=0.4) or sorted(known)[:NEAR]
            what = f"no run of model={cfg.choices.model} data={cfg.choices.data} logs it"
            raise ConfigError([Problem(f"metric: {name}", what, f"Names that fit: {', '.join(near)}")])


def metric_names(cfg: DictConfig) -> set[str]:
    """All names: ``train/…``, ``val/…`` and ``test/…``."""
    console.quiet()
    prepared = prepare(cfg)
    model = build_model(cfg, prepared.spec).eval()
    batch = first_batch(prepared)
    of_model = with_losses(model.phase_list, dict.fromkeys(model.evaluation_terms(batch, model.noise("val", 0)), 0.0))
    names = {f"{split}/{name}" for split in ("val", "test") for name in of_model}
    for evaluate in build_evaluators(cfg):
        names |= evaluated(evaluate, model, prepared, cfg, batch)
    return names | {f"train/{name}" for name in (*training_terms(model, batch), "lr")}


def first_batch(prepared: PreparedData) -> Any:
    """One image, pair or point of the validation set, as the model gets it."""
    data = StoreData(prepared, 1, 0)
    rows = data.rows("val")
    first = np.zeros((1, 2) if rows.kind == "domains" else 1, dtype=np.int64)
    return data.on_after_batch_transfer(rows.take(first), 0)


def training_terms(model: Model, batch: Any) -> set[str]:
    """The terms of every phase, those of training alone and the norms of the players' gradients included."""
    noise = model.noise("train", 0)
    shared = model.shared_of(batch, noise)
    names = {name for phase in model.phase_list for name in phase.all_terms(batch, shared, noise)}
    return names | {f"{GRADIENT_NORM}{phase.name}" for phase in model.phase_list if phase.name}


def evaluated(evaluate: Evaluate, model: Model, prepared: PreparedData, cfg: DictConfig, batch: Any) -> set[str]:
    """What the evaluators report in validation and test."""
    evaluate.attach(model, prepared, cache_root(cfg), {"val": "val", "test": "test"})
    found = set()
    for stage, (now, fitting) in evaluate.stages.items():
        for one in fitting:
            own = type(one).names is not Evaluator.names
            names = one.names(now) if own else one.terms(now, Seen(model, batch, math.inf))
            found |= {f"{stage}/{name}" for name in {*names, *one.asides(now)}}
    return found
