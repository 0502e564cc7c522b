"""The gradients of the two losses of the first paper are compared where D gives log-odds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem

GRADIENTS = "genlab.callbacks.gradients.Gradients"
LOG_ODDS = ("saturating", "non_saturating")


def gradients_are_of_log_odds(plain: dict[str, Any]) -> Iterator[Problem]:
    """``callbacks=gradients`` with a loss whose D gives scores, or without a generator of z, has nothing to compare."""
    callbacks, model = plain.get("callbacks") or {}, plain.get("model") or {}
    asked = [key for key, node in callbacks.items() if isinstance(node, dict) and node.get("_target_") == GRADIENTS]
    if not asked or not model:
        return
    loss, name = model.get("loss"), plain.get("choices", {}).get("model")
    if loss is None or "latent_dim" not in model:
        what = f"model={name} has no generator of z that a discriminator judges"
        yield Problem(f"callbacks.{asked[0]}", what, "Type: model=gan, dcgan or cgan; or callbacks=default")
    elif loss not in LOG_ODDS:
        what = f"with model.loss={loss} D gives scores and no log-odds: log(1 - D) and -log D mean nothing"
        yield Problem(f"callbacks.{asked[0]}", what, "Type: model.loss=non_saturating; or callbacks=default")
