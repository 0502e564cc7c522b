"""The engine that runs trials as jobs of Slurm: one array of all that are left, or one after another as ``bayes`` asks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from genlab.apps.sweep.local import python_path
from genlab.cluster.options import SlurmOptions
from genlab.cluster.sbatch import require_sbatch, submit
from genlab.cluster.script import TASK, batch_script
from genlab.console import say
from genlab.contracts import ConfigError, Problem
from genlab.files import replacing, write_json
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.trials import Trial

JOBS = "jobs.json"  # in the sweep's folder: the job of each trial that has been submitted
ASK = 5.0  # seconds between two questions to Slurm
GONE = -1  # exit code of a trial whose job has left the queue without one


class SlurmArray:
    """Submits trials, and follows them by the queue and by the exit codes that they leave in the sweep's folder.

    The jobs go on when this process ends; a later one finds them by ``jobs.json``.

    Args:
        parallel: jobs at a time; None: as many as the cluster allows.
        devices: processes of a trial on each node.
        one_by_one: each trial follows from the results so far, so that no more than ``parallel`` (by itself one) are
            submitted ahead; otherwise Slurm holds back those of one array.
    """

    outlives = True

    def __init__(
        self, folder: SweepFolder, options: SlurmOptions, parallel: int | None, devices: int, one_by_one: bool
    ) -> None:
        self.folder, self.options, self.parallel, self.devices = folder, options, parallel, devices
        self.one_by_one = one_by_one
        self.jobs: dict[str, str] = known(folder.path / JOBS)
        self.asked = 0.0
        queued = self.queued()
        trials = {trial.key: trial for trial in folder.trials()}
        self.running = {key: (trials[key], job) for key, job in self.jobs.items() if job in queued}

    @property
    def room(self) -> int:
        """How many more trials may be submitted."""
        return max(0, (self.parallel or 1) - len(self.running)) if self.one_by_one else sys.maxsize

    def write(self, trials: list[Trial]) -> Path:
        """Write the batch script of an array of these trials."""
        places = self.places()
        script = self.folder.path / "logs" / f"array_{len(self.jobs) + 1}.sh"
        with replacing(script) as file:
            file.write(self.script([places[trial.key] for trial in trials]))
        return script

    def places(self) -> dict[str, int]:
        """The position of each trial in the sweep, from 1: its number in every array."""
        return {trial.key: number for number, trial in enumerate(self.folder.trials(), 1)}

    def start(self, trials: list[Trial]) -> None:
        """Submit an array of these trials."""
        places = self.places()
        script = self.write(trials)
        for trial in trials:
            self.folder.write_code(trial, None)
        job = submit(script)
        say(f"slurm     job {job}: {len(trials)} cells; {script}")
        for trial in trials:
            self.jobs[trial.key] = f"{job}_{places[trial.key]}"
            self.running[trial.key] = trial, self.jobs[trial.key]
        write_json(self.folder.path / JOBS, self.jobs)
        self.asked = time.monotonic()  # the queue may take a moment to show them

    def script(self, places: list[int]) -> str:
        """The text of the batch script of an array with these numbers."""
        command = [self.options.interpreter, "-m", "genlab.apps.sweep.trial", str(self.folder.path), TASK]
        return batch_script(
            self.options,
            f"{self.folder.path.parent.name}-{self.folder.path.name}",
            log_folder=self.folder.path / "logs",
            command=command,
            tasks=self.options.tasks_per_node(self.devices),
            array=places,
            parallel=self.parallel,
            environment={"PYTHONPATH": python_path()},
        )

    def queued(self) -> set[str]:
        """The jobs of this sweep that wait or run.

        Raises:
            ConfigError: Slurm does not answer.
        """
        names = ",".join(sorted({job.partition("_")[0] for job in self.jobs.values()}))
        if not names:
            return set()
        done = subprocess.run(
            ["squeue", "--noheader", "--array", "--format=%F_%K", f"--jobs={names}"], capture_output=True, text=True
        )
        if done.returncode and "Invalid job id" not in done.stderr:
            raise ConfigError([Problem("squeue", " ".join(done.stderr.split()), "The jobs go on; try again later.")])
        return set(done.stdout.split())

    def ended(self) -> Iterator[tuple[Trial, int]]:
        """Trials that have ended since the last call, with their exit codes; ``GONE`` without one."""
        if not self.running or time.monotonic() - self.asked < ASK:
            return
        queued = self.queued()
        self.asked = time.monotonic()
        for key, (trial, job) in list(self.running.items()):
            if job not in queued:
                del self.running[key]
                code = self.folder.code_of(trial)
                yield trial, GONE if code is None else code

    def log_of(self, trial: Trial) -> Path:
        """What the trial's job has printed."""
        return self.folder.path / "logs" / f"{self.jobs[trial.key]}.out"

    def stop(self, trial: Trial) -> None:
        """Ask a trial to save and end."""
        subprocess.run(["scancel", "--signal=TERM", self.jobs[trial.key]], check=False)

    def kill(self) -> None:
        """Nothing: the jobs are Slurm's."""


def require_fitting(options: SlurmOptions, devices: int, nodes: int) -> None:
    """Refuse jobs that do not have what a trial asks for, and jobs where there is no Slurm.

    Raises:
        ConfigError: with what to type.
    """
    found = []
    if options.gpus and options.gpus != devices:
        what = f"a cell has trainer.devices={devices}"
        found.append(
            Problem(
                f"slurm.gpus={options.gpus}", what, f"Type: trainer.devices={options.gpus}, or slurm.gpus={devices}"
            )
        )
    if options.nodes != nodes:
        what = f"a cell has trainer.num_nodes={nodes}"
        found.append(Problem(f"slurm.nodes={options.nodes}", what, f"Type: trainer.num_nodes={options.nodes}"))
    if found:
        raise ConfigError(found)
    if not options.dry:
        require_sbatch()


def known(path: Path) -> dict[str, str]:
    """The jobs that an earlier process has submitted."""
    return json.loads(path.read_text()) if path.is_file() else {}
