"""W&B as the engine of a sweep: its server chooses the values, and ``wandb agent`` starts a run for each, wherever one runs."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
from pathlib import Path
from typing import Any

import yaml

from genlab.console import say
from genlab.contracts import ConfigError, GenlabError, Problem
from genlab.runs.loggers.wandb_mode import answers, has_key
from genlab.runs.loggers.wandb_service import in_short, start_service

PROJECT = "genlab"  # as in conf/logger/wandb.yaml
ONE = ("wandb", "agent", "-f", "--count", "1")  # -f: with the signals that it gets
PREEMPTED = """trap 'code=75; kill -USR1 $!' USR1
{agent} &
while kill -0 $! 2>/dev/null; do wait $!; done
exit ${{code:-0}}"""


def register(path: Path, project: str | None, entity: str | None) -> str:
    """Register a sweep file at W&B; returns ENTITY/PROJECT/ID.

    Args:
        path: the file, which has been checked.
        project: at W&B; None for ``WANDB_PROJECT``, else the file's own, else ``genlab``.
        entity: user or team; None for ``WANDB_ENTITY``, else the file's own, else the account's.

    Raises:
        ConfigError: there is no login, or no server.
        GenlabError: the server refuses the file.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    project = project or os.environ.get("WANDB_PROJECT") or content.get("project") or PROJECT
    entity = entity or os.environ.get("WANDB_ENTITY") or content.get("entity")
    require_login(path, start_service(Path("wandb").absolute(), lambda text: say(f"W&B       warns: {text}")))
    import wandb

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints the id and the page
            name = wandb.sweep(content, project=project, entity=entity)
        account = entity or wandb.Api().default_entity
    except Exception as error:
        raise GenlabError(f"W&B does not take {path}: {in_short(error)}") from error
    return f"{account}/{project}/{name}"


def require_login(path: Path, settings: Any) -> None:
    """Refuse what W&B would ask for.

    Raises:
        ConfigError: with what to type.
    """
    here = f"Without W&B: python src/sweep.py {shlex.quote(str(path))}"
    if not has_key(settings):
        raise ConfigError([Problem("engine=wandb", "no key for W&B", f"Type: wandb login. {here}")])
    if not answers(settings.base_url):
        raise ConfigError([Problem("engine=wandb", f"{settings.base_url} does not answer", here)])


def agent_command(sweep_id: str) -> str:
    """The line that starts an agent: it takes one cell after another until there is none left."""
    return f"wandb agent -f {shlex.quote(sweep_id)}"


def array_command(sweep_id: str) -> list[str]:
    """The command of each job of an array: an agent for one cell.

    It leaves with 75 where the job is to be requeued: SIGUSR1 has stopped the cell, which the server then gives to the
    next agent that asks. The agent itself would leave with 0.
    """
    return ["bash", "-c", PREEMPTED.format(agent=shlex.join([*ONE, sweep_id]))]


def next_steps(sweep_id: str) -> str:
    """What is printed after registering."""
    return (
        f"W&B       sweep {sweep_id}\n"
        f"next      {agent_command(sweep_id)}\n"
        "          in this folder, with the environment active; several at once, on any machine that has the data"
    )
