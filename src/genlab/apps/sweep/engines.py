"""Runs the trials of a checked sweep by the engine that was asked for, and closes the sweep."""

from __future__ import annotations

from omegaconf import DictConfig

from genlab import cores
from genlab.apps.sweep.check import Check
from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.ending import close, keep_table
from genlab.apps.sweep.local import Local, usual_workers
from genlab.apps.sweep.results import Results
from genlab.apps.sweep.scheduler import Engine, Scheduler
from genlab.apps.sweep.slurm import SlurmArray
from genlab.cluster.options import SlurmOptions
from genlab.config.build import build
from genlab.config.keys import key_of
from genlab.console import say
from genlab.signals import Signals
from genlab.sweeps.folder import SweepFolder

FAILED = 3  # exit code if some trials have failed


def run_trials(cfg: DictConfig, folder: SweepFolder, choice: Choice, check: Check, signals: Signals) -> int:
    """Run what is left of a sweep; returns the exit code.

    Raises:
        Stopped: by a signal.
    """
    say(f"sweep     {folder.path}")
    scheduler = Scheduler(
        folder, engine_for(cfg, folder, check), Results(folder, choice, check), keep_table(folder, choice)
    )
    scheduler.run(signals)
    close(folder, choice, check.dimensions)
    return FAILED if scheduler.failed else 0


def engine_for(cfg: DictConfig, folder: SweepFolder, check: Check) -> Engine:
    """The engine, with as many workers as were asked for."""
    devices = check.devices()
    if cfg.engine == "slurm":
        options: SlurmOptions = build(cfg.slurm, cfg.trust)
        return SlurmArray(folder, options, None if cfg.workers == "auto" else cfg.workers, devices)
    workers = usual_workers(devices) if cfg.workers == "auto" else cfg.workers
    typed = any(key_of(text) == "performance.threads" for text in check.typed)
    threads = None if typed or workers == 1 else max(1, cores.usable() // workers)
    return Local(folder, workers, devices, threads)
