"""A film of codes is of models that encode images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.config.capabilities import models_with, named_in
from genlab.contracts import Problem

LATENT_MAP = "genlab.callbacks.latent_map.LatentMap"


def codes_are_of_encoders(plain: dict[str, Any]) -> Iterator[Problem]:
    """``callbacks=latent_map`` with a model that gives images no codes has nothing to show."""
    callbacks, model = plain.get("callbacks") or {}, plain.get("model") or {}
    asked = [key for key, node in callbacks.items() if isinstance(node, dict) and node.get("_target_") == LATENT_MAP]
    members = named_in(str(model.get("_target_")))
    if asked and members and "encode" not in members:
        what = f"model={plain.get('choices', {}).get('model')} has no encode, which gives an image its code"
        yield Problem(f"callbacks.{asked[0]}", what, models_that_encode())


def models_that_encode() -> str:
    """What to type where codes are needed."""
    return f"Models that have: {', '.join(models_with({'encode'}))}; or callbacks=default"
