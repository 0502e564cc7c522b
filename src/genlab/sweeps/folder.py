"""The folder of a sweep: its file as given, its settings, its trials, and what has become of each.

``runs/sweeps/<name>/<stamp>/``:

=====================  ==============================================================================================
``sweep.yaml``         the file as given
``sweep.json``         what was typed beside it
``trials.jsonl``       the checked trials, in the order in which they were chosen: one line a run
``<trial>/``           the run directory of each
``logs/<trial>.txt``   what it has printed; ``<trial>.code``: its last exit code
``pruned.json``        the trials that ``early_terminate`` has ended
``tables/cells.csv``   the table of cells, kept true while the sweep runs
=====================  ==============================================================================================
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from genlab.contracts import ConfigError, Problem
from genlab.files import read_record, replacing, write_json
from genlab.runs.heartbeat import LOCK, state_of
from genlab.runs.summary import FINISHED, RUNNING, read_summary
from genlab.runs.summary import NAME as SUMMARY
from genlab.sweeps.rows import Row, State
from genlab.sweeps.trials import Trial

FILE, SETTINGS, TRIALS, PRUNED = "sweep.yaml", "sweep.json", "trials.jsonl", "pruned.json"
PREEMPTED = 75  # exit code of a run that has been saved and is to go on
REMEDY = "Start the sweep anew"


class SweepFolder:
    """A sweep on the disk. All states are read from the files that the runs write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = FileLock(path / LOCK)

    # ---- written by the sweep --------------------------------------------------------------------------------------

    def begin(self, text: str, settings: dict[str, Any]) -> None:
        """Write the file as given and the settings."""
        (self.path / "logs").mkdir(exist_ok=True)
        with replacing(self.path / FILE) as file:
            file.write(text)
        self.write_settings(settings)

    def write_settings(self, settings: dict[str, Any]) -> None:
        """Write what was typed beside the file."""
        write_json(self.path / SETTINGS, settings)

    def append(self, trials: Iterable[Trial]) -> None:
        """Add checked trials, behind the last whole line. Each line is on the disk before its run starts."""
        self.mend()
        with open(self.path / TRIALS, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(trial.plain()) + "\n" for trial in trials)
            file.flush()
            os.fsync(file.fileno())

    def mend(self) -> None:
        """Remove a last line that a kill has cut; for the one process that holds the sweep: others may meet it half written."""
        whole, cut = self.lines()
        if cut:
            with replacing(self.path / TRIALS) as file:
                file.writelines(f"{line}\n" for line in whole)

    def prune(self, trial: Trial) -> None:
        """Remember that ``early_terminate`` has ended the trial."""
        write_json(self.path / PRUNED, sorted({*self.pruned(), trial.key}))

    # ---- read ------------------------------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """What was typed beside the file.

        Raises:
            CheckpointError: the record is cut or missing.
        """
        return read_record(self.path / SETTINGS, REMEDY)

    def trials(self) -> list[Trial]:
        """The trials so far, without a last line that is cut."""
        return [Trial.from_plain(json.loads(line)) for line in self.lines()[0]]

    def lines(self) -> tuple[list[str], str]:
        """The whole lines of the file of trials, and what stands behind the last of them."""
        path = self.path / TRIALS
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        whole, _, cut = text.rpartition("\n")
        return whole.splitlines(), cut

    def trial(self, key: str) -> Trial:
        """The trial of a name, or of a position from 1, as a Slurm array counts."""
        trials = self.trials()
        named = {trial.key: trial for trial in trials}
        return named[key] if key in named else trials[int(key) - 1]

    def pruned(self) -> set[str]:
        """The keys of the pruned trials."""
        path = self.path / PRUNED
        return set(json.loads(path.read_text())) if path.is_file() else set()

    def run_of(self, trial: Trial) -> Path:
        """The trial's run directory."""
        return self.path / trial.key

    def log_of(self, trial: Trial) -> Path:
        """The file with what the trial has printed."""
        return self.path / "logs" / f"{trial.key}.txt"

    def code_of(self, trial: Trial) -> int | None:
        """The trial's last exit code; None if it has not ended (or was killed)."""
        path = self.log_of(trial).with_suffix(".code")
        return int(path.read_text()) if path.is_file() else None

    def write_code(self, trial: Trial, code: int | None) -> None:
        """Store the trial's exit code; None: it is starting."""
        path = self.log_of(trial).with_suffix(".code")
        if code is None:
            path.unlink(missing_ok=True)
        else:
            with replacing(path) as file:
                file.write(f"{code}\n")

    def summary(self, trial: Trial) -> dict[str, Any]:
        """The run's ``summary.json``; empty if there is none yet."""
        path = self.run_of(trial) / SUMMARY
        return read_summary(path) if path.is_file() else {}

    def state(self, trial: Trial, summary: dict[str, Any] | None = None) -> State:
        """What has become of the trial, by its summary and its exit code; ``interrupted`` also if it was killed."""
        status = (self.summary(trial) if summary is None else summary).get("status", "waiting")
        if status != FINISHED and trial.key in self.pruned():
            return "pruned"
        if status in ("waiting", RUNNING) and self.code_of(trial) not in (None, 0, PREEMPTED):
            return "failed"
        return "interrupted" if status == RUNNING and state_of(self.run_of(trial)) == "stale" else status

    def rows(self) -> list[Row]:
        """What has become of each trial."""
        return [self.row(trial) for trial in self.trials()]

    def row(self, trial: Trial) -> Row:
        """What has become of one trial."""
        found = self.summary(trial)
        return Row(
            number=trial.number,
            values=trial.values,
            replicate=trial.replicate,
            seed=trial.seed,
            state=self.state(trial, found),
            metrics=found.get("metrics", {}),
            path=trial.key,
            seconds=found.get("seconds"),
            ended=self.ended(trial),
        )

    def ended(self, trial: Trial) -> float | None:
        """When the trial left its exit code; None if it has not, or is running again."""
        path = self.log_of(trial).with_suffix(".code")
        return path.stat().st_mtime if path.is_file() else None

    # ---- one process at a time -------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Acquire the lock.

        Raises:
            ConfigError: another process runs this sweep.
        """
        try:
            self.lock.acquire(timeout=0)
        except Timeout:
            what = "another process runs this sweep"
            raise ConfigError([Problem(str(self.path), what, "Wait for it, or stop it.")]) from None

    def release(self) -> None:
        """Release the lock."""
        self.lock.release()
