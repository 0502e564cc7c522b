"""Posterior collapse: its signs among the metrics of a split, its likely cause, and what to type."""

from __future__ import annotations

import math
from typing import Any

from genlab.models.base.schedules import THE_END, Weight, value_at

FEW, MANY = 2, 4  # fewer active units than FEW, of more than MANY, are a sign
NEAR = 0.98  # of the mean image's squared error: a model above it shows nothing but that image


def signs(measured: dict[str, float], split: str, latents: int, least_kl: float, early: bool = False) -> list[str]:
    """What shows that the codes say nearly nothing of an image, in words; empty: nothing does.

    Args:
        measured: metrics by name.
        split: whose.
        latents: D; 0: not known.
        least_kl: nats of ``kl`` below which it is a sign.
        early: the model has hardly begun to learn, and of what is untrained ``kl`` alone is judged.
    """
    found = {name.removeprefix(f"{split}/"): x for name, x in measured.items() if name.startswith(f"{split}/")}
    if "kl" not in found:
        return []
    told = []
    if found["kl"] < least_kl:
        told.append(f"kl {found['kl']:.2g} nats, below {least_kl:g}")
    if early:
        return told
    active = found.get("active_units", math.inf)
    if active == 0 or (active < FEW and latents > MANY):
        told.append(f"{active:.0f} of {latents} units active")
    mse, of_mean = found.get("mse", 0.0), found.get("mean_image_mse", math.inf)
    if mse >= NEAR * of_mean:
        told.append(f"mse {mse:.4f}, and {of_mean:.4f} of the mean training image")
    return told


def capacity(model: Any, batch: int = THE_END) -> float:
    """Nats that the objective holds the KL at after ``batch`` batches; infinite where it holds it at none."""
    held = getattr(getattr(model, "objective", None), "capacity", None)
    return math.inf if held is None else value_at(held, batch)


def signs_at(model: Any, least_kl: float, early: int) -> list[str]:
    """``signs`` of a validation in training, of the codes of ``model``. ``early``: batches before which it is early.

    While a capacity rises the KL is small by design, and so is what it can pay for: only a KL below ``least_kl`` and below
    half of the capacity is a sign then. While the weight of the KL is still to fall nothing is one.
    """
    batch = model.batches_seen
    if any(value_at(weight, batch) > value_at(weight, THE_END) for weight in weights_of(model).values()):
        return []
    now, end = capacity(model, batch), capacity(model)
    least = least_kl if now == end or now >= 2 * least_kl else 0.0
    return signs(model.measured, "val", getattr(model, "latent_dim", 0), least, batch < early or now != end)


def remedy(model: Any, measured: dict[str, float], split: str) -> str:
    """The likely cause and what to type. ``model`` may have a ``beta``, an ``objective`` and ``pixels``, as a VAE has."""
    if capacity(model) < math.inf:
        return remedy_of_capacity(model, measured[f"{split}/kl"])
    key, weight = heaviest(model)
    sigma = stated_sigma(model)
    error = measured.get(f"{split}/mean_image_mse", measured.get(f"{split}/mse"))
    if sigma and error and sigma**2 > error:
        like, fitting = weight * sigma**2 / error, math.sqrt(error)
        return (
            f"The cause is the likelihood's scale: {key}={weight:g} with model.sigma={sigma:g} weighs the KL like beta "
            f"{like:.3g} with sigma {fitting:.2g}, which the mean image's error would give. Type: model.sigma=learned"
        )
    if weight > 1:
        return f"The cause is its weight: {key}={weight:g}. Type: {key}=1"
    return (
        f"Its weight is not the cause, {key.rpartition('.')[2]} is at most 1: let it rise from 0 (docs/ledger.md), or take a "
        "weaker decoder or a lower rate: model.optimizer.lr=…"
    )


def heaviest(model: Any) -> tuple[str, float]:
    """What weighs the information of the codes most, when the training is over: its key, and how much."""
    weights = weights_of(model)
    key = max(weights, key=lambda name: value_at(weights[name], THE_END))
    return keyed(key, weights[key]), float(value_at(weights[key], THE_END))


def weights_of(model: Any) -> dict[str, Weight]:
    """The weights of the information of the codes, by key."""
    beta, objective = getattr(model, "beta", 1.0), getattr(model, "objective", None)
    return {"model.beta": beta} if objective is None else objective.kl_weights(beta)


def keyed(key: str, weight: Weight) -> str:
    """The key of a weight's last value."""
    return f"{key}.end" if hasattr(weight, "end") else key


def remedy_of_capacity(model: Any, kl: float) -> str:
    """The cause where the KL is held at a capacity: that capacity, or a weight that does not hold the KL at it."""
    end = capacity(model)
    if kl >= end / 2:
        key = keyed("model.objective.capacity", model.objective.capacity)
        return f"The cause is the capacity, which holds the KL at {end:g} nats. Type: {key}={max(25, 2 * end):g}"
    key, weight = heaviest(model)
    remedy = f"{key}=1000" if weight < 1000 else "model.optimizer.lr=…, a lower rate"
    return f"The KL is below its capacity of {end:g} nats, and {key}={weight:g} does not raise it. Type: {remedy}"


def stated_sigma(model: Any) -> float | None:
    """The sigma of gaussian pixels, where it is a given number."""
    pixels: Any = getattr(model, "pixels", None)
    is_stated = getattr(pixels, "likelihood", "") == "gaussian" and not getattr(pixels, "learned", False)
    return float(pixels.log_sigma.exp()) if is_stated and hasattr(pixels, "log_sigma") else None
