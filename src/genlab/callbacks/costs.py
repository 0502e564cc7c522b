"""What measuring costs: wall seconds of every evaluator, and of what they share, over all resumes.

On a GPU both ends of a lap are marked in its queue of work, so that timing waits for nothing; the marks are read when the
numbers of a split are put together, where the host waits in any case.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from genlab.console import say

REAL, GENERATED = "real_images", "generated_images"  # making them, and their features: what evaluators share
EXTRACTORS = "extractors"
WORTH = 5.0  # seconds of measuring below which nobody need be told
SHARE = 0.25  # of the time, that measuring should take at most

Mark = float | torch.cuda.Event


def mark(device: torch.device) -> Mark:
    """This moment, in the queue of a GPU or by the clock."""
    if device.type != "cuda":
        return time.monotonic()
    event = torch.cuda.Event(enable_timing=True)
    event.record(torch.cuda.current_stream(device))
    return event


def seconds_between(first: Any, last: Any) -> float:
    """Seconds between two marks; waits until a GPU has come to the last one."""
    if isinstance(last, float):
        return float(last - first)
    last.synchronize()
    return float(first.elapsed_time(last)) / 1000


class Costs:
    """Seconds by stage and by evaluator; of rank 0, if it is the one that tells them."""

    def __init__(self) -> None:
        self.device = torch.device("cpu")  # on which the work is done that is timed
        self.spent: dict[str, dict[str, float]] = {}
        self.laps: list[tuple[str, Mark, Mark]] = []
        self.training: list[tuple[Mark, int]] = []  # its begin and end between two measurings, with the batches seen
        self.told = False

    @contextmanager
    def lap(self, who: str) -> Iterator[None]:
        """Time what is done inside as the work of ``who``."""
        began = mark(self.device)
        yield
        self.laps.append((who, began, mark(self.device)))

    def settle(self, stage: str) -> dict[str, float]:
        """Add the laps to the stage; returns the seconds of this pass over the split, by evaluator."""
        found: dict[str, float] = {}
        for who, first, last in self.laps:
            found[who] = found.get(who, 0.0) + seconds_between(first, last)
        self.laps = []
        add(self.spent.setdefault(stage, {}), found)
        return found

    def stated(self) -> dict[str, Any]:
        """For ``summary.json``; ``extractors`` were made ready before the training and its clock began."""
        stages = {stage: sum(who.values()) for stage, who in self.spent.items() if stage != EXTRACTORS}
        by: dict[str, float] = {}
        for stage in stages:
            add(by, self.spent[stage])
        ready = sum(self.spent.get(EXTRACTORS, {}).values())
        rounded = {who: round(seconds, 3) for who, seconds in sorted(by.items(), key=lambda pair: -pair[1])}
        whole = {"seconds": sum(stages.values()), **stages, EXTRACTORS: ready}
        return {name: round(seconds, 3) for name, seconds in whole.items()} | {"by_evaluator": rounded}

    # ---- beside the training ---------------------------------------------------------------------------------------

    def training_begins(self, batches: int) -> None:
        """Training goes on; ``batches``: seen so far."""
        self.training = [(mark(self.device), batches)]

    def training_pauses(self, batches: int) -> None:
        """What follows is measuring."""
        self.training = [*self.training[:1], (mark(self.device), batches)]

    def batch_seconds(self) -> float | None:
        """What a batch took since training began; None if there was none."""
        if len(self.training) < 2 or (batches := self.training[1][1] - self.training[0][1]) == 0:
            return None
        return seconds_between(self.training[0][0], self.training[1][0]) / batches

    def advise(self, found: dict[str, float], batches: float, every: int, epochs: int | None) -> None:
        """Say once that measuring takes longer than the training.

        Args:
            found: the seconds of this pass, of which real images are made but once.
            batches: of an epoch.
            every: epochs between two measurings, now.
            epochs: of the whole training; None: without a limit.
        """
        batch = self.batch_seconds()
        if self.told or batch is None or math.isinf(batches):
            return
        measuring = sum(seconds for who, seconds in found.items() if who != REAL)
        if told := advice(measuring, batch * batches, every, epochs):
            self.told = True
            say(f"note      {told}")

    # ---- over a resume ---------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"spent": {stage: dict(who) for stage, who in self.spent.items()}, "told": self.told}

    def continue_from(self, state: dict[str, Any]) -> None:
        """Add what was spent before; a checkpoint of an earlier release has none."""
        self.told = self.told or bool(state.get("told"))
        for stage, who in state.get("spent", {}).items():
            add(self.spent.setdefault(stage, {}), who)


def add(totals: dict[str, float], more: dict[str, float]) -> None:
    """Add numbers to those of the same name, in place."""
    for name, value in more.items():
        totals[name] = totals.get(name, 0.0) + value


def advice(measuring: float, epoch: float, every: int, epochs: int | None) -> str | None:
    """A sentence if measuring takes longer than the training between two measurings, and can be made rarer.

    Args:
        measuring: seconds.
        epoch: seconds that the training of an epoch takes.
        every: epochs between two measurings, now.
        epochs: of the whole training; None: without a limit.
    """
    if measuring <= max(WORTH, epoch * every):
        return None
    rarer = math.ceil(measuring * (1 - SHARE) / SHARE / max(epoch, 1e-3))
    rarer = min(rarer, epochs) if epochs and epochs > 0 else rarer
    if rarer <= every:
        return None
    return (
        f"measuring took {measuring:.0f} s, the training of an epoch {epoch:.1f} s. "
        f"Measure less often: metrics.every_n_epochs={rarer}"
    )
