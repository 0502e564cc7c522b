"""The batch script of a job or of an array of jobs, as text.

One job of several tasks, one for each device::

    batch_script(options, "vae-mnist", log_folder=run / "slurm", command=[python, "-m", "genlab", "train", …], tasks=4)

An array, one job for each line of a file of cells; ``TASK`` in a word of the command is the number of the job's cell::

    batch_script(options, "beta_grid", log_folder=sweep / "slurm", command=[…, "cell", f"{sweep}/cells.json", TASK],
                 array=range(12))                      # or [3, 7], those that are left; parallel=4 at a time

An array of W&B agents, each of which takes one cell from the server::

    batch_script(options, "beta_grid", log_folder=…, command=array_command("ME/PROJECT/ID"), array=range(12))

``genlab.cluster.sbatch.submit`` hands the file to Slurm. A command that leaves with 75 (stopped by SIGUSR1, saved), or
that SIGUSR1 has killed before it could handle it, is put back into the queue, each job of an array by itself; its next
start finds ``SLURM_RESTART_COUNT`` in its environment.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from genlab.cluster.options import SlurmOptions

TASK = "$SLURM_ARRAY_TASK_ID"  # in a word of a command: the number of the job in its array
HEAD = """\
# Written by genlab. The tasks get the scheduler's signal, save, and leave with 75; this shell outlives it.
trap : USR1
trap 'ended=yes' TERM   # of the whole job: it is cancelled, or Slurm puts it back itself
echo "job $SLURM_JOB_ID on $SLURM_JOB_NODELIST, start $((${SLURM_RESTART_COUNT:-0} + 1)), $(date)"
"""
SETUP = """\
trap 'echo "slurm.setup: this line failed: $BASH_COMMAND" >&2' ERR
set -e
%s
set +e
trap - ERR
"""
PORT = """\
MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
MASTER_PORT=$(%s -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])') || exit 1
export MASTER_ADDR MASTER_PORT   # of a port that is free on this node, where rank 0 will be
"""
MARK = """\
export GENLAB_AGAIN=%s/.again_$SLURM_JOB_ID
rm -f "$GENLAB_AGAIN"
"""
START = """\
srun --kill-on-bad-exit=1 --wait=0 --cpus-per-task=%d %s
code=$?
"""
REQUEUE = """\
again=
case $code in
  75 | 138) again=yes ;;   # stopped by SIGUSR1: saved, or before there was anything to save
  137 | 143) scontrol show job "%(job)s" | grep -q 'PreemptTime=[0-9]' && again=yes ;;   # pre-empted, and early to leave
esac
[ -e "$GENLAB_AGAIN" ] && again=yes   # the same, where srun tells of a task that was still leaving
rm -f "$GENLAB_AGAIN"
if [ -n "$again" ] && [ -z "$ended" ]; then
  echo "back into the queue: the tasks left with $code"
  scontrol requeue "%(job)s" && exit 0
  echo "Slurm does not take the job back: submit it again, and it goes on from what is saved" >&2
fi
"""


def batch_script(
    options: SlurmOptions,
    name: str,
    log_folder: Path,
    command: Sequence[str],
    tasks: int = 1,
    array: Iterable[int] | None = None,
    parallel: int | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """The text of the script.

    Args:
        name: of the job, in Slurm's lists.
        log_folder: where what the job prints goes: ``<job>.out``, in an array ``<job>_<number>.out``; it must exist.
        command: the words that every task runs; ``TASK`` in one stands for the number in the array.
        tasks: of each node.
        array: the numbers of an array's jobs; None: a single job.
        parallel: how many jobs of the array may run at a time; None: no limit of ours.
        environment: variables that are set for the command.
        folder: where the command runs; None: the current folder.
    """
    array = None if array is None else sorted(set(array))
    words = directives(options, name, log_folder, tasks, array, parallel, folder or Path.cwd())
    job = "$SLURM_JOB_ID" if array is None else f"${{SLURM_ARRAY_JOB_ID}}_{TASK}"
    return "".join(
        [
            "#!/bin/bash\n",
            *(f"#SBATCH {shlex.quote(word)}\n" for word in words),
            HEAD,
            SETUP % "\n".join(options.setup) if options.setup else "",
            *(f"export {key}={shlex.quote(value)}\n" for key, value in (environment or {}).items()),
            PORT % shlex.quote(options.interpreter) if tasks * options.nodes > 1 else "",
            MARK % shlex.quote(str(log_folder.resolve())) if options.requeue else "",
            START % (options.cpus_per_task, " ".join(map(quoted, command))),
            REQUEUE % {"job": job} if options.requeue else "",
            "exit $code\n",
        ]
    )


def directives(
    options: SlurmOptions,
    name: str,
    log_folder: Path,
    tasks: int,
    array: list[int] | None,
    parallel: int | None,
    folder: Path,
) -> list[str]:
    """The words after ``#SBATCH``; the arguments are those of ``batch_script``."""
    title = re.sub(r"[^A-Za-z0-9_.+-]", "_", name)
    return [
        f"--job-name={title}",
        *options.directives(tasks),
        *([] if array is None else [f"--array={ranges(array)}" + (f"%{parallel}" if parallel else "")]),
        f"--output={pattern(log_folder)}/{'%j' if array is None else '%A_%a'}.out",
        "--open-mode=append",
        f"--chdir={folder.resolve()}",
    ]


def quoted(word: str) -> str:
    """A word of the command for the shell, in which only ``TASK`` is replaced by its value."""
    return f'"{TASK}"'.join(shlex.quote(part) if part else "" for part in word.split(TASK)) or "''"


def pattern(folder: Path) -> str:
    """A folder as sbatch takes it in the name of an output file, where ``%`` stands for something else."""
    return str(folder.resolve()).replace("%", "%%")


def ranges(numbers: list[int]) -> str:
    """Ascending numbers as in ``--array``: ``0-3,7``.

    Raises:
        ValueError: there are none.
    """
    if not numbers:
        raise ValueError("an array without jobs")
    known = set(numbers)
    starts = [n for n in numbers if n - 1 not in known]
    ends = [n for n in numbers if n + 1 not in known]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
