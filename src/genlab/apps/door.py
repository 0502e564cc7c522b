"""Every command's front door: arguments in, exit code out. Nothing heavy is imported before the configuration is right."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from genlab.apps.launch import execute, report_failure, tell
from genlab.contracts import ConfigError, GenlabError, Problem

HYDRA_FLAGS = ("--info", "-i", "--hydra-help", "--shell-completion", "-sc", "--version", "--package", "-p")


def main(command: str) -> NoReturn:
    """Run ``command`` with the arguments of this process and leave with its exit code."""
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
    """What the arguments ask for: help, the configuration, a sweep, or the command itself."""
    flags = [a for a in arguments if a.startswith("-")]
    overrides = [a for a in arguments if a not in flags and a not in ("job", "hydra", "all")]
    if "-h" in flags or "--help" in flags:
        from genlab.apps.help import help_text

        print(help_text(command))  # noqa: T201
        return 0
    if any(flag.split("=")[0] in HYDRA_FLAGS for flag in flags):
        from genlab.apps.sweep import through_hydra

        return through_hydra(command)
    if "-m" in flags or "--multirun" in flags:
        from genlab.apps.sweep import sweep

        return sweep(command, overrides)
    if "--cfg" in flags or "-c" in flags:
        return show_configuration(command, overrides, resolve="--resolve" in flags)
    if flags:
        raise ConfigError([Problem(flags[0], "there is no such option", f"Type: python src/{command}.py --help")])
    return run(command, overrides)


def run(command: str, overrides: list[str]) -> int:
    """Compose, check, and only then go. A rank that rank 0 started reads what rank 0 wrote."""
    parent = os.environ.get("GENLAB_RUN_DIR")
    if parent and "LOCAL_RANK" in os.environ:
        from omegaconf import OmegaConf

        return execute(command, OmegaConf.load(Path(parent) / "config.yaml"), overrides)
    from genlab.config.compose import compose

    os.environ.pop("GENLAB_RUN_DIR", None)
    return execute(command, compose(command, overrides), overrides)


def show_configuration(command: str, overrides: list[str], resolve: bool) -> int:
    """``--cfg job``: the composed configuration as YAML."""
    from omegaconf import OmegaConf

    from genlab.config.compose import compose

    print(OmegaConf.to_yaml(compose(command, overrides), resolve=resolve), end="")  # noqa: T201
    return 0
