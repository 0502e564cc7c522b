"""Whether a process inside a Slurm job is one of those that its command asks for, looked at before torch is imported.

Three of the mistakes would not be errors by themselves: too few tasks train with fewer processes than were asked for, tasks
that do not know of each other train the same run side by side, and a start without srun waits for the others for ever.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from genlab.contracts import ConfigError
from genlab.files import obstacle
from genlab.rank_environment import is_rank_0
from genlab.runs.summary import NAME, WAITING, read_summary

RUN = "GENLAB_SUBMITTED"  # the run directory that was made when the job was submitted
SEEN = "GENLAB_SEEN"  # folders that were there then, and that the command reads
SIZE = "GENLAB_CHECKPOINT_BYTES"  # about that of one checkpoint
USUAL = 100 * 2**20  # bytes of a checkpoint of which nothing is known
OWN_LAUNCHER = ("bash", "interactive")  # names of jobs in which Lightning starts the processes, and not Slurm

Environment = Mapping[str, str]


class Row(NamedTuple):
    """What does not fit: what it is, what is here, what is needed, and what to do."""

    what: str
    here: str
    needed: str
    remedy: str


def preflight(cfg: DictConfig, environment: Environment = os.environ) -> None:
    """Refuse a training that this job cannot run as it was asked for; outside of Slurm nothing is looked at.

    Raises:
        ConfigError: one table with everything that does not fit.
    """
    if "SLURM_JOB_ID" not in environment:
        return
    trainer: Any = OmegaConf.to_container(cfg.trainer, resolve=True)
    rows = [*tasks(environment, trainer), *gpus(environment, trainer, gpus_here(environment))]
    if is_rank_0():
        rows += [*folders(environment, Path(cfg.paths.runs).expanduser()), *begun(environment)]
    if rows:
        place = f"job {environment['SLURM_JOB_ID']} on {environment.get('SLURMD_NODENAME', 'this node')}"
        raise ConfigError(f"{place} does not fit this command; nothing was started\n{table(rows)}")


def table(rows: list[Row]) -> str:
    """The rows as aligned columns."""
    lines = [("", "here", "needed", "what to do"), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    padded = ([*(text.ljust(width) for text, width in zip(line[:3], widths, strict=True)), line[3]] for line in lines)
    return "\n".join(f"    {'   '.join(columns)}".rstrip() for columns in padded)


# ---- tasks, devices, GPUs -------------------------------------------------------------------------------------------


def tasks(environment: Environment, trainer: dict[str, Any]) -> Iterator[Row]:
    """Tasks of a step, or the lack of one, against ``trainer.devices`` and ``trainer.num_nodes``."""
    devices, nodes = count_of(trainer["devices"]), trainer["num_nodes"]
    if "SLURM_STEP_ID" not in environment:
        yield from without_srun(environment, devices, nodes)
        return
    there = int(environment.get("SLURM_STEP_NUM_NODES", environment.get("SLURM_NNODES", "1")))
    number = int(environment.get("SLURM_STEP_NUM_TASKS", environment.get("SLURM_NTASKS", "1")))
    if there != nodes:
        yield Row(
            "nodes", f"{there}", f"{nodes} (trainer.num_nodes)", f"srun --nodes={nodes}, or trainer.num_nodes={there}"
        )
    if devices is None:
        return
    each = number // there
    if number != devices * there:
        remedy = f"srun --ntasks-per-node={devices}, or trainer.devices={each}"
        yield Row("tasks of a node", f"{each}", f"{devices} (trainer.devices)", remedy)
    elif number > 1 and environment.get("SLURM_NTASKS_PER_NODE", "") != str(each):
        here = environment.get("SLURM_NTASKS_PER_NODE", "not said")
        yield Row("SLURM_NTASKS_PER_NODE", here, f"{each}", f"srun --ntasks-per-node={each} (not --ntasks)")


def without_srun(environment: Environment, devices: int | None, nodes: int) -> Iterator[Row]:
    """A command that stands in a batch script, or in a shell of the job, by itself."""
    number = environment.get("SLURM_NTASKS", "")
    if not number or environment.get("SLURM_JOB_NAME") in OWN_LAUNCHER:
        return  # Lightning starts the processes itself
    if int(number) > 1 or (devices or 1) * nodes > 1:
        wanted = f"srun --nodes={nodes} --ntasks-per-node={devices or '…'}"
        yield Row("started by", "itself, without srun", f"srun, {number} tasks", f"Put before it: {wanted}")


def count_of(devices: Any) -> int | None:
    """How many devices of a node are asked for; None: as many as there are."""
    if isinstance(devices, str) and "," in devices:
        return len(devices.split(","))
    if isinstance(devices, list):
        return len(devices)
    return None if str(devices) in ("auto", "-1") else int(devices)


def gpus(environment: Environment, trainer: dict[str, Any], here: int | None) -> Iterator[Row]:
    """GPUs that this process sees against those that its node is to use. ``here``: None if it is not known."""
    kind, asked = trainer["accelerator"], count_of(trainer["devices"])
    if kind not in ("auto", "gpu", "cuda") or here is None or (kind == "auto" and not here):
        return
    number = environment.get("SLURM_NTASKS_PER_NODE", "")
    wanted = asked or (int(number) if number.isdigit() and "SLURM_STEP_ID" in environment else 1)
    if here < wanted:
        remedy = f"sbatch --gres=gpu:{wanted} (not --gpus-per-task, which shows each task only its own)"
        yield Row("GPUs that this task sees", f"{here}", f"{wanted} (trainer.devices)", remedy)


def gpus_here(environment: Environment, devices: Path = Path("/dev")) -> int | None:
    """How many NVIDIA GPUs this process may use; None where there are others."""
    found = visible_gpus(environment, devices)
    return None if found is None else len(found)


def visible_gpus(environment: Environment, devices: Path = Path("/dev")) -> list[str] | None:
    """Their names, as ``CUDA_VISIBLE_DEVICES`` has them; None where there are GPUs of another kind."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [word.strip() for word in visible.split(",") if word.strip() not in ("", "-1", "NoDevFiles")]
    if (devices / "kfd").exists():
        return None
    return sorted(
        (path.name.removeprefix("nvidia") for path in devices.glob("nvidia[0-9]*")), key=lambda n: (len(n), n)
    )


# ---- folders --------------------------------------------------------------------------------------------------------


def folders(environment: Environment, runs: Path) -> Iterator[Row]:
    """The run directory, what was read when the job was submitted, and the room for checkpoints."""
    run = Path(environment.get(RUN) or runs)
    if RUN in environment and not run.is_dir():
        yield Row("run directory", "is not there", f"{run}", "paths.runs=DIR that the node sees too")
        return
    if reason := obstacle(run):
        yield Row("run directory", reason, f"{run}, to be written", "paths.runs=DIR that the node can write")
    else:
        yield from room(environment, run)
    for folder in filter(None, environment.get(SEEN, "").split(os.pathsep)):
        if not os.path.isdir(folder):
            yield Row("data", "is not there", folder, "paths.data=DIR, paths.cache=DIR that the node sees too")


def room(environment: Environment, run: Path) -> Iterator[Row]:
    """Three checkpoints: the last, the one before, and the one that is being written."""
    last = run / "checkpoints" / "last.ckpt"
    size = last.stat().st_size if last.is_file() else int(environment.get(SIZE, USUAL))
    place = next(place for place in (run.absolute(), *run.absolute().parents) if place.exists())
    free = shutil.disk_usage(place).free
    if free < 3 * size:
        needed = f"{3 * size / 2**20:,.0f} MiB (three checkpoints)"
        yield Row("free disk", f"{free / 2**20:,.0f} MiB at {place}", needed, "Make room, or paths.runs=DIR")


def begun(environment: Environment) -> Iterator[Row]:
    """A run that waits for its job may be begun by it; one that has begun is taken up only by a job that Slurm restarts."""
    run, restarts = environment.get(RUN), environment.get("SLURM_RESTART_COUNT", "0")
    if run is None or restarts != "0" or not (summary := Path(run) / NAME).is_file():
        return
    status = read_summary(summary).get("status")
    if status != WAITING:
        yield Row("run", f"{status}", "not begun", f"To go on with it: python src/submit.py resume={run}")
