"""What a run says of itself: its summary, its configuration, and the command that made it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from omegaconf import OmegaConf

from genlab.apps.doctor.finding import Finding, set_aside
from genlab.config import renamed
from genlab.config.check import check
from genlab.config.hints import Hints
from genlab.config.mistakes import Mistake
from genlab.config.overrides import read
from genlab.config.rules import crossed
from genlab.config.searchpath import reach
from genlab.config.words import in_words
from genlab.contracts import CheckpointError, ConfigError, Problem
from genlab.files import replacing
from genlab.runs.directory import CONFIG, OVERRIDES, RunDirectory
from genlab.runs.ended import again, reason_in
from genlab.runs.find import checkpoint_of
from genlab.runs.heartbeat import State, last_sign
from genlab.runs.summary import ERROR, FAILED, FINISHED, HEARTBEAT, NAME, Summary, read_summary


def summary(run: Path, values: dict[str, Any] | None, state: str) -> Iterator[Finding]:
    """Faults of ``summary.json``. ``values``: its content, None if it cannot be read."""
    begins = f"resume=auto run_id={run.name} begins the run again"
    if values is None:
        what = "cannot be read" if (run / NAME).exists() else "missing"
        if checkpoint_of(RunDirectory(run), None) is None:
            mend = (lambda: set_aside(run, run / NAME)) if (run / NAME).exists() else None
            yield Finding(run, NAME, f"{what}, and there is no checkpoint", begins, mend)
        else:
            yield Finding(
                run, NAME, what, "Make it anew from the last checkpoint: repair=true", lambda: anew(run, NAME)
            )
        return
    status, goes_on = values.get("status"), f"Continue: resume=auto run_id={run.name}"
    if state == "stale":
        alive = f" {last_sign(values)}" if values.get(HEARTBEAT) else ""
        what = f"says running, and the process is dead{f' (alive{alive})' if alive else ''}"
        yield Finding(run, NAME, what, goes_on, lambda: interrupted(run))
    elif status not in get_args(State):
        yield Finding(run, NAME, f"its status is {status!r}", goes_on, lambda: interrupted(run))
    elif status == FAILED or values.get(ERROR):
        yield failure(run, str(status))


def failure(run: Path, status: str) -> Finding:
    """That a run has failed, or has finished with something left undone, and why; it is for the user to go on."""
    saved = checkpoint_of(RunDirectory(run), None) is not None
    remedy = "Go on from its last checkpoint" if saved else "It has no checkpoint. Train it again"
    return Finding(run, NAME, f"the run {status}: {reason_in(run)}", f"{remedy}: {again(run)}")


def wandb_id(run: Path, plain: dict[str, Any], values: dict[str, Any]) -> Iterator[Finding]:
    """Whether a run that W&B records, and that was trained, knows under which id."""
    recorded = "wandb" in (plain.get("logger") or {}) and checkpoint_of(RunDirectory(run), None) is not None
    if recorded and not values.get("wandb_id"):
        remedy = "A resume would begin another W&B run; its own id is in the checkpoint: repair=true"
        yield Finding(run, NAME, "has no wandb_id", remedy, lambda: anew(run, "wandb_id"))


def configuration(run: Path, plain: dict[str, Any] | None, state: str, trust: list[str]) -> Iterator[Finding]:
    """Faults of ``config.yaml``, also against today's code. ``plain``: its content, None if it cannot be read."""
    if plain is None:
        what = "cannot be read" if (run / CONFIG).exists() else "missing"
        kept = checkpoint_of(RunDirectory(run), None) is not None
        remedy = "Take it from the last checkpoint: repair=true" if kept else "Start a new run"
        yield Finding(run, CONFIG, what, remedy, (lambda: anew(run, CONFIG)) if kept else None)
        return
    today = renamed.configuration(plain)
    if renamed.is_old(plain) and state != FINISHED:
        remedy = f"resume= refuses it. Start a new run from its weights: init_from={run}"
        yield Finding(run, CONFIG, "of an earlier release, whose optimisers lie in another order", remedy)
    elif today != plain and not renamed.is_old(plain):
        remedy = "They are still read, for one release. Write today's: repair=true"
        yield Finding(run, CONFIG, "has keys or code of earlier names", remedy, lambda: rewrite(run, today))
    for problem in problems_of(today, trust):
        yield Finding(run, CONFIG, f"{problem.where}: {problem.what}", problem.remedy)


def problems_of(plain: dict[str, Any], trust: list[str]) -> list[Problem]:
    """What today's code would refuse of a configuration."""
    trusted = [*(plain.get("trust") or []), *trust]
    reach(trusted, None)
    found: list[Mistake | Problem] = list(check(OmegaConf.create(plain), "train", trusted))
    return in_words(found or crossed(plain), Hints("train"))


def overrides(run: Path, deep: bool) -> Iterator[Finding]:
    """Faults of ``overrides.txt``; ``deep``: also whether today's configuration files still compose to it."""
    try:
        lines = (run / OVERRIDES).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        what = "cannot be read" if (run / OVERRIDES).exists() else "missing"
        yield Finding(run, OVERRIDES, what, f"resume=PATH needs it. Continue: resume=auto run_id={run.name} …")
        return
    mistakes = in_words(read(lines)[1], Hints("train"))
    for problem in mistakes:
        yield Finding(run, OVERRIDES, f"{problem.where}: {problem.what}", problem.remedy)
    if deep and not mistakes:
        from genlab.runs.continued import own_composed

        try:
            own_composed(run, None, "train")
        except (ConfigError, CheckpointError) as error:
            first = (
                error.problems[0] if isinstance(error, ConfigError) and error.problems else Problem("", str(error), "")
            )
            yield Finding(run, OVERRIDES, first.what, first.remedy)


def interrupted(run: Path) -> str:
    """Correct the status of a run that died."""
    Summary(run / NAME).update(status="interrupted")
    return "status=interrupted"


def rewrite(run: Path, today: dict[str, Any]) -> str:
    """Set ``config.yaml`` aside, and write it with today's names."""
    done = set_aside(run, run / CONFIG)
    with replacing(run / CONFIG) as file:
        file.write(OmegaConf.to_yaml(OmegaConf.create(today)))
    return f"{done}; written with today's names"


def anew(run: Path, what: str) -> str:
    """Make ``summary.json``, the W&B id in it, or ``config.yaml`` from the last checkpoint."""
    from genlab.apps.doctor.from_checkpoint import kept_by, summary_of

    kept = kept_by(run)
    if what == "wandb_id":
        Summary(run / NAME).update(wandb_id=kept["genlab"]["wandb_id"])
        return "wandb_id is that of the checkpoint"
    done = f"{set_aside(run, run / what)}; " if (run / what).exists() else ""
    if what == NAME:
        Summary(run / NAME).update(**summary_of(run, kept))
    else:
        with replacing(run / CONFIG) as file:
            file.write(OmegaConf.to_yaml(OmegaConf.create(kept["genlab"]["config"])))
    return f"{done}made from the last checkpoint"


def read_or_none(run: Path) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The summary and the configuration; None for what cannot be read."""
    found: list[dict[str, Any] | None] = []
    for reader in (lambda: read_summary(run / NAME), RunDirectory(run).configuration):
        try:
            found.append(reader())
        except CheckpointError:
            found.append(None)
    return found[0], found[1]
