"""One command from its overrides to its end, and telling the user what went wrong on the way."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from pathlib import Path

from genlab.contracts import ConfigError, GenlabError


def run(command: str, overrides: list[str], run_dir: Path | None = None) -> int:
    """Compose, check, and only then import what the command needs. A rank that rank 0 started reads what rank 0 wrote."""
    parent = os.environ.get("GENLAB_RUN_DIR")
    if parent and "LOCAL_RANK" in os.environ:
        from omegaconf import OmegaConf

        cfg = OmegaConf.load(Path(parent) / "config.yaml")
    else:
        from genlab.config.compose import compose

        os.environ.pop("GENLAB_RUN_DIR", None)
        cfg = compose(command, overrides)
    gc.enable()  # the door had switched it off
    return importlib.import_module(f"genlab.apps.{command}").run(cfg, overrides, run_dir)


def tell(error: GenlabError | str) -> None:
    """A message for the user, on standard error and in the run's log."""
    from genlab.console import say

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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(trace, encoding="utf-8")
    print(f"failed: {last}\n    the traceback is in {path}", file=sys.stderr)  # noqa: T201
    return 1
