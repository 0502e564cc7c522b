"""Builds the evaluators of ``conf/metrics``, and the notes printed about their metrics."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.networks import stated_files
from genlab.callbacks.evaluate import Evaluate
from genlab.config.build import build
from genlab.contracts import DataSpec
from genlab.metrics.extractors.extractor import Extractor


def build_evaluators(cfg: DictConfig) -> list[Evaluate]:
    """The callback that runs the evaluators; empty if there are none."""
    evaluate = evaluate_callback(cfg)
    return [evaluate] if evaluate.evaluators else []


def evaluate_callback(cfg: DictConfig) -> Evaluate:
    """The callback that runs the evaluators, though there may be none."""
    nodes = {str(key): node for key, node in cfg.metrics.items() if OmegaConf.is_dict(node) and "_target_" in node}
    plain = {key: OmegaConf.to_container(node, resolve=True) for key, node in nodes.items()}
    return Evaluate({key: build(node, cfg.trust) for key, node in nodes.items()}, plain, stated_files(cfg.metrics))


def described(extractors: list[Extractor]) -> dict[str, Any]:
    """The extractors for the summary: the first one separately, and the list of all."""
    plain = [{"name": one.key, "digest": one.digest, "accuracy": one.accuracy} for one in extractors]
    return {"extractor": plain[0], "extractors": plain} if plain else {}


def notes(extractors: list[Extractor], spec: DataSpec, model: DictConfig) -> list[str]:
    """Notes on metrics: what binarised sets are compared with; between two domains accuracy, counts, identity weight."""
    if extractors and spec.binarized not in ("", "stored"):
        return [f"{extractors[0].key}: mean images as generated against the grey images as stored, not binarised ones"]
    accuracy = next((one.accuracy for one in extractors if one.accuracy is not None), None)
    if accuracy is None or spec.kind != "domains":
        return []
    a, b = spec.sizes["testA"], spec.sizes["testB"]
    told = [f"domain classifier: {100 * accuracy:.1f} % right on the {a + b:,} test images"]
    compared = f"FID, KID: {a:,} translations against {b:,} images of B, {b:,} against {a:,} of A"
    weight = model.get("lambda_identity")
    return [*told, compared if weight is None else f"{compared}; identity weight {in_words(weight)}"]


def in_words(weight: Any) -> str:
    """``0.5``; of a schedule ``0.5 to 0``."""
    if isinstance(weight, int | float):
        return f"{weight:g}"
    return f"{weight.start:g} to {weight.end:g}" if {"start", "end"} <= set(weight) else "by a schedule"
