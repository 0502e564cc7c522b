"""Runs one command from its overrides, and reports errors to the user."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from genlab.apps.command.passed_on import PASSING_ON, own
from genlab.console import quiet, say
from genlab.contracts import ConfigError, GenlabError, Stopped, last_words
from genlab.rank_environment import RUN_DIR, directory_of_rank_0, is_rank_0, rank_name
from genlab.runs.wandb_agent import agents_run_id

CONTINUING = ("train", "submit")  # commands with ``resume=PATH``
WITH_SLURM = ("submit", "sweep")  # commands with ``slurm.*``
STARTERS = ("submit", "sweep")  # commands that start others, which need the folder of ``--config-dir`` too

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(command: str, overrides: list[str], run_dir: Path | None = None, config_dir: Path | None = None) -> int:
    """Compose and check the configuration, and only then import and run the command; returns the exit code."""
    if command == "train" and run_dir is None and agents_run_id():
        from genlab.apps.command.agent import of_agent

        overrides = of_agent(overrides)
    if is_rank_0():
        os.environ.pop(RUN_DIR, None)
        cfg, overrides, notes = configuration(command, overrides, config_dir)
        for note in notes:
            say(note)
    else:
        cfg = configuration_of_rank_0(command, overrides, config_dir)
    gc.enable()  # the door had switched it off
    quiet()
    folder = {"config_dir": config_dir} if command in STARTERS else {}
    return importlib.import_module(f"genlab.apps.{command}").run(cfg, overrides, run_dir, **folder)


class Configuration(NamedTuple):
    """A composed configuration, its overrides, and lines to print when it is used."""

    cfg: DictConfig
    overrides: list[str]
    notes: list[str]


def configuration(command: str, overrides: list[str], config_dir: Path | None) -> Configuration:
    """The configuration of a command; with ``resume=PATH`` on top of the run's own.

    Raises:
        ConfigError: with every mistake, with a cache that cannot be made, or with a Slurm job that does not fit.
    """
    from genlab.apps.command.paths import require_cache
    from genlab.cluster.preflight import preflight

    found = composed(command, overrides, config_dir)
    if command == "train":
        preflight(found.cfg)
    require_cache(found.cfg)
    return found


def composed(command: str, overrides: list[str], config_dir: Path | None) -> Configuration:
    """The same, without a look at the folders that it names."""
    from genlab.config.compose import compose

    if command in WITH_SLURM:
        from genlab.cluster.site import site_overrides

        overrides = [*site_overrides(overrides), *overrides]
    if command in CONTINUING and any(text.startswith("resume=") for text in overrides):
        from genlab.runs.continued import compose_continued, path_typed

        if (path := path_typed(overrides)) is not None:
            return Configuration(*compose_continued(path, overrides, config_dir, command))
    typed = own(command, overrides) if command in PASSING_ON else overrides
    return Configuration(compose(command, typed, config_dir), overrides, [])


def configuration_of_rank_0(command: str, overrides: list[str], config_dir: Path | None) -> DictConfig:
    """Rank 0's configuration, read from its run directory; this rank composes only to find ``paths.runs``."""
    from omegaconf import OmegaConf

    from genlab.config.searchpath import reach

    if RUN_DIR not in os.environ:
        directory_of_rank_0(Path(configuration(command, overrides, config_dir).cfg.paths.runs).expanduser())
    cfg = OmegaConf.load(Path(os.environ[RUN_DIR]) / "config.yaml")
    reach(cfg.trust, config_dir)
    return cfg  # type: ignore[return-value]


def tell(error: GenlabError | Stopped | str) -> None:
    """Print an error message to standard error; the log of a run that it has ended has it already."""
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        say(f"{len(error.problems)} problems:")
    say(error if isinstance(error, str) else last_words(error))


def report_failure() -> int:
    """Report an unexpected exception: the traceback goes to the run's ``errors/``, or to the screen without a run.

    Of several ranks only the first speaks, or the first that is left (``cluster.ranks.watch``).
    """
    trace = traceback.format_exc()
    last = trace.strip().splitlines()[-1]
    folder = os.environ.get(RUN_DIR)
    if folder is None:
        print(trace, file=sys.stderr)  # noqa: T201
        return 1
    path = Path(folder) / "errors" / f"rank_{rank_name()}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(trace, encoding="utf-8")
    except OSError as error:
        print(f"{trace}failed: {last}\n    the traceback cannot be written to {path}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if is_rank_0():
        print(f"failed: {last}\n    the traceback is in {path}", file=sys.stderr)  # noqa: T201
    return 1
