"""The keys at the root of each command's configuration, with their types."""

from __future__ import annotations

from typing import Any, Literal

from genlab.config.types import FileName, NonNegativeInt, PositiveInt, Seed

Node = dict[str, Any] | None

SHARED: dict[str, Any] = {
    "paths": {"data": str, "runs": str, "cache": str | None},
    "seed": Seed,
    "trust": list[str],
    "check_only": bool,
    "performance": Node,
    "choices": dict[str, Any],
}
TRAIN = SHARED | {
    "model": Node,
    "data": Node,
    "trainer": Node,
    "logger": Node,
    "callbacks": Node,
    "metrics": Node,
    "checkpoint": Node,
    "resume": str | None,
    "init_from": str | None,
    "name": FileName | None,
    "run_id": FileName | None,
    "tags": list[str],
    "notes": str,
}
READING = SHARED | {"ckpt": str, "output": str | None}
EVALUATE = READING | {"split": Literal["train", "val", "test"], "metrics": Node}
GENERATE = READING | {
    "what": Literal["sample", "reconstruct", "interpolate", "traverse"],
    "n": PositiveInt,
    "label": NonNegativeInt | None,
    "split": Literal["train", "val", "test"],
}
ROOTS: dict[str, dict[str, Any]] = {"train": TRAIN, "evaluate": EVALUATE, "generate": GENERATE}
