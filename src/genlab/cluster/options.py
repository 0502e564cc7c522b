"""The options of a Slurm job (``conf/slurm``)."""

from __future__ import annotations

import sys
from typing import Annotated

from pydantic import Field

from genlab.config.types import NonNegativeInt, PositiveInt

Word = Annotated[str, Field(pattern=r"^[^\s#]+$")]
Line = Annotated[str, Field(pattern=r"^[^\n]+$")]
Option = Annotated[str, Field(pattern=r"^--?[A-Za-z][^\n]*$")]
Memory = Annotated[str, Field(pattern=r"^[0-9]+[KMGT]?$")]


class SlurmOptions:
    """What sbatch is told, and how the job goes on.

    Args:
        nodes: machines.
        gpus: of each node, one task on each; 0: tasks on the CPU.
        cpus_per_task: cores of each task.
        time: limit, in Slurm's grammar (``genlab.config.slurm_time``).
        partition, account, qos, mem: sbatch's options of these names; None: not given.
        signal: seconds before the time limit at which Slurm sends SIGUSR1 to the tasks.
        requeue: whether the job is put back into the queue after that signal, and after a pre-emption.
        setup: lines of shell that run before the tasks are started.
        python: the interpreter of the tasks; None: that of this process.
        extra: further options of sbatch, each as one word.
        dry: write and show the script, submit nothing.
    """

    def __init__(
        self,
        nodes: PositiveInt,
        gpus: NonNegativeInt,
        cpus_per_task: PositiveInt,
        time: str | PositiveInt,
        partition: Word | None,
        account: Word | None,
        qos: Word | None,
        mem: Memory | None,
        signal: PositiveInt,
        requeue: bool,
        setup: list[Line],
        python: str | None,
        extra: list[Option],
        dry: bool,
    ) -> None:
        self.nodes, self.gpus, self.cpus_per_task, self.time = nodes, gpus, cpus_per_task, str(time)
        self.partition, self.account, self.qos, self.mem = partition, account, qos, mem
        self.signal, self.requeue, self.setup = signal, requeue, setup
        self.python, self.extra, self.dry = python, extra, dry

    def directives(self, tasks_per_node: int) -> list[str]:
        """The options as words of sbatch, those that are not given left out; ``extra`` last, so that it wins."""
        given = {
            "nodes": self.nodes,
            "ntasks-per-node": tasks_per_node,
            "cpus-per-task": self.cpus_per_task,
            "gres": f"gpu:{self.gpus}" if self.gpus else None,
            "time": self.time,
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "mem": self.mem,
            "signal": f"USR1@{self.signal}",
        }
        requeue = "--requeue" if self.requeue else "--no-requeue"
        return [*(f"--{name}={value}" for name, value in given.items() if value is not None), requeue, *self.extra]

    def tasks_per_node(self, devices: int) -> int:
        """One task a GPU; without GPUs, one for each of ``trainer.devices``."""
        return self.gpus or devices

    @property
    def interpreter(self) -> str:
        """The Python that runs the tasks."""
        return self.python or sys.executable
