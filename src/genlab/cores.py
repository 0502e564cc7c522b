"""How many processor cores this process may use, and how many of them others leave free."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ENOUGH = 0.7  # of a core that must be free to count
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Times:
    """Seconds of work since the machine's start: of all processes on the cores that may be used, and of this one."""

    when: float
    everyone: float
    own: float


@dataclass(frozen=True)
class Cores:
    """Cores of the machine that this process may use; ``why``: what allows no more; ``busy``: used by others, in cores."""

    count: int
    why: str
    busy: float

    def threads(self, processes: int = 1) -> int:
        """Threads to compute with. ``processes``: how many share the cores; what they use is not told from others' use."""
        if processes > 1:
            return max(1, self.count // processes)
        return max(1, min(self.count, int(self.count - self.busy + 1 - ENOUGH)))


def allowed(environment: Mapping[str, str] = os.environ, cgroups: Path = CGROUPS) -> tuple[int, str]:
    """The number of cores that this process may use, and what says so."""
    limits = [(len(affinity()), "cores")]
    if (share := quota(cgroups)) is not None:
        limits.append((max(1, int(share + 0.01)), "by the container's quota"))
    if environment.get("SLURM_CPUS_PER_TASK", "").isdigit():
        limits.append((int(environment["SLURM_CPUS_PER_TASK"]), "by SLURM_CPUS_PER_TASK"))
    return min(limits, key=lambda limit: limit[0])


def affinity() -> set[int]:
    """The numbers of the cores that the system may run this process on."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def usable() -> int:
    """The number of cores that this process may use."""
    return allowed()[0]


def quota(cgroups: Path = CGROUPS, own: str | None = None) -> float | None:
    """The cores that control groups allow, versions 1 and 2; None without a limit.

    ``own``: the content of ``/proc/self/cgroup``; a limit may be that of any group above this process's own.
    """
    found = []
    for line in (text_of(Path("/proc/self/cgroup")) if own is None else own).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" or "cpu" in controllers.split(","):
            base = cgroups if number == "0" else cgroups / "cpu"
            place = base / path.lstrip("/")
            found += [
                limit_of(folder) for folder in (place, *place.parents) if folder == base or base in folder.parents
            ]
    return min((limit for limit in found if limit is not None), default=None)


def limit_of(folder: Path) -> float | None:
    """The cores that one control group allows."""
    words = text_of(folder / "cpu.max").split() or [
        text_of(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")
    ]
    if len(words) != 2 or not all(word.isdigit() for word in words) or int(words[1]) == 0:
        return None  # "max", or -1
    return int(words[0]) / int(words[1])


def text_of(path: Path) -> str:
    """The content of a file of the system; empty where there is none."""
    try:
        return path.read_text()
    except OSError:
        return ""


def look(stat: str | None = None) -> Times:
    """The work done so far, by ``/proc/stat``; on systems without it, nothing by others."""
    ticks, mine, everyone = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100, affinity(), 0
    for line in (text_of(Path("/proc/stat")) if stat is None else stat).splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in mine:
            everyone += sum(
                int(field) for place, field in enumerate(fields[:8]) if place not in (3, 4)
            )  # idle, waiting
    used = os.times()
    return Times(
        time.monotonic(), everyone / ticks, used.user + used.system + used.children_user + used.children_system
    )


def cores(since: Times, now: Times | None = None) -> Cores:
    """The cores of this process, and what others have used of them since an earlier look."""
    now = now or look()
    seconds = max(now.when - since.when, 1e-3)
    busy = (now.everyone - since.everyone - (now.own - since.own)) / seconds
    count, why = allowed()
    return Cores(count, why, min(max(busy, 0.0), float(len(affinity()))))


BEGUN = look()
