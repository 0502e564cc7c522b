"""``engine=wandb``: the sweep is registered at W&B, whose agents run the cells, here or as an array of Slurm."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.which import created
from genlab.cluster.options import SlurmOptions
from genlab.cluster.script import batch_script
from genlab.config.build import build
from genlab.config.keys import root_of
from genlab.console import say
from genlab.contracts import ConfigError, Problem
from genlab.files import replacing
from genlab.sweeps.wandb_engine import array_command, next_steps, register

USUAL = 10  # jobs of an array of agents, where the file says no number of cells


def require_plain(cfg: DictConfig, choice: Choice, settings: dict[str, object]) -> None:
    """Refuse what an agent would not know: it runs the file as it stands.

    Raises:
        ConfigError: with all of it.
    """
    remedy = "Write it into the file, or leave engine=wandb out."
    found = [Problem(str(text), "W&B's agents run the file as it stands", remedy) for text in typed(settings)]
    if cfg.replicates > 1:
        found.append(Problem(f"replicates={cfg.replicates}", "a sweep of W&B has none", "Vary seed in the file."))
    for name in choice.file.nested:
        what = "stands below another parameter, which W&B's agents pass as one, and train.py cannot read"
        found.append(Problem(name, what, f"Write its whole name: {name}: {{values: [...]}}"))
    if found:
        raise ConfigError(found)


def typed(settings: dict[str, object]) -> list[str]:
    """The overrides of cells that were typed; where the runs lie is for each agent's own machine."""
    overrides = settings["overrides"]
    assert isinstance(overrides, list)
    return [text for text in overrides if root_of(text) not in ("paths", "trust")]


def start_agents(cfg: DictConfig, overrides: list[str], choice: Choice, settings: dict[str, object]) -> int:
    """Register the sweep and say how its agents are started; returns 0.

    Raises:
        ConfigError: there is no login, or no server.
        GenlabError: the server refuses the file.
    """
    sweep_id = register(choice.file.path, choice.file.project, choice.file.entity)
    for line in next_steps(sweep_id).splitlines():
        say(line)
    if shutil.which("sbatch") or any(root_of(text) == "slurm" for text in overrides):
        script = array_of_agents(cfg, choice, settings, sweep_id)
        say(f"on Slurm  sbatch {shlex.quote(str(script))}")
    return 0


def array_of_agents(cfg: DictConfig, choice: Choice, settings: dict[str, object], sweep_id: str) -> Path:
    """Write the batch script of an array, each job of which is an agent for one cell."""
    options: SlurmOptions = build(cfg.slurm, cfg.trust)
    folder = created(cfg, settings, choice.file.text)
    count = len(choice.settings()) or choice.cap or USUAL
    script = folder.path / "agents.sh"
    with replacing(script) as file:
        file.write(
            batch_script(
                options,
                folder.path.parent.name,
                log_folder=folder.path / "logs",
                command=array_command(sweep_id),
                array=range(1, count + 1),
                parallel=None if cfg.workers == "auto" else cfg.workers,
            )
        )
    return script
