"""Posterior collapse: its signs among the metrics of a split, its likely cause, and what to type."""

from __future__ import annotations

import math
from typing import Any

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


def remedy(model: Any, measured: dict[str, float], split: str) -> str:
    """The likely cause and what to type. ``model`` may have a ``beta`` and ``pixels``, as a VAE has."""
    beta = float(model.at(model.beta)) if hasattr(model, "beta") else 1.0
    sigma = stated_sigma(model)
    error = measured.get(f"{split}/mean_image_mse", measured.get(f"{split}/mse"))
    if sigma and error and sigma**2 > error:
        like, fitting = beta * sigma**2 / error, math.sqrt(error)
        return (
            f"The cause is the likelihood's scale: model.beta={beta:g} with model.sigma={sigma:g} weighs the KL like beta "
            f"{like:.3g} with sigma {fitting:.2g}, which the mean image's error would give. Type: model.sigma=learned"
        )
    if beta > 1:
        return f"The cause is its weight: model.beta={beta:g}. Type: model.beta=1"
    return (
        "Its weight is not the cause, beta is at most 1: let it rise from 0 (docs/ledger.md), or take a weaker decoder or "
        "a lower rate: model.optimizer.lr=…"
    )


def stated_sigma(model: Any) -> float | None:
    """The sigma of gaussian pixels, where it is a given number."""
    pixels: Any = getattr(model, "pixels", None)
    is_stated = getattr(pixels, "likelihood", "") == "gaussian" and not getattr(pixels, "learned", False)
    return float(pixels.log_sigma.exp()) if is_stated and hasattr(pixels, "log_sigma") else None
