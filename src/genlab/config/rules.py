"""Rules across keys: combinations in which every value is fine and the whole is not. A function each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genlab.config.files import options, raw
from genlab.config.signature import signature
from genlab.contracts import Problem


def crossed(plain: dict[str, Any], conf: Path) -> Iterator[Problem]:
    """Every combination that cannot work. ``conf``: the folder of YAML files, to say what would."""
    yield from model_takes_data(plain, conf)
    for rule in (training_ends, warmup_fits, run_id_is_free, clipping_sees_true_gradients):
        yield from rule(plain)


def model_takes_data(plain: dict[str, Any], conf: Path) -> Iterator[Problem]:
    """The model must take the kind of batches that the data set makes."""
    model, data = plain.get("model"), plain.get("data")
    if not (model and data):
        return
    takes, kind = attribute(model, "takes"), attribute(data, "kind")
    if takes is not None and kind is not None and kind not in takes:
        fits = ", ".join(
            f"data={name}" for name in options("data", conf) if kind_of(conf / "data" / f"{name}.yaml") in takes
        )
        chosen = plain.get("choices", {})
        what = f"model={chosen.get('model')} takes {' or '.join(takes)}, but data={chosen.get('data')} has {kind}"
        yield Problem("data", what, f"Fitting sets: {fits}")


def attribute(node: dict[str, Any], name: str) -> Any:
    """A literal class attribute of a node's target."""
    found = signature(node["_target_"])
    return found.attributes.get(name) if found else None


def kind_of(path: Path) -> Any:
    """The kind of batches that the data set of a file makes."""
    node = raw(path)
    return attribute(node, "kind") if "_target_" in node else None


def training_ends(plain: dict[str, Any]) -> Iterator[Problem]:
    """There must be a last epoch or a last batch."""
    trainer = plain.get("trainer")
    if trainer and trainer["max_epochs"] < 0 and trainer["max_steps"] < 0:
        remedy = "Type: trainer.max_epochs=10 or trainer.max_steps=5000"
        yield Problem("trainer", "the training would never end", remedy)


def warmup_fits(plain: dict[str, Any]) -> Iterator[Problem]:
    """A schedule's warm-up must fit into it."""
    schedule = (plain.get("model") or {}).get("schedule") or {}
    if schedule.get("warmup", 0) >= schedule.get("epochs", float("inf")):
        what = f"{schedule['warmup']} epochs of warm-up do not fit into {schedule['epochs']} epochs"
        yield Problem("model.schedule.warmup", what, "Type: model.schedule.warmup=0")


def run_id_is_free(plain: dict[str, Any]) -> Iterator[Problem]:
    """``latest`` names the newest run."""
    if plain.get("run_id") == "latest":
        yield Problem("run_id=latest", "is the name that always points to the newest run", "Choose another run_id.")


def clipping_sees_true_gradients(plain: dict[str, Any]) -> Iterator[Problem]:
    """In float16 gradients are scaled up until the step, so a clip before it would cut at the wrong size."""
    trainer = plain.get("trainer") or {}
    if trainer.get("precision") in ("16-mixed", 16) and trainer.get("gradient_clip_val"):
        what = "gradients are scaled in 16-mixed, and cannot be clipped by their true size"
        yield Problem("trainer.gradient_clip_val", what, "Type: trainer.precision=bf16-mixed")
