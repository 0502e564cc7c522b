"""``-m … resume=auto``: goes on with the newest unfinished multirun of the same line, in its folder."""

from __future__ import annotations

from pathlib import Path

import yaml
from omegaconf import OmegaConf

from genlab.console import say
from genlab.runs.heartbeat import state_of
from genlab.runs.summary import FINISHED, RUNNING

AUTO = "resume=auto"
RECORD = "multirun.yaml"  # Hydra's, in the folder of a multirun


def sweep_to_continue(words: list[str], runs: Path, count: int) -> Path | None:
    """The folder of the newest unfinished multirun of the same overrides, whatever they say of ``resume``.

    None if none is to be continued: the line does not say so, or chooses the folder itself, or there is none.

    Args:
        words: the overrides as Hydra gets them.
        count: number of combinations; 0 if it is not known.
    """
    plain = without_resume(words)
    asked = any(text.lstrip("+") == AUTO for text in words)
    if not asked or not count or any(text.startswith("hydra.sweep.") for text in words):
        return None
    root = runs.expanduser() / "multirun"
    for record in sorted(root.glob(f"*/{RECORD}"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        cells = [record.parent / str(number) for number in range(count)]
        if without_resume(recorded(record)) == plain and not all(map(is_finished, cells)) and not any(map(held, cells)):
            say(f"resume    the multirun {record.parent}")
            return record.parent.absolute()
    say(f"resume    nothing to continue in {root}: no unfinished multirun of the same line, so a new one begins")
    return None


def recorded(record: Path) -> list[str]:
    """The overrides of a multirun, without those of Hydra itself; none, and a line that says so, if the file is cut."""
    try:
        return list(OmegaConf.select(OmegaConf.load(record), "hydra.overrides.task", default=[]))
    except (OSError, ValueError, yaml.YAMLError) as error:
        say(f"note      left out: {record} cannot be read ({' '.join(str(error).split())})")
        return []


def without_resume(words: list[str]) -> list[str]:
    """The overrides that say what is trained."""
    return [text for text in words if not text.lstrip("+").startswith(("resume=", "hydra"))]


def is_finished(folder: Path) -> bool:
    """Whether the run in ``folder`` has been trained and tested."""
    return state_of(folder) == FINISHED


def held(folder: Path) -> bool:
    """Whether some process is training the run in ``folder`` now, here or on another machine."""
    return state_of(folder) == RUNNING
