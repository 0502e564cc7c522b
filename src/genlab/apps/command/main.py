"""Entry point of all commands. Nothing heavy is imported before the configuration has been checked."""

from __future__ import annotations

import gc
import io
import os
import sys
from pathlib import Path
from typing import NoReturn

from genlab import cores  # noqa: F401 - takes its first look at what others use of the machine
from genlab.apps.command.arguments import Arguments, read
from genlab.apps.command.run import report_failure, run, tell
from genlab.console import show
from genlab.contracts import GenlabError, Stopped
from genlab.rank_environment import ask_again, is_rank_0, launcher
from genlab.signals import CODES, Signals, catch


def main(command: str, arguments: list[str] | None = None) -> NoReturn:
    """Run ``command`` with the given arguments (default: ``sys.argv``), and exit with its exit code."""
    received = begin()
    finish(outcome(command, sys.argv[1:] if arguments is None else arguments), received)


def begin() -> Signals:
    """What comes before any command: streams that take every file name, and the handling of signals."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may be no UTF-8
    gc.disable()  # composing makes a great many small objects that all stay: a third of its time; ``run`` switches it on
    return catch()


def finish(code: int, received: Signals) -> NoReturn:
    """Exit with ``code``."""
    received.leave(code)
    if code and launcher() is not None:
        leave_at_once(code)
    sys.exit(code)


def leave_at_once(code: int) -> NoReturn:
    """End one of several ranks, without taking down connections to others that may be gone, for which some wait for ever."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def outcome(command: str, arguments: list[str], run_dir: Path | None = None) -> int:
    """Run ``command`` and report what ended it; returns the exit code.

    ``run_dir``: of a run that a sweep has given its place.
    """
    try:
        return dispatch(command, arguments, run_dir)
    except GenlabError as error:
        tell(error)
        return error.exit_code
    except Stopped as stop:
        tell(stop)
        if stop.exit_code == CODES["SIGUSR1"]:
            ask_again()
        # srun would kill rank 0, which still writes, as soon as another leaves with a code
        return stop.exit_code if is_rank_0() or launcher() != "srun" else 0
    except KeyboardInterrupt:
        tell("stopped")
        return 130
    except Exception:
        return report_failure()


def genlab() -> NoReturn:
    """The installed command: ``genlab train …`` is ``python src/train.py …`` of a clone."""
    from genlab.apps.command import commands

    first, *rest = sys.argv[1:] or ["--help"]
    if first in ("--help", "-h"):
        leave(commands.overview())
    command: str | None = first
    if first in commands.COMPLETION:
        command, rest = commands.completed(sys.argv[1:])
        if command is None:
            leave(" ".join(rest))
    elif first not in commands.names():
        tell(commands.unknown(first))
        sys.exit(2)
    assert command is not None
    main(command, rest)


def leave(text: str) -> NoReturn:
    """Print ``text`` and exit with 0."""
    show(text)
    sys.exit(0)


def dispatch(command: str, arguments: list[str], run_dir: Path | None = None) -> int:
    """Print help, show the configuration, run a sweep, or run the command; returns the exit code.

    Raises:
        ConfigError: an option or the configuration is not valid.
    """
    asked = read(command, arguments)
    if asked.help:
        from genlab.apps.command.help import help_text

        show(help_text(command, asked.config_dir, asked.overrides))
        return 0
    if asked.cfg:
        return show_configuration(command, asked)
    if asked.hydra:
        from genlab.apps.command.ask_hydra import ask_hydra

        return ask_hydra(command, asked)
    if asked.multirun:
        from genlab.apps.command.multirun import sweep

        return sweep(command, asked.overrides, asked.config_dir)
    return run(command, asked.overrides, run_dir, asked.config_dir)


def show_configuration(command: str, asked: Arguments) -> int:
    """``--cfg job``: print the composed configuration as YAML; mandatory values may be missing."""
    from omegaconf import OmegaConf

    from genlab.config.compose import compose

    cfg = compose(command, asked.overrides, asked.config_dir, incomplete=True)
    show(OmegaConf.to_yaml(cfg, resolve=asked.resolve).rstrip("\n"))
    return 0
