"""One trial of a sweep: ``python -m genlab.apps.sweep.trial FOLDER KEY [OVERRIDE …]``, as the engines start it.

KEY is the trial's key, or its position, from 1, as a Slurm array counts.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from genlab.apps.command.main import begin, finish, outcome
from genlab.rank_environment import is_rank_0
from genlab.sweeps.folder import SweepFolder

PARENT = "GENLAB_SWEEP_PID"  # of the process that waits for this one


def run(folder: Path, key: str, overrides: list[str]) -> NoReturn:
    """Train the trial in its place in the sweep's folder, and exit with the code of the run, which is stored too."""
    received = begin()
    sweep = SweepFolder(folder)
    trial = sweep.trial(key)
    leave_with_parent()
    if is_rank_0():
        sweep.write_code(trial, None)
    line = [*options(sweep), *trial.overrides, *overrides]
    code = outcome("train", line, sweep.run_of(trial).absolute())
    if is_rank_0():
        sweep.write_code(trial, code)
    finish(code, received)


def options(sweep: SweepFolder) -> list[str]:
    """The options of every trial."""
    folder = sweep.settings().get("config_dir")
    return ["--config-dir", folder] if folder else []


def leave_with_parent() -> None:
    """If the sweep that waits for this process is killed, save and end, as by SIGTERM."""
    if PARENT in os.environ:
        threading.Thread(target=watch, args=(int(os.environ.pop(PARENT)),), daemon=True).start()


def watch(parent: int) -> None:
    """Wait until the parent process is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
