"""Multirun: one run per combination, launched by Hydra after all combinations have been checked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.arguments import Arguments
from genlab.apps.command.run import report_failure, run, tell
from genlab.config.compose import compose
from genlab.config.files import conf_dir
from genlab.config.hints import Hints
from genlab.config.overrides import forced, read
from genlab.config.searchpath import KEY, conf_of
from genlab.config.session import user_folder_first
from genlab.config.words import in_words
from genlab.contracts import ConfigError, GenlabError, Problem, Stopped


def sweep(command: str, overrides: list[str], config_dir: Path | None = None) -> int:
    """Check every combination, then run them with Hydra; returns the highest exit code.

    Raises:
        ConfigError: with the problems of all combinations.
        Stopped: a signal ended the sweep.
    """
    problems: dict[Problem, None] = {}
    for cell in combinations(command, overrides):
        try:
            one_device(compose(command, cell, config_dir))
        except ConfigError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise ConfigError(problems)
    return through_hydra(command, ["--multirun"], overrides, config_dir)


def combinations(command: str, overrides: list[str]) -> list[list[str]]:
    """Every combination of ``a=1,2`` as a list of single overrides; empty for other sweepers, which choose at run time.

    Raises:
        ConfigError: an override cannot be parsed.
    """
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    if any(item.startswith("hydra/sweeper=") for item in overrides):
        return []
    items, mistakes = read(overrides, several=True)
    if mistakes:
        raise ConfigError(in_words(mistakes, Hints(command)))
    own = [item for item in items if item.key_or_group == KEY or not item.key_or_group.startswith("hydra")]
    return [list(cell) for batch in BasicSweeper.split_arguments(own, None) for cell in batch]


def one_device(cfg: DictConfig) -> None:
    """Refuse several devices: every other rank of a run would expand the sweep again.

    Raises:
        ConfigError: the run asks for more than one device.
    """
    devices = OmegaConf.select(cfg, "trainer.devices", default=1)
    count = len(devices) if OmegaConf.is_list(devices) else devices
    if count not in (1, "1"):
        what = "a multirun gives each run one device"
        raise ConfigError([Problem(f"trainer.devices={devices}", what, "Leave -m out, or type: trainer.devices=1")])


def ask_hydra(command: str, asked: Arguments) -> int:
    """Pass tab completion, ``--info`` and ``--version`` on to Hydra, after checking the overrides ourselves.

    Raises:
        ConfigError: with all problems of the overrides.
    """
    if "--shell-completion" not in asked.hydra:
        compose(command, asked.overrides, asked.config_dir, incomplete=True)
    return through_hydra(command, asked.hydra, asked.overrides, asked.config_dir)


def through_hydra(command: str, options: list[str], overrides: list[str], config_dir: Path | None) -> int:
    """Pass the command line to Hydra; returns the highest exit code of its jobs.

    Raises:
        Stopped: a signal ended a job.
    """
    import hydra

    items, _ = read(overrides, several=True)
    conf = conf_of(command, items, config_dir)
    words = overrides if "--shell-completion" in options else forced(items, conf)
    jobs = Jobs(command, overrides, config_dir)

    def job(cfg: DictConfig) -> None:
        jobs.next()

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach our door as they are
    sys.argv = [sys.argv[0], *options, *words]
    with user_folder_first(conf):
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=command)(job)()
    sys.stdout.flush()
    if jobs.stopped is not None:
        raise jobs.stopped
    return max(jobs.codes, default=0)


class Jobs:
    """Runs the combinations in turn. A failure is reported, and the next combination runs nevertheless."""

    def __init__(self, command: str, overrides: list[str], config_dir: Path | None) -> None:
        self.command, self.config_dir = command, config_dir
        self.typed = overrides
        self.always = [text for text in overrides if text.startswith(f"{KEY}=")]  # what Hydra keeps to itself
        self.codes: list[int] = []
        self.stopped: Stopped | None = None

    def next(self) -> None:
        """Run Hydra's current combination, unless a signal has stopped the sweep."""
        from hydra.core.hydra_config import HydraConfig

        current = HydraConfig.get()
        folder = Path(current.runtime.output_dir).absolute()
        if not any(folder.iterdir()):
            folder.rmdir()  # Hydra has made it; a run makes its own, and a refused one leaves none
        if self.stopped is None:
            self.codes.append(self.outcome([*self.always, *map(self.as_typed, current.overrides.task)], folder))

    def as_typed(self, override: str) -> str:
        """The override without the ``++`` that ``forced`` added."""
        key = override.partition("=")[0]
        return override if any(text.startswith(f"{key}=") for text in self.typed) else override.removeprefix("++")

    def outcome(self, overrides: list[str], folder: Path) -> int:
        """Run one combination; returns its exit code."""
        try:
            return run(self.command, overrides, folder, self.config_dir)
        except Stopped as signal:
            self.stopped = signal
            return signal.exit_code
        except GenlabError as error:
            tell(error)
            return error.exit_code
        except Exception:
            return report_failure()
