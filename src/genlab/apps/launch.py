"""Handing a checked configuration to its command, and telling the user what went wrong."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from genlab.contracts import ConfigError, GenlabError


def execute(command: str, cfg: Any, overrides: list[str], run_dir: Path | None = None) -> int:
    """Import what the command needs, and hand over. ``run_dir``: where a multirun wants the run."""
    return importlib.import_module(f"genlab.apps.{command}").run(cfg, overrides, run_dir)


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
