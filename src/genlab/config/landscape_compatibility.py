"""A landscape is filmed of points alone: the set must make them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.config.kind_compatibility import attribute
from genlab.contracts import Problem

LANDSCAPE = "genlab.callbacks.landscape.Landscape"


def landscape_is_of_points(plain: dict[str, Any]) -> Iterator[Problem]:
    """``callbacks=landscape`` on a set of images has nothing to show."""
    callbacks, data = plain.get("callbacks") or {}, plain.get("data") or {}
    asked = [key for key, node in callbacks.items() if isinstance(node, dict) and node.get("_target_") == LANDSCAPE]
    kind = attribute(data, "kind") if data else None
    if asked and kind not in (None, "points"):
        what = f"a landscape is of points on a line or in the plane, and data={plain.get('choices', {}).get('data')} has {kind}"
        yield Problem(f"callbacks.{asked[0]}", what, "Type: model=gan data=toy2d, or data=toy1d; or callbacks=default")
