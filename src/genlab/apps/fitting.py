"""The heavy half of ``train.py``: model, data, callbacks and loggers meet here, and a run comes of it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import lightning.pytorch as pl
from omegaconf import DictConfig

from genlab.apps.building import build_callbacks, build_model, build_trainer
from genlab.apps.loggers import build_loggers
from genlab.apps.preparing import cache_root
from genlab.apps.screen import closing_lines, opening_lines
from genlab.callbacks.checkpoints import Checkpoints
from genlab.callbacks.measure import Measure
from genlab.callbacks.pictures import Pictures
from genlab.callbacks.trace import Trace
from genlab.config.build import build
from genlab.contracts import Stopped
from genlab.data.module import StoreData
from genlab.data.source import Prepared
from genlab.metrics.features import choose
from genlab.models.base import Model
from genlab.runs import console
from genlab.runs.find import Run
from genlab.runs.summary import Summary
from genlab.runs.table import Table


def fit(cfg: DictConfig, overrides: list[str], prepared: Prepared, chosen: Run) -> int:
    """Train, evaluate on the test set, and leave a run directory that explains itself."""
    build(cfg.performance, cfg.trust).apply()
    console.quiet()
    model = build_model(cfg, prepared.spec)  # before the directory: what cannot be built leaves nothing behind
    with ExitStack() as stack:
        directory = stack.enter_context(chosen.open(cfg, overrides, prepared.spec))
        stack.enter_context(console.tee(directory.path / "log.txt"))
        return Fitting(cfg, prepared, model, directory, chosen).run()


class Fitting:
    """One training run: its objects, and the order in which things happen to them."""

    def __init__(self, cfg: DictConfig, prepared: Prepared, model: Model, directory: Any, chosen: Run) -> None:
        self.cfg, self.prepared, self.model, self.directory, self.chosen = cfg, prepared, model, directory, chosen
        self.loggers, self.csv = build_loggers(cfg, directory)
        self.data = StoreData(prepared, batch_size=cfg.data.batch_size, seed=cfg.seed)
        self.callbacks = build_callbacks(cfg)
        self.attach()
        self.trainer = build_trainer(cfg, model, self.callbacks, self.loggers, directory.path)
        self.summary = Summary(directory.path / "summary.json")

    def attach(self) -> None:
        """Tell the callbacks where to write and what to measure with."""
        ...
