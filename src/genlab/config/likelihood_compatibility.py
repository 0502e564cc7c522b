"""What fits to the likelihood of pixels: a scale, a number of components, and black and white images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.config.files import Conf
from genlab.contracts import Problem

SCALED = ("gaussian", "laplace")
SCALES = {"sigma": "sigma", "output_activation": "means to choose a range for"}  # what only those have
OF_LEVELS = "discretized_logistic"


def likelihood_fits(plain: dict[str, Any]) -> Iterator[Problem]:
    """No likelihood is given what it does not have, and none of 256 grey levels sees two."""
    model, data = plain.get("model") or {}, plain.get("data") or {}
    likelihood = model.get("likelihood")
    if likelihood is None:
        return
    chosen = (plain.get("choices") or {}).get("model")
    for key, what in SCALES.items():
        own = default_of(chosen, key)
        if likelihood not in SCALED and own is not None and model.get(key) != own:
            remedy = f"Leave it out (model.{key}={own}), or type: model.likelihood=gaussian"
            yield Problem(f"model.{key}={model.get(key)}", f"{likelihood} pixels have no {what}", remedy)
    if likelihood != OF_LEVELS and model.get("logistic_mixtures", 1) != 1:
        what = f"{likelihood} pixels are no mixture"
        yield Problem(
            f"model.logistic_mixtures={model['logistic_mixtures']}",
            what,
            f"Type: model.likelihood={OF_LEVELS} model.logistic_mixtures=5",
        )
    if likelihood == OF_LEVELS and data.get("binarize"):
        what = f"is a likelihood of 256 grey levels, and data.binarize={data['binarize']} leaves two of them"
        yield Problem(f"model.likelihood={OF_LEVELS}", what, "Type: model.likelihood=bernoulli, or data.binarize=null")


def default_of(model: Any, key: str) -> Any:
    """What a model's YAML file, or one that it builds on, has for a key; None without one."""
    raw = Conf().raw(f"model/{model}") if isinstance(model, str) else {}
    if key in raw:
        return raw[key]
    below = (entry for entry in raw.get("defaults", []) if isinstance(entry, str) and entry != "_self_")
    return next((found for entry in below if (found := default_of(entry, key)) is not None), None)
