"""A likelihood that is asked for is measured by something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem

MEASURES = ("genlab.callbacks.evaluators.likelihood.ImportanceSampled",)


def likelihood_is_measured(plain: dict[str, Any]) -> Iterator[Problem]:
    """``metrics.nll`` needs a model and the evaluator that reads it."""
    metrics = plain.get("metrics") or {}
    if not metrics.get("nll"):
        return
    where = f"metrics.nll={metrics['nll']}"
    if plain.get("a") is not None:
        yield Problem(where, "two folders of images have no likelihood: a model has one", "Leave it out")
    elif not any(isinstance(node, dict) and node.get("_target_") in MEASURES for node in metrics.values()):
        yield Problem(where, "nothing in metrics measures it", "Add what does: metrics=[none,likelihood]")
