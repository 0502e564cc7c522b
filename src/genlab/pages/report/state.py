"""What a run is in, as the page shows it: a word in a colour, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from genlab.pages.html import Markup, element
from genlab.pages.report.record import Record, mapping
from genlab.runs.summary import ERROR, HEARTBEAT

ORDER = ("finished", "running", "waiting", "preempted", "interrupted", "stale", "failed", "unreadable", "absent")
MEANS = {
    "finished": "came to its end",
    "running": "a process trains it",
    "waiting": "its job has not been started yet",
    "preempted": "saved, and to be put back into the queue",
    "interrupted": "stopped, and can be continued",
    "stale": "says that it is running, and no process shows a heartbeat",
    "failed": "ended by an error",
    "unreadable": "its summary cannot be read",
    "absent": "killed before it had a summary",
}


def counted(records: Sequence[Record]) -> list[tuple[str, int]]:
    """How many runs are in which state, in a fixed order."""
    found = Counter(record.state for record in records)
    return sorted(found.items(), key=lambda item: (ORDER.index(item[0]) if item[0] in ORDER else len(ORDER), item[0]))


def badge(state: str, means: str | None = None) -> Markup:
    """The word. ``means``: what it says of something other than a run."""
    known = state if state in ORDER else "other"
    return element("span", {"class": f"state {known}", "title": means or MEANS.get(state, "")}, state)


def why(record: Record) -> list[str]:
    """What went wrong with a run, in words: its error, its last sign of life, what could not be read."""
    said = [str(record.summary[ERROR])] if record.summary.get(ERROR) else []
    beat = mapping(record.summary.get(HEARTBEAT))
    if record.state == "stale":
        last = f"{beat.get('time')}, process {beat.get('pid')} on {beat.get('host')}" if beat else "never"
        said.append(f"no sign of life since its last: {last}")
    if record.state == "failed" and not said:
        said.append("its log.txt may say why")
    return [*said, *record.faults]


def alarms(record: Record) -> list[str]:
    """What its training has warned of, in words."""
    found = record.summary.get("alarms")
    said = [mapping(one) for one in found] if isinstance(found, list) else []
    return [f"{one.get('text')} (batch {one.get('step')})" for one in said if one]
