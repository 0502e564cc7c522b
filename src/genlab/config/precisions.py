"""Rules of ``trainer.precision``: where each value works, and beside what. docs/performance.md has the measurements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.contracts import Problem

HALF, DOUBLE = ("16-mixed", "16", 16), ("64-true", "64", 64)
ROUNDED = {  # weights of 16 bits or fewer, and what to take instead
    "16-true": "16-mixed",
    "bf16-true": "bf16-mixed",
    "transformer-engine": "bf16-mixed",
    "transformer-engine-float16": "bf16-mixed",
}


def precision_fits_device(plain: dict[str, Any]) -> Iterator[Problem]:
    """A kind of device that is typed must have the precision; one that is found is asked once it is known."""
    trainer = plain.get("trainer") or {}
    if problem := unfit_precision(trainer.get("precision"), trainer.get("accelerator")):
        yield problem


def unfit_precision(precision: Any, device: Any) -> Problem | None:
    """What is wrong with a precision on a kind of device, if anything. ``device``: ``cpu``, ``mps``, or what has them all."""
    where = f"trainer.precision={precision}"
    if precision in HALF and device == "cpu":
        what = "float16 is trained with on a GPU only, and this run is on the CPU"
        return Problem(where, what, "Type: trainer.precision=bf16-mixed, or 32-true")
    if precision in DOUBLE and device == "mps":
        return Problem(where, "mps has no float64", "Type: trainer.precision=32-true, or trainer.accelerator=cpu")
    return None


def clipping_sees_true_gradients(plain: dict[str, Any]) -> Iterator[Problem]:
    """In float16, gradients are scaled until the optimiser step, so clipping would use the wrong norm."""
    trainer = plain.get("trainer") or {}
    if trainer.get("precision") in HALF and trainer.get("gradient_clip_val"):
        what = "gradients are scaled in 16-mixed, and cannot be clipped by their true size"
        yield Problem("trainer.gradient_clip_val", what, "Type: trainer.precision=bf16-mixed")


def weights_stay_precise(plain: dict[str, Any]) -> Iterator[Problem]:
    """Weights of 16 bits round away small updates of Adam and running averages, and pixels what is measured on them.

    A VAE of digits (4 latents, 25 epochs, two seeds) ends 0.10 nats worse in bf16-true than in 32-true and bf16-mixed,
    which agree to 0.001; an autoencoder, whose target is rounded too, 0.05 nats "better", a number that means nothing.
    """
    precision = (plain.get("trainer") or {}).get("precision")
    if precision in ROUNDED:
        what = "rounds weights and pixels: small steps of Adam and of averages are lost, and metrics compare with no other run"
        yield Problem(f"trainer.precision={precision}", what, f"Type: trainer.precision={ROUNDED[precision]}")
