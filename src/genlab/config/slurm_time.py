"""Slurm's grammar of times, and the rules that hold for those of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem

FORM = re.compile(
    r"(?:(?P<days>\d+)-(?P<h>\d+)(?::(?P<m>\d+)(?::(?P<s>\d+))?)?)"  # 1-12, 1-12:30, 1-12:30:00
    r"|(?:(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+))"  # 2:00:00
    r"|(?:(?P<only>\d+)(?::(?P<and_seconds>\d+))?)"  # 90, 90:30: minutes
)
ENDLESS = ("unlimited", "infinite")
EARLY = 60  # seconds by which Slurm may send a signal before it is due (sbatch's manual; seen)
FORMS = "hours:minutes:seconds; minutes, days-hours and days-hours:minutes:seconds are understood too"


def seconds_of(text: str) -> float | None:
    """The seconds of a time as Slurm reads it: ``90`` is 5400; ``unlimited`` is infinite; None: it is no time.

    >>> seconds_of("1-12")
    129600
    """
    if text.lower() in ENDLESS:
        return float("inf")
    found = FORM.fullmatch(text)
    if found is None:
        return None
    part = {name: int(value or 0) for name, value in found.groupdict().items()}
    hours = 24 * part["days"] + part["h"] + part["hours"]
    minutes = part["m"] + part["minutes"] + part["only"]
    return 3600 * hours + 60 * minutes + part["s"] + part["seconds"] + part["and_seconds"]


def slurm_time_fits(plain: dict[str, Any]) -> Iterator[Problem]:
    """The time of a job must be one that Slurm understands, and leave room for the signal before its end."""
    slurm = plain.get("slurm") or {}
    if "time" in slurm:
        yield from problems(slurm["time"], slurm["signal"])


def problems(time: str | int, signal: int) -> Iterator[Problem]:
    """What is wrong with ``slurm.time`` and ``slurm.signal``."""
    if isinstance(time, int):
        what = "a number alone may be minutes, or h:m:s as YAML reads it without quotes"
        yield Problem(f"slurm.time={time}", what, 'Type: slurm.time=2:00:00, in a file: time: "2:00:00"')
        return
    seconds = seconds_of(time)
    if not seconds:
        yield Problem(f"slurm.time={time}", "is no time that Slurm understands", f"Type: slurm.time=2:00:00 ({FORMS})")
    elif seconds <= signal + EARLY:
        what = f"the job would be told to save, {signal} to {signal + EARLY} s before its end, as soon as it begins"
        yield Problem(f"slurm.time={time}", what, f"Type: slurm.time={signal // 60 + 30}:00, or a smaller slurm.signal")
