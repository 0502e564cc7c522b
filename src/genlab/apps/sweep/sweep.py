"""``sweep.py``: check every trial of a sweep file, run them, and leave a table and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from genlab.apps.sweep.agents import require_plain, start_agents
from genlab.apps.sweep.check import Check
from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.engines import run_trials
from genlab.apps.sweep.slurm import require_fitting
from genlab.apps.sweep.typed import narrowed
from genlab.apps.sweep.which import created, existing, settings_of
from genlab.config.build import build
from genlab.console import say, show
from genlab.contracts import ConfigError, Problem
from genlab.signals import caught
from genlab.sweeps.folder import FILE
from genlab.sweeps.space import override
from genlab.sweeps.spec import read_sweep
from genlab.sweeps.trials import Trial, words

SHOWN = 100  # trials that check_only lists


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None, config_dir: Path | None = None) -> int:
    """Run the sweep, or go on with one; returns 0, or 3 if some trials have failed.

    Raises:
        ConfigError: the file, a trial or a setting is not valid.
        DataError: a data set is missing or damaged, or the folder cannot be made.
        Stopped: a signal ended the sweep.
    """
    if run_dir is not None:
        raise ConfigError([Problem("-m", "a sweep file has the values of its cells", "Leave -m out.")])
    folder = existing(cfg, overrides, config_dir)
    file = Path(cfg.file).expanduser()
    settings = folder.settings() if folder else settings_of(cfg, overrides, config_dir, file)
    if cfg.run_cap is not None:
        settings["run_cap"] = cfg.run_cap
    choice, check = chosen(folder.path / FILE if folder else file, settings)
    if cfg.engine == "wandb":
        require_plain(cfg, choice, settings)
    known = folder.trials() if folder else []
    trials = check_trials(choice, check, known)
    if cfg.engine == "slurm":
        require_fitting(build(cfg.slurm, cfg.trust), check.devices(), check.nodes())
    if cfg.check_only:
        return describe(trials or known, choice)
    if cfg.engine == "wandb":
        return start_agents(cfg, overrides, choice, settings)
    if folder is None:
        folder = created(cfg, settings, choice.file.text)
    with caught() as signals:
        folder.hold()
        try:
            folder.write_settings({key: value for key, value in settings.items() if key != "ended"})
            folder.append(trials)
            return run_trials(cfg, folder, choice, check, signals)
        finally:
            folder.release()


def chosen(file: Path, settings: dict[str, Any]) -> tuple[Choice, Check]:
    """How the trials are chosen, and how each is checked, by the file and what was typed beside it.

    Raises:
        ConfigError: with the mistakes in them.
    """
    config_dir = Path(settings["config_dir"]) if settings["config_dir"] else None
    sweep, rest = narrowed(read_sweep(file), settings["overrides"], config_dir)
    choice = Choice(sweep, settings["seed"], settings["replicates"], settings["run_cap"] or sweep.run_cap)
    same = [override(key, value) for key, value in choice.fixed().items() if key != "seed"]  # that of each trial
    return choice, Check([*sweep.typed, *same, *rest], config_dir)


def check_trials(choice: Choice, check: Check, known: list[Trial]) -> list[Trial]:
    """Check what is new, the goal and the data; returns the new trials that are known at the start.

    Raises:
        ConfigError: with every problem.
        DataError: a data set is missing or damaged.
    """
    new = [trial for trial in choice.trials() if trial.key not in {old.key for old in known}]
    checked = check.all(new or choice.to_check())
    check.prepare()
    if choice.file.metric is not None:
        from genlab.compat import ensure_torchvision

        ensure_torchvision()  # from here on torch is imported
        from genlab.apps.sweep.metric_names import require_metric

        require_metric(choice.file.metric.name, check.kinds.values())
    return checked if new else []


def describe(trials: list[Trial], choice: Choice) -> int:
    """``check_only``: list the trials."""
    for trial in trials[:SHOWN]:
        show(f"{trial.key:>6}  {words(trial.values)}")
    if len(trials) > SHOWN:
        show(f"     …  and {len(trials) - SHOWN:,} more")
    count = len(trials) or (choice.cap or 0) * choice.replicates
    say(f"all checks passed: {count:,} runs; none was started")
    return 0
