"""The part of ``train.py`` that needs torch: builds model, data, callbacks and loggers, and runs the training."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import lightning.pytorch as pl
from omegaconf import DictConfig, OmegaConf

from genlab import console
from genlab.apps.command.device import trainer_device
from genlab.apps.train import messages as screen
from genlab.apps.train.account import Account
from genlab.apps.train.build import (
    attach_evaluators,
    attach_observers,
    build_callbacks,
    build_model,
    build_trainer,
    callback_of,
    process_count,
    require_epochs,
    require_images,
)
from genlab.apps.train.ending import await_ranks, require_records, require_weights, stop_other_ranks
from genlab.apps.train.first_images import begin_with_images
from genlab.apps.train.loggers import Loggers
from genlab.apps.train.shortage import is_shortage, shortage
from genlab.apps.train.strategy import DataParallel
from genlab.callbacks.alarms import Alarms
from genlab.callbacks.checkpoints import Checkpoints
from genlab.callbacks.evaluate import Evaluate
from genlab.callbacks.film import Film
from genlab.callbacks.gradients import Gradients
from genlab.callbacks.pictures import Pictures
from genlab.callbacks.stopping import StopOnSignal
from genlab.callbacks.trace import Trace
from genlab.cluster.ranks.launched import require_processes
from genlab.cluster.ranks.same import facts_of, require_same
from genlab.cluster.ranks.watch import Watch
from genlab.config.build import build
from genlab.contracts import NonFiniteLoss, Stopped
from genlab.data.store.module import StoreData
from genlab.data.store.resident import is_resident, require_possible, size_of, where_images_lie
from genlab.data.store.source import PreparedData
from genlab.models.base.distributed import gather_everywhere
from genlab.models.base.model import Model
from genlab.rank_environment import rank_name, rank_names
from genlab.runs.checkout import keep_changes
from genlab.runs.directory import RunDirectory
from genlab.runs.ended import keep_reason
from genlab.runs.find import Run
from genlab.runs.load import load_first_weights
from genlab.runs.summary import FINISHED, status_of
from genlab.runs.table import Table
from genlab.runs.writing import attempt
from genlab.runs.writing import begin as begin_writing
from genlab.signals import Signals, caught


def fit(cfg: DictConfig, overrides: list[str], prepared: PreparedData, chosen: Run, watch: Watch | None = None) -> int:
    """Train, evaluate on the test set, and write the run directory; returns the exit code.

    Args:
        watch: of a rank that has begun to show signs of life already; rank 0 begins with the run directory.
    """
    processes, nodes = process_count(cfg), cfg.trainer.num_nodes
    require_processes(processes, nodes)
    threads = build(cfg.performance, cfg.trust).apply(bool(cfg.trainer.get("deterministic")), processes // nodes)
    console.quiet()
    require_images(cfg, prepared.spec)
    require_epochs(cfg, prepared.spec)
    require_possible(cfg.data.on_device, trainer_device(cfg.trainer))
    model = build_model(cfg, prepared.spec)  # before the directory: what cannot be built leaves nothing behind
    begin_with_images(model, prepared, cfg.seed)
    begun = load_first_weights(model, cfg, chosen)  # before anything of a run that is continued is touched
    loggers, callbacks = Loggers(cfg), build_callbacks(cfg)
    attach_evaluators(callbacks, cfg, model, prepared)
    attach_observers(callbacks, cfg, model, prepared)
    with ExitStack() as stack:
        signals = stack.enter_context(caught())
        directory = stack.enter_context(chosen.open(cfg, overrides, prepared))
        begin_writing()
        stack.enter_context(console.tee(directory.log, attempt))
        if begun:
            console.say(f"weights   {begun}")
        if threads:
            console.say(f"threads   {threads}")
        loggers.place(directory)
        trainer = build_trainer(cfg, model, callbacks, loggers.all, directory.path)
        names = rank_names(processes // nodes, nodes)
        watch = watch or Watch(directory.path, rank_name(), names, cfg.performance.rank_timeout)
        return Training(cfg, prepared, model, directory, chosen, loggers, callbacks, trainer, signals, watch).run()


class Training:
    """One training run: its objects, and the sequence of its steps."""

    def __init__(
        self,
        cfg: DictConfig,
        prepared: PreparedData,
        model: Model,
        directory: RunDirectory,
        chosen: Run,
        loggers: Loggers,
        callbacks: list[pl.Callback],
        trainer: pl.Trainer,
        signals: Signals,
        watch: Watch,
    ) -> None:
        self.cfg, self.prepared, self.model, self.directory = cfg, prepared, model, directory
        self.chosen, self.loggers, self.callbacks, self.trainer = chosen, loggers, callbacks, trainer
        self.signals, self.watch = signals, watch
        self.data = StoreData(prepared, cfg.data.batch_size, cfg.seed)
        device, size = trainer.strategy.root_device, size_of(prepared)
        if is_resident(cfg.data.on_device, size, device):
            self.data.keep_on(device)
        self.images = where_images_lie(self.data.resident is not None, size, device)
        self.checkpoints = self.callback(Checkpoints)
        self.account = Account(cfg, prepared.spec, model, directory, loggers, trainer, callbacks)

    def callback(self, kind: type) -> Any:
        """The callback of a kind, or None."""
        return callback_of(self.callbacks, kind)

    def run(self) -> int:
        """Run everything. The summary is kept up to date, also if the run ends early.

        Raises:
            GenlabError: there was no memory left, or the trained weights, or what was measured, could not be written.
        """
        self.join_ranks()
        try:
            with self.watch:
                self.begin()
                self.train_and_evaluate()
                require_weights(self.trainer, self.model, self.checkpoints)
        except BaseException as error:
            others = stop_other_ranks(self.trainer)
            self.account.end(*status_of(error))
            await_ranks(others)
            self.signals.settle()
            if is_shortage(error):
                raise shortage(error, self.cfg, self.model.batches_seen, self.directory.path) from error
            if isinstance(error, NonFiniteLoss):
                raise NonFiniteLoss(f"{error} {self.weights_before()}") from error
            raise
        self.signals.advice = "; the run is finished and saved"
        self.account.end(FINISHED, 0)
        if self.trainer.is_global_zero:
            require_records(self.directory)
            screen.closing(self.directory, self.loggers.csv.seconds, self.account.measuring().get("seconds", 0.0))
        self.signals.settle()
        return 0

    def join_ranks(self) -> None:
        """Tell the watch over the ranks what it may do here, and compare the ranks as soon as they are connected."""
        strategy = self.trainer.strategy
        if isinstance(strategy, DataParallel):
            self.watch.children = lambda: strategy.started
            self.watch.at_loss = self.end_for
            strategy.on_connected = lambda: require_same(gather_everywhere((rank_name(), facts_of(self.cfg))))

    def end_for(self, failure: BaseException) -> None:
        """Close the files because of the failure of another rank, where nothing comes after."""
        self.account.end(*status_of(failure))
        if self.trainer.is_global_zero:
            keep_reason(self.directory, failure)

    def weights_before(self) -> str:
        """Where the newest weights are that no loss has spoilt: none are saved after one that is not finite."""
        last = self.directory.checkpoints / "last.ckpt"
        return f"Weights from before it: {last}" if last.exists() else "No checkpoint had been written yet."

    def train_and_evaluate(self) -> None:
        """Fit, validate if the last weights were not validated, and test (again, if a resumed run is already trained)."""
        self.signals.advice = " before the first update. Continue: resume=auto"
        self.attach()
        self.loggers.csv.continue_from(0.0)  # the clock of a resumed run is put on when its checkpoint is read
        self.trainer.fit(self.model, self.data, ckpt_path=self.chosen.checkpoint, weights_only=True)
        saved = self.checkpoints.saved == self.model.batches_seen
        self.signals.advice = f" after batch {self.model.batches_seen}" + ("; saved. Continue: resume=auto" * saved)
        try:
            if self.model.validated_at != self.model.batches_seen:
                self.trainer.validate(self.model, self.data, verbose=False)
            self.trainer.test(self.model, self.data, verbose=False)
        except Stopped:
            require_weights(self.trainer, self.model, self.checkpoints)
            raise
        if self.trainer.is_global_zero:
            headline = evaluate.headline if (evaluate := self.callback(Evaluate)) else ()
            screen.measured(self.model.measured, headline)

    def begin(self) -> None:
        """Print the opening lines, open the loggers, and write the first summary."""
        if not self.trainer.is_global_zero:
            return
        name, spec = self.cfg.choices.model, self.prepared.spec
        screen.opening(self.model, spec, self.trainer, self.directory, name, self.images)
        keep_changes(self.directory.path)
        self.loggers.open(self.directory, self.account.wandb_id)
        if self.chosen.existing:
            from_where = self.chosen.checkpoint or "the start: there is no checkpoint yet"
            console.say(f"resume    from {from_where}")
        self.account.begin()

    def attach(self) -> None:
        """Attach the callbacks to the run directory. Extractors are trained here, before the other ranks start."""
        tables: dict[str, Any] = {"metrics": self.loggers.csv.table}
        self.callback(StopOnSignal).attach(self.signals)
        trace, evaluate, pictures = self.callback(Trace), self.callback(Evaluate), self.callback(Pictures)
        if trace:
            tables["indices"] = Table(self.directory.path / "tables" / "indices.csv", ["step", "indices"])
            trace.attach(tables["indices"])
        if evaluate:
            evaluate.folder = self.directory.path
            if alarms := self.callback(Alarms):
                alarms.attach(evaluate.tables)
            self.account.describe(evaluate.make_ready(), evaluate.notes)
        for film in (one for one in self.callbacks if isinstance(one, Film)):
            film.folder = self.directory.path
        if gradients := self.callback(Gradients):
            tables["gradients"] = gradients.place(self.directory.path)
        if pictures:
            pictures.attach(self.directory.path / "images", self.prepared.points["val"])
        self.account.list_skipped()
        if self.chosen.checkpoint is None and self.trainer.is_global_zero:
            for table in tables.values():
                table.truncate(0)  # rows of a process that was killed before its first checkpoint
        identity = {
            "config": OmegaConf.to_container(self.cfg, resolve=True),
            "spec": self.prepared.spec.plain(),
            "wandb_id": self.account.wandb_id,
            "config_digest": self.chosen.digest,
        }
        self.checkpoints.attach(self.directory.checkpoints, identity, tables, self.loggers.csv)
