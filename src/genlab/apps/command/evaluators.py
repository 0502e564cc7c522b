"""Builds the evaluators of ``conf/metrics``, and the notes printed about their metrics."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.callbacks.evaluate import Evaluate
from genlab.config.build import build
from genlab.contracts import DataSpec
from genlab.metrics.extractors.choose import Extractor


def build_evaluators(cfg: DictConfig) -> list[Evaluate]:
    """The callback that runs the evaluators; empty if there are none."""
    found = {str(key): build(node, cfg.trust) for key, node in cfg.metrics.items() if OmegaConf.is_dict(node)}
    return [Evaluate(found)] if found else []


def described(extractors: list[Extractor]) -> dict[str, Any]:
    """The extractors for the summary: the first one separately, and the list of all."""
    plain = [{"name": one.name, "digest": one.digest, "accuracy": one.accuracy} for one in extractors]
    return {"extractor": plain[0], "extractors": plain} if plain else {}


def notes(extractors: list[Extractor], spec: DataSpec, model: DictConfig) -> list[str]:
    """Notes on metrics between two domains: classifier accuracy, numbers of images, and identity weight."""
    accuracy = next((one.accuracy for one in extractors if one.accuracy is not None), None)
    if accuracy is None or spec.kind != "domains":
        return []
    a, b = spec.sizes["testA"], spec.sizes["testB"]
    told = [f"domain classifier: {100 * accuracy:.1f} % right on the {a + b:,} test images"]
    compared = f"FID, KID: {a:,} translations against {b:,} images of B, {b:,} against {a:,} of A"
    weight = model.get("lambda_identity")
    return [*told, compared if weight is None else f"{compared}; identity weight {weight:g}"]
