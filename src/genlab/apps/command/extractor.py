"""What a run is measured with: the extractor is made ready, and what to know about the numbers is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from genlab.callbacks.evaluate import Measure
from genlab.contracts import DataSpec, Split
from genlab.data.store.source import Prepared
from genlab.metrics.extractors.choose import Extractor, choose


def attach(measure: Measure, prepared: Prepared, cache: Path, evaluated: Split = "test") -> Extractor | None:
    """Give ``measure`` what it looks with; None where nothing is generated, or there is nothing to see.

    ``evaluated``: the split that the test loop goes over.
    """
    if not (measure.samples["val"] or measure.samples["test"]):
        return None
    extractor = choose(prepared, cache)
    measure.attach(extractor, prepared, cache, evaluated)
    return extractor


def described(extractor: Extractor) -> dict[str, Any]:
    """The extractor as the summary names it."""
    return {"name": extractor.name, "digest": extractor.digest, "accuracy": extractor.accuracy}


def notes(extractor: Extractor | None, spec: DataSpec, model: DictConfig) -> list[str]:
    """Sentences about the numbers between two domains: how good their judge is, and what the model was trained for."""
    if extractor is None or extractor.accuracy is None or spec.kind != "domains":
        return []
    a, b = spec.sizes["testA"], spec.sizes["testB"]
    told = [f"domain classifier: {100 * extractor.accuracy:.1f} % right on the {a + b:,} test images"]
    compared = f"FID, KID: {a:,} translations against {b:,} images of B, {b:,} against {a:,} of A"
    weight = model.get("lambda_identity")
    return [*told, compared if weight is None else f"{compared}; identity weight {weight:g}"]
