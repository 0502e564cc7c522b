"""The rank and the run directory of this process, whether started by Lightning, torchrun or srun.

Lightning starts the other ranks from rank 0, and they inherit the run directory in the environment. torchrun and srun
start all ranks at once: rank 0 writes the run directory to a file in the folder of runs, and the other ranks wait for it.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from genlab.contracts import GenlabError
from genlab.files import replacing

RUN_DIR = "GENLAB_RUN_DIR"  # the directory that rank 0 has made, in the environment
SIGNS = ".ranks"  # in the run directory while it is trained: genlab.cluster.ranks
AGAIN = "GENLAB_AGAIN"  # the file that asks the batch script to put its job back, in the environment
BEGUN = time.time()
EARLIER = 60.0  # seconds by which rank 0 may have begun before this process; older notes are of another launch
PATIENCE = 3600.0  # rank 0 may have to download and decode a data set first


def is_rank_0() -> bool:
    """Whether this process writes the run's files."""
    return rank_name() == "0"


def rank_name() -> str:
    """The number of this rank; for ranks started by Lightning on other nodes, node and local rank: ``1.0``."""
    if launcher() in ("torchrun", "srun"):
        return os.environ["RANK" if launcher() == "torchrun" else "SLURM_PROCID"]
    return name_of(int(os.environ.get("NODE_RANK", "0")), int(os.environ.get("LOCAL_RANK", "0")))


def rank_names(devices: int, nodes: int) -> list[str]:
    """The names of all ranks in order, of ``devices`` processes on each of ``nodes``."""
    if launcher() in ("torchrun", "srun"):
        return [str(number) for number in range(devices * nodes)]
    return [name_of(node, local) for node in range(nodes) for local in range(devices)]


def name_of(node: int, local: int) -> str:
    """The name of a rank that Lightning starts."""
    return f"{node}.{local}" if node else str(local)


def launcher() -> str | None:
    """What started this process as one of several: ``torchrun``, ``srun`` or ``lightning``; None: the user.

    A node of several that the user has started by hand, with ``NODE_RANK``, the first one too, is one of Lightning's.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return "torchrun"
    if "SLURM_STEP_ID" in os.environ and int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        return "srun"
    return "lightning" if {"LOCAL_RANK", "NODE_RANK"} & os.environ.keys() else None


def note_of_launch(runs: Path) -> Path:
    """The file in which rank 0 of this launch stores its run directory."""
    names = {
        "torchrun": ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RESTART_COUNT"),
        "srun": ("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"),
        "lightning": ("MASTER_ADDR", "MASTER_PORT"),
    }[launcher() or "lightning"]
    name = "_".join(os.environ.get(name, "0") for name in names)
    return runs / ".launch" / re.sub(r"[^\w.-]", "_", f"{launcher()}_{name}")


def announce(directory: Path, runs: Path) -> None:
    """Called by rank 0: publish its run directory to the other ranks, running or not yet started."""
    os.environ[RUN_DIR] = str(directory.resolve())
    if launcher() is not None:
        note = note_of_launch(runs)
        note.parent.mkdir(parents=True, exist_ok=True)
        with replacing(note) as file:
            file.write(str(directory.resolve()))


def withdraw(runs: Path) -> None:
    """Remove the file of this launch at the end of the run."""
    if launcher() is not None:
        note = note_of_launch(runs)
        note.unlink(missing_ok=True)
        with suppress(OSError):  # notes of other launches lie there
            note.parent.rmdir()


def directory_of_rank_0(runs: Path) -> Path:
    """The run directory of rank 0: from the environment, or from its file, for which this waits.

    Raises:
        GenlabError: the file has not appeared within ``PATIENCE`` seconds.
    """
    if launcher() == "lightning" and RUN_DIR in os.environ:
        return Path(os.environ[RUN_DIR])
    note, until = note_of_launch(runs), time.monotonic() + PATIENCE
    while not (note.is_file() and note.stat().st_mtime > BEGUN - EARLIER):
        if time.monotonic() > until:
            raise GenlabError(f"rank {rank_name()} has waited for an hour for rank 0 to make a run directory in {runs}")
        time.sleep(0.1)
    os.environ[RUN_DIR] = note.read_text(encoding="utf-8")
    return Path(os.environ[RUN_DIR])


def ask_again() -> None:
    """Called by whoever leaves to be requeued: ask the batch script, which sees only the code that srun makes of all ranks'."""
    if AGAIN in os.environ and is_rank_0():
        with suppress(OSError):  # the code alone says it then
            Path(os.environ[AGAIN]).touch()
