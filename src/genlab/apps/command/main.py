"""Every command's front door: arguments in, exit code out. Nothing heavy is imported before the configuration is right."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

from genlab.apps.command.arguments import Arguments, read
from genlab.apps.command.run import report_failure, run, tell
from genlab.contracts import GenlabError


def main(command: str) -> NoReturn:
    """Run ``command`` with the arguments of this process and leave with its exit code."""
    gc.disable()  # composing makes a great many small objects that all stay: a third of its time; ``run`` switches it on
    try:
        code = dispatch(command, sys.argv[1:])
    except GenlabError as error:
        tell(error)
        code = error.exit_code
    except KeyboardInterrupt:
        tell("stopped")
        code = 130
    except Exception:
        code = report_failure()
    sys.exit(code)


def dispatch(command: str, arguments: list[str]) -> int:
    """What the arguments ask for: help, the configuration, a sweep, or the command itself.

    Raises:
        ConfigError: there is no such option, or the configuration does not fit.
    """
    asked = read(command, arguments)
    if asked.help:
        from genlab.apps.command.help import help_text

        print(help_text(command))  # noqa: T201
        return 0
    if asked.cfg:
        return show_configuration(command, asked)
    if asked.hydra or asked.multirun:
        from genlab.apps.command import multirun as sweep

        return sweep.sweep(command, asked.overrides) if asked.multirun else sweep.ask_hydra(command, asked)
    return run(command, asked.overrides)


def show_configuration(command: str, asked: Arguments) -> int:
    """``--cfg job``: the composed configuration as YAML; what must be given may still be absent."""
    from omegaconf import OmegaConf

    from genlab.config.compose import compose

    cfg = compose(command, asked.overrides, incomplete=True)
    print(OmegaConf.to_yaml(cfg, resolve=asked.resolve), end="")  # noqa: T201
    return 0
