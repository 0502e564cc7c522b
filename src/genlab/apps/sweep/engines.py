"""Runs the trials of a checked sweep by the engine that was asked for, and closes the sweep."""

from __future__ import annotations

from omegaconf import DictConfig

from genlab import console, cores
from genlab.apps.sweep.check import Check
from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.ending import close, goal_of, keep_table
from genlab.apps.sweep.local import Local, usual_workers
from genlab.apps.sweep.results import Results
from genlab.apps.sweep.scheduler import Engine, Scheduler, undone
from genlab.apps.sweep.slurm import SlurmArray
from genlab.cluster.options import SlurmOptions
from genlab.config.build import build
from genlab.config.keys import key_of
from genlab.runs.writing import attempt
from genlab.signals import Signals
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.screen import Screen


def run_trials(cfg: DictConfig, folder: SweepFolder, choice: Choice, check: Check, signals: Signals) -> int:
    """Run what is left of a sweep; returns the exit code.

    Raises:
        Stopped: by a signal.
    """
    engine, goal = engine_for(cfg, folder, choice, check), goal_of(choice)
    total = choice.cap * choice.replicates if choice.cap else None
    screen = Screen(folder.path.parent.name, goal, getattr(engine, "workers", 1), total=total)
    with console.tee(folder.path / "log.txt", attempt):
        console.say(f"sweep     {folder.path}")
        if isinstance(engine, SlurmArray) and engine.options.dry:
            console.show(engine.write(undone(folder)).read_text(encoding="utf-8"))
            return 0
        with screen:
            show = keep_table(folder, goal, screen)
            Scheduler(folder, engine, Results(folder, choice, check), show).run(signals)
        return close(folder, choice, check.dimensions)


def engine_for(cfg: DictConfig, folder: SweepFolder, choice: Choice, check: Check) -> Engine:
    """The engine, with as many workers as were asked for."""
    devices = check.devices()
    if cfg.engine == "slurm":
        options: SlurmOptions = build(cfg.slurm, cfg.trust)
        parallel = None if cfg.workers == "auto" else cfg.workers
        return SlurmArray(folder, options, parallel, devices, one_by_one=choice.file.method == "bayes")
    workers = usual_workers(devices) if cfg.workers == "auto" else cfg.workers
    typed = any(key_of(text) == "performance.threads" for text in check.typed)
    threads = None if typed or workers == 1 else max(1, cores.usable() // workers)
    return Local(folder, workers, devices, threads)
