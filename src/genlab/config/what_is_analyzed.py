"""``analyze.py`` looks at one model, at several, or at none: its class says which, read from the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from genlab.config.kind_compatibility import attribute
from genlab.contracts import Problem

LooksAt = Literal["checkpoint", "checkpoints", "nothing"]
REMEDY = {
    "checkpoint": "Type: ckpt=runs/<name>/latest, of a run directory or a checkpoint file",
    "checkpoints": "Type: ckpt=[runs/<name>/latest,…] or ckpt=runs/<name>/*",
}


def analysis_has_its_subject(plain: dict[str, Any]) -> Iterator[Problem]:
    """``ckpt`` is given where a trained model is looked at, as one where it is one, and not where none is."""
    what, ckpt = plain.get("what"), plain.get("ckpt")
    if not isinstance(what, dict):
        return
    looks_at, name = attribute(what, "looks_at") or "checkpoint", plain.get("choices", {}).get("what")
    if looks_at == "nothing":
        if ckpt is not None:
            yield Problem("ckpt", f"what={name} looks at no trained model", "Leave it out.")
    elif not ckpt:
        yield Problem("ckpt", f"must be given: what={name} looks at a trained model", REMEDY[looks_at])
    elif looks_at == "checkpoint" and not isinstance(ckpt, str):
        yield Problem("ckpt", f"what={name} looks at one model, not at {len(ckpt)}", REMEDY[looks_at])
