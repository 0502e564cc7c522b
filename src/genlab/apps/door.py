"""Every command's front door: arguments in, exit code out. Nothing heavy is imported before the configuration is right."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

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


def execute(command: str, cfg: Any, overrides: list[str], run_dir: Path | None = None) -> int:
    """Import what the command needs, and hand over. ``run_dir``: where a multirun wants the run."""
    return importlib.import_module(f"genlab.apps.{command}").run(cfg, overrides, run_dir)


def show_configuration(command: str, overrides: list[str], resolve: bool) -> int:
    """``--cfg job``: the composed configuration as YAML."""
    from omegaconf import OmegaConf

    from genlab.config.compose import compose

    print(OmegaConf.to_yaml(compose(command, overrides), resolve=resolve), end="")  # noqa: T201
    return 0


def tell(error: GenlabError | str) -> None:
    """A message for the user, on standard error and in the run's log."""
    from genlab.runs.console import say

    if isinstance(error, ConfigError) and len(error.problems) > 1:
        say(f"{len(error.problems)} problems:")
    say(f"error: {error}" if isinstance(error, GenlabError) and error.exit_code in (1, 2) else str(error))


def report_failure() -> int:
    """A failure inside: the traceback goes to the run's ``errors/`` (without a run: to the screen), one line is shown."""
    trace = traceback.format_exc()
    last = trace.strip().splitlines()[-1]
    folder = os.environ.get("GENLAB_RUN_DIR")
    if folder is None:
        print(trace, file=sys.stderr)  # noqa: T201
        return 1
    path = Path(folder) / "errors" / f"rank_{os.environ.get('LOCAL_RANK', '0')}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(trace)
    print(f"failed: {last}\n    the traceback is in {path}", file=sys.stderr)  # noqa: T201
    return 1
