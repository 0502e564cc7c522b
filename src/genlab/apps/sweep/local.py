"""The engine that runs trials as processes on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from genlab import cores
from genlab.apps.sweep.trial import PARENT
from genlab.cluster.preflight import visible_gpus
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.trials import Trial

ROOM = Path(__file__).resolve().parents[3]  # the folder of the package, for trials of a clone that is not installed
EACH = 4  # cores for one worker


class Local:
    """Runs up to ``workers`` trials at a time, each with GPUs of its own where there are any.

    Args:
        devices: GPUs that a trial takes.
        threads: of each trial; None: as many as the trial's configuration says.
    """

    outlives = False

    def __init__(self, folder: SweepFolder, workers: int, devices: int, threads: int | None) -> None:
        self.folder, self.workers, self.threads = folder, workers, threads
        self.shares = shares_of(gpus(), devices, workers)
        self.running: dict[str, tuple[Trial, subprocess.Popen[bytes], int]] = {}  # by key; the last is the worker

    @property
    def room(self) -> int:
        """How many more trials can start."""
        return self.workers - len(self.running)

    def start(self, trials: list[Trial]) -> None:
        """Start trials."""
        for trial in trials:
            self.start_one(trial)

    def start_one(self, trial: Trial) -> None:
        """Start a trial."""
        worker = min(set(range(self.workers)) - {taken for _, _, taken in self.running.values()})
        command = [sys.executable, "-m", "genlab.apps.sweep.trial", str(self.folder.path), trial.key]
        command += [] if self.threads is None else [f"performance.threads={self.threads}"]
        with open(self.folder.log_of(trial), "ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(worker),
                start_new_session=True,  # Ctrl-C reaches the sweep, which passes it on once
            )  # fmt: skip
        self.running[trial.key] = trial, process, worker

    def environment(self, worker: int) -> dict[str, str]:
        """The environment variables of a worker's trials."""
        share = self.shares[worker]
        visible = {} if share is None else {"CUDA_VISIBLE_DEVICES": ",".join(share)}
        return {**os.environ, "PYTHONPATH": python_path(), PARENT: str(os.getpid()), **visible}

    def ended(self) -> Iterator[tuple[Trial, int]]:
        """Cells that have ended since the last call, with their exit codes; negative if a signal has killed one."""
        for key, (trial, process, _) in list(self.running.items()):
            if (code := process.poll()) is not None:
                del self.running[key]
                yield trial, code

    def log_of(self, trial: Trial) -> Path:
        """What the trial has printed."""
        return self.folder.log_of(trial)

    def stop(self, trial: Trial) -> None:
        """Ask a trial to save and end."""
        signal_group(self.running[trial.key][1], signal.SIGTERM)

    def kill(self) -> None:
        """End all trials at once."""
        for _, process, _ in self.running.values():
            signal_group(process, signal.SIGKILL)
            process.wait()


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a trial; a kill also to the processes that it has started."""
    if process.poll() is not None:
        return
    if number == signal.SIGKILL and hasattr(os, "killpg"):
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)


def gpus() -> list[str]:
    """The NVIDIA GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    return visible_gpus(os.environ) or []


def python_path() -> str:
    """The ``PYTHONPATH`` of trials: the package's folder first."""
    return os.pathsep.join(filter(None, [str(ROOM), os.environ.get("PYTHONPATH")]))


def shares_of(available: list[str], devices: int, workers: int) -> list[list[str] | None]:
    """The GPUs of each worker: ``devices`` each, in turn, where there are enough of them for one worker."""
    places = [available[i : i + devices] for i in range(0, len(available) - devices + 1, devices)]
    return [places[worker % len(places)] if places else None for worker in range(workers)]


def usual_workers(devices: int) -> int:
    """Cells at a time where it is not said: one for each ``devices`` GPUs, or without GPUs for every ``EACH`` cores."""
    return max(1, len(gpus()) // devices if gpus() else cores.usable() // (EACH * devices))
