"""Multirun: one run per combination, launched by Hydra after all combinations have been checked."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.cells import Typed, shown, suffix
from genlab.apps.command.resumed_sweep import AUTO, RECORD, is_finished, sweep_to_continue
from genlab.apps.command.run import configuration, report_failure, run, tell
from genlab.config.keys import key_of
from genlab.config.overrides import forced
from genlab.config.searchpath import KEY
from genlab.config.session import default_name, own_hydra
from genlab.console import say
from genlab.contracts import ConfigError, DataError, GenlabError, Problem, Stopped
from genlab.signals import pending

LINE = "\n    The multirun ends with it. Continue: the same line and resume=auto; what is finished is not trained again"


def sweep(command: str, overrides: list[str], config_dir: Path | None = None) -> int:
    """Check every combination, then run them with Hydra; returns the highest exit code.

    Raises:
        ConfigError: with the problems of all combinations, each once.
        Stopped: a signal ended the sweep.
    """
    typed = Typed(command, overrides, config_dir)
    cells = typed.cells()
    require_sound(command, typed, cells, config_dir)
    jobs = Jobs(command, typed, overrides, config_dir, len(cells) if typed.by_hydra else 0)
    jobs.continued = to_continue(command, typed, cells[0], jobs.total, config_dir)
    codes = launched(command, typed, jobs)
    remove_unused(jobs.folder)
    if jobs.stopped is not None:
        raise jobs.stopped
    return max(codes, default=0)


def require_sound(command: str, typed: Typed, cells: list[list[str]], config_dir: Path | None) -> None:
    """Compose every combination, and Hydra's own settings once.

    Raises:
        ConfigError: with every problem once, however many combinations have it.
    """
    settings = [str(item.input_line) for item in typed.settings]
    require_places(typed, cells)
    problems: dict[tuple[str, str], Problem] = {}  # by key and mistake: the remedy may repeat the value of one run
    for words in ([*settings, *cells[0]], *cells[1:]):
        try:
            one_device(configuration(command, words, config_dir).cfg)
        except GenlabError as error:
            for problem in error.problems if isinstance(error, ConfigError) else [Problem("", str(error))]:
                problems.setdefault((problem.where, problem.what), problem)
    if problems:
        raise ConfigError(problems.values())


def require_places(typed: Typed, cells: list[list[str]]) -> None:
    """Refuse one ``output`` for several runs: each would write over the one before.

    Raises:
        ConfigError: with what to type.
    """
    given = next((item for item in typed.own if item.key_or_group == "output"), None)
    if given is not None and not given.is_sweep_override() and given.value() is not None and len(cells) > 1:
        what = f"each of the {len(cells)} runs would write over the one before"
        remedy = "Leave it out: each then gets a folder of its own. Or type one for each: output=a,b"
        raise ConfigError([Problem(f"output={given.value()}", what, remedy)])


def one_device(cfg: DictConfig) -> None:
    """Refuse several devices: every other rank of a run would expand the sweep again.

    Raises:
        ConfigError: the run asks for more than one device.
    """
    devices = OmegaConf.select(cfg, "trainer.devices", default=1)
    count = len(devices) if OmegaConf.is_list(devices) else devices
    if count not in (1, "1"):
        what = "a multirun gives each run one device"
        remedy = "Leave -m out, or type: trainer.devices=1. Runs of several devices each: python src/sweep.py FILE"
        raise ConfigError([Problem(f"trainer.devices={devices}", what, remedy)])


def launched(command: str, typed: Typed, jobs: Jobs) -> list[int]:
    """Let Hydra run all combinations; returns the exit codes, also of jobs in other processes.

    Raises:
        ConfigError: Hydra refuses a setting of its own.
        DataError: the folder of the multirun cannot be made.
    """
    words = [*forced(typed.items, typed.conf), "hydra.mode=MULTIRUN"]
    words += [f"hydra.sweep.dir={jobs.continued}"] if jobs.continued else []
    try:
        with own_hydra(typed.conf, command):
            hydra: Any = GlobalHydra.instance().hydra
            done = hydra.multirun(command, jobs.run_current, words)
    except HydraException as error:
        raise ConfigError(f"the multirun cannot start: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise DataError(
            f"cannot make the folder of the multirun: {error}. Choose another place: paths.runs=DIR"
        ) from error
    return [job.return_value for batch in done or () for job in batch]


def to_continue(command: str, typed: Typed, cell: list[str], count: int, config_dir: Path | None) -> Path | None:
    """The folder of the multirun that ``resume=auto`` goes on with, if any. ``cell``: the first of ``count`` combinations."""
    words = forced(typed.items, typed.conf)
    if command != "train" or not count or not any(text.lstrip("+") == AUTO for text in words):
        return None
    return sweep_to_continue(words, Path(configuration(command, cell, config_dir).cfg.paths.runs), count)


def remove_unused(folder: Path | None) -> None:
    """Remove the folder of a multirun, and those above it, if only Hydra has written there: no run has been made."""
    if folder is None or [path.name for path in folder.glob("*")] != [RECORD]:
        return
    (folder / RECORD).unlink()
    with suppress(OSError):  # not empty
        for place in (folder, *folder.parents[:2]):
            place.rmdir()


class Jobs:
    """Runs the combinations in turn. A mistake is reported once, and the next combination runs nevertheless."""

    def __init__(
        self, command: str, typed: Typed, overrides: list[str], config_dir: Path | None = None, total: int = 0
    ) -> None:
        self.command, self.config_dir, self.total = command, config_dir, total
        self.varied, self.typed = typed.varied, overrides
        self.always = [text for text in overrides if text.startswith(f"{KEY}=")]  # what Hydra keeps to itself
        self.told: dict[str, str] = {}  # mistakes, and the run in which each was first met
        self.stopped: Stopped | None = None
        self.folder: Path | None = None  # of the multirun
        self.continued: Path | None = None  # the folder of an earlier multirun of the same line

    def run_current(self, cfg: DictConfig) -> int:
        """Run Hydra's current combination, unless a signal has stopped the sweep; returns its exit code."""
        from hydra.core.hydra_config import HydraConfig

        current = HydraConfig.get()
        folder, self.folder = Path(current.runtime.output_dir).absolute(), Path(current.sweep.dir).absolute()
        if not any(folder.iterdir()):
            folder.rmdir()  # Hydra has made it; a run makes its own, and a refused one leaves none
        self.stopped = self.stopped or pending()
        if self.stopped is not None:
            return self.stopped.exit_code
        if self.continued and is_finished(folder):
            say(f"resume    {folder} is finished")
            return 0
        cell = [*self.always, *map(self.as_typed, current.overrides.task)]
        number = f"{current.job.num + 1}" + (f"/{self.total}" if self.total else "")
        say(f"run {number:5} {shown(cell, self.varied)}".rstrip())
        return self.outcome(self.named(cell, default_name(current.runtime.choices)), folder, number)

    def as_typed(self, override: str) -> str:
        """The override without the ``++`` that ``forced`` added."""
        key = override.partition("=")[0]
        return override if any(text.startswith(f"{key}=") for text in self.typed) else override.removeprefix("++")

    def named(self, cell: list[str], usual: str) -> list[str]:
        """The combination with a name of its own: the one typed, else ``usual``, and the varied values."""
        typed = {key_of(text): text.partition("=")[2] for text in cell}
        if self.command != "train" or typed.get("resume", "null") not in ("null", "auto"):
            return cell
        given = typed.get("name", "null")
        ends = suffix(cell, self.varied if given != "null" else self.varied - {"model", "data"})
        if not ends:
            return cell
        return [*(text for text in cell if key_of(text) != "name"), f"name={usual if given == 'null' else given}{ends}"]

    def outcome(self, overrides: list[str], folder: Path, number: str) -> int:
        """Run one combination; returns its exit code."""
        try:
            return run(self.command, overrides, folder, self.config_dir)
        except Stopped as signal:
            self.stopped = Stopped(signal.exit_code, f"{signal}{LINE if self.command == 'train' else ''}")
            return signal.exit_code
        except GenlabError as error:
            if (first := self.told.setdefault(str(error), number)) == number:
                tell(error)
            else:
                say(f"error: the same as in run {first}")
            return error.exit_code
        except Exception:
            return report_failure()
