"""Weights & Biases: on by default. What it refuses, and what breaks in it, is said in a line and never ends a training.

Lightning's own logger uses ``trainer/global_step`` as its x-axis and prompts for a key before it can go offline.
"""

from __future__ import annotations

import os
import shlex
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from lightning.pytorch.utilities import rank_zero_only

from genlab.config.types import WandbMode, WandbProject
from genlab.console import note, say
from genlab.rank_environment import is_rank_0
from genlab.runs import checkout, final_table
from genlab.runs.final_table import Row
from genlab.runs.loggers.record import Record
from genlab.runs.loggers.wandb_files import checkpoint_artifact, files_in, final_numbers, save, save_changes
from genlab.runs.loggers.wandb_mode import chosen_mode
from genlab.runs.loggers.wandb_pieces import mend, pieces
from genlab.runs.loggers.wandb_service import in_short, start_service, stop_service
from genlab.runs.wandb_agent import agents_run_id, apart_from_parameters
from genlab.signals import CODES

START = 30.0  # seconds that the server may take to accept a run
PREEMPTED = CODES["SIGUSR1"]
UPLOAD = 600.0  # seconds that the upload of a checkpoint may take
FINISH = 30.0  # seconds that the last upload may take; a job that is preempted hardly has more


class WandbLog(Record):
    """Metrics over batches, pictures and the resolved configuration; a run keeps its W&B id over all resumes.

    Args:
        project: the W&B project.
        entity: user or team; None for the account's own.
        mode: ``auto`` (as ``WANDB_MODE`` says; without it online where a key is configured and the server answers, else
            offline), ``online``, ``offline`` or ``disabled``.
        log_model: whether W&B gets the best checkpoint of a run that is done (the last one, if none is known as the best).
    """

    title: ClassVar[str] = "wandb"

    def __init__(self, project: WandbProject, entity: str | None, mode: WandbMode, log_model: bool) -> None:
        super().__init__()
        self.log_model = log_model
        self.project, self.entity, self.mode = project, entity, mode
        self.run: Any = None
        self.online = self.fallen = self.warned = False

    def open(self, folder: Path, run_id: str, name: str, config: dict[str, Any], tags: list[str], notes: str) -> None:
        """Start recording, on rank 0. ``run_id``: created once per run, so that a resume continues the same W&B run.

        ``WANDB_NAME`` replaces ``name``, ``WANDB_TAGS`` join ``tags``, and ``WANDB_NOTES`` are taken where there are none.
        In a sweep, project, entity and id are W&B's own, and ours would be refused.
        """
        if not is_rank_0():
            return
        self.folder = folder / "wandb"
        joined = [*tags, *os.environ.get("WANDB_TAGS", "").split(",")]
        self.given: dict[str, Any] = {
            **({} if agents_run_id() else self.named(run_id)),
            "name": os.environ.get("WANDB_NAME") or name,
            "dir": folder,
            "config": apart_from_parameters(config),
            "tags": [tag for tag in dict.fromkeys(map(str.strip, joined)) if tag],
            "notes": notes or None,
            "resume": "allow",
        }
        self.begin()

    def named(self, run_id: str) -> dict[str, str | None]:
        """Which run it is."""
        return {"project": self.project or None, "entity": self.entity or None, "id": run_id}

    def begin(self) -> None:
        """Record as configured, or offline if W&B refuses that."""
        mode, why = "disabled", "as asked"
        try:
            if self.mode != "disabled":
                if pieces(self.folder):
                    stop_service()  # of an earlier run in this process: it writes the last rows after the run's end
                mode, why = chosen_mode(self.mode, start_service(self.folder, self.warn))
            if mode != "disabled":
                self.record(mode)
        except Exception as error:
            self.fall_back(error)
            return
        where = self.run.url if mode == "online" else f"{mode} ({why})"
        say(f"W&B       {where}" + (f". {self.remedy()}" if mode == "offline" else ""))

    def record(self, mode: Any) -> None:
        """Create W&B's run, online or offline."""
        import wandb

        if mode == "offline":
            mend(self.folder)
        settings = wandb.Settings(init_timeout=START, finish_timeout=FINISH, console="off", disable_git=True)
        settings.git_commit, settings.git_remote_url = checkout.commit(), checkout.remote()
        run = wandb.init(mode=mode, settings=settings, **self.given)
        run.define_metric("*", step_metric="step")
        save_changes(run, self.folder.parent)
        self.run, self.online, self.files = run, mode == "online", Path(run.dir).parent

    def fall_back(self, error: Exception) -> None:
        """After ``error`` record offline, under the same id; if that fails, too, not at all."""
        note("".join(traceback.format_exception(error)))
        since, self.run = "" if self.run is None else " from here on", None
        stop_service()
        if self.fallen:
            say(f"W&B       not recorded{since} ({in_short(error)}). metrics.csv has every row.")
            return
        self.fallen = True
        try:
            start_service(self.folder, self.warn)
            self.record("offline")
        except Exception as second:
            self.fall_back(second)
        else:
            say(f"W&B       offline{since} ({in_short(error)}). {self.remedy()}")

    def remedy(self) -> str:
        """What uploads all pieces that were recorded offline; again, it uploads only new ones."""
        return f"Upload later: wandb sync {shlex.quote(str(self.folder))}"

    def warn(self, text: str) -> None:
        """Say W&B's first warning on a run; ``log.txt`` has those that follow from it. Called on any thread."""
        if self.run is None or self.warned:
            return
        self.warned = True
        again = f" Upload it again: wandb sync --include-online {shlex.quote(str(self.files))}" if self.online else ""
        say(f"W&B       warns: {text}{again}")

    def tell(self, words: Callable[[Any], object]) -> None:
        """Call ``words(run)``: whatever W&B raises moves its record offline or ends it, but not the training."""
        while self.run is not None:
            try:
                words(self.run)
            except Exception as error:
                self.fall_back(error)
            else:
                return

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Log a row with ``step`` as a column: W&B drops rows whose internal step decreases, as after a resume."""
        self.tell(lambda run: run.log({**metrics, "step": step}))

    @rank_zero_only
    def log_picture(self, name: str, path: Path, step: int) -> None:
        """Log a picture file."""

        def show(run: Any) -> None:
            import wandb

            run.log({f"images/{name}": wandb.Image(str(path)), "step": step})

        self.tell(show)

    @rank_zero_only
    def log_sound(self, name: str, path: Path, step: int) -> None:
        """Log a sound file, which gets a player."""

        def play(run: Any) -> None:
            import wandb

            run.log({f"sounds/{name}": wandb.Audio(str(path), caption=path.stem), "step": step})

        self.tell(play)

    @rank_zero_only
    def log_alert(self, name: str, text: str) -> None:
        """Send an alert, by mail or Slack as the account says; recorded offline it is sent with the rest."""
        self.tell(lambda run: run.alert(name, text, level="WARN"))

    @rank_zero_only
    def log_table(self, rows: list[Row], step: int) -> None:
        """Log the final numbers, as the CSV file and as a table."""

        def show(run: Any) -> None:
            save(run, self.folder.parent / final_table.FILE)
            with files_in(self.folder):
                run.log({final_table.NAME: final_numbers(rows), "step": step})

        self.add("the table of the final numbers, which is tables/metrics.csv", show)

    @rank_zero_only
    def log_checkpoint(self, path: Path, aliases: list[str], metadata: dict[str, Any]) -> None:
        """Keep the checkpoint as an artifact, if that is asked for; where W&B is online wait for it to get there."""

        def upload(run: Any) -> None:
            with files_in(self.folder):
                artifact = checkpoint_artifact(run, path, metadata)
                run.log_artifact(artifact, aliases=aliases)
            if self.online and not self.fallen:
                artifact.wait(timeout=UPLOAD)

        if self.log_model:
            self.add(f"the checkpoint, which is {path}", upload)

    def add(self, what: str, words: Callable[[Any], object]) -> None:
        """Call ``words(run)``: a failure is said, and leaves the rest of the record as it is."""

        def attempt(run: Any) -> None:
            try:
                words(run)
            except ConnectionError:  # its service has died, and starts anew
                raise
            except Exception as error:
                note("".join(traceback.format_exception(error)))
                say(f"W&B       without {what} ({in_short(error)})")

        self.tell(attempt)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Do nothing yet: the test's metrics come after fit."""

    def close(self, summary: dict[str, Any], exit_code: int) -> None:
        """Upload the final metrics and finish the run; of a sweep, one that is pre-empted is given to an agent again."""

        def finish(run: Any) -> None:
            if exit_code == PREEMPTED:
                run.mark_preempting()
            run.summary.update(summary)
            run.finish(exit_code=exit_code)

        self.tell(finish)
        self.run = None
