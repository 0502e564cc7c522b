"""The lines printed at the start and end of a run."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl

from genlab.callbacks.progress import ADVERSARIAL
from genlab.console import say
from genlab.contracts import BINARIZED, DataSpec
from genlab.metrics.names import FLOOR, SE, with_asides
from genlab.models.base.model import Model
from genlab.models.base.tf32 import tf32
from genlab.runs.directory import RunDirectory

TRANSLATED = ("l1", "cycle_l1_AtoB", "cycle_l1_BtoA", "identity_l1_AtoB", "identity_l1_BtoA")
ENDS = ("_AtoB", "_BtoA", "_mean")  # of numbers of two ways, and of what is the mean of both
TOLD = (
    "elbo",
    "bpd",
    "loss",
    "recon",
    "kl",
    "sigma",
    *ADVERSARIAL,
    "d_accuracy",
    *TRANSLATED,
)  # the models' own; evaluators say theirs


def parameters(model: Model) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def opening(model: Model, spec: DataSpec, trainer: pl.Trainer, directory: RunDirectory, name: str, images: str) -> None:
    """Print model, data, device and run directory. ``images``: a note on where the images are stored."""
    shape = "x".join(map(str, spec.shape))
    devices = f"{trainer.world_size} x " if trainer.world_size > 1 else ""
    say(f"model     {name}, {parameters(model):,} parameters")
    say(f"data      {spec.name}: {sizes(spec)}; {spec.kind} {shape}{skipped(spec)}")
    kind = trainer.strategy.root_device.type
    products = " with products in TF32" if kind == "cuda" and any(tf32()) else ""
    say(f"device    {devices}{kind}, {trainer.precision}{products}, seed {model.seed}{images}")
    say(f"results   {directory.path}")
    for note in notes(spec, model):
        say(f"note      {note}")


def sizes(spec: DataSpec) -> str:
    """``55,000 / 5,000 / 10,000 (train / val / test)``; of two domains ``1,067 + 1,334 / …``, A before B."""
    splits = ("train", "val", "test")
    sides = ("A", "B") if spec.kind == "domains" else ("",)
    told = [" + ".join(f"{spec.sizes[f'{split}{side}']:,}" for side in sides) for split in splits]
    return f"{' / '.join(told)} ({' / '.join(splits)})"


def notes(spec: DataSpec, model: Model) -> list[str]:
    """Notes on the data set and on the model's metrics."""
    how = [f"the model sees {BINARIZED[spec.binarized]} images"] if spec.binarized else []
    return [*([spec.note] if spec.note else []), *spec.remarks, *how, *model.notes()]


def skipped(spec: DataSpec) -> str:
    """How many files could not be read, if any."""
    return f"; {len(spec.skipped)} unreadable files skipped" if spec.skipped else ""


def measured(metrics: dict[str, float], headline: tuple[str, ...]) -> None:
    """Print the test metrics; metrics per direction are on separate lines.

    ``headline``: name prefixes of the evaluators' metrics to show.
    """
    test = with_asides({n.removeprefix("test/"): value for n, value in metrics.items() if n.startswith("test/")})
    shown = {name: test[name] for name in TOLD if name in test}
    found = {name: value for name, value in test.items() if name.startswith(headline) and name not in shown}
    rows = [shown | {name: value for name, value in found.items() if not name.endswith(ENDS)}]
    rows += [{name: value for name, value in found.items() if name.endswith(end)} for end in ENDS]
    for i, row in enumerate(row for row in rows if row):
        numbers = "  ".join(f"{name} {in_words(values)}" for name, values in row.items())
        say(f"{'' if i else 'test':10}{numbers}")


def in_words(values: dict[str, float]) -> str:
    """``29.13 ± 0.42 (floor 3.1)``: a number with what stands beside it."""
    error = f" ± {values[SE]:.2g}" if SE in values else ""
    floor = f" (floor {values[FLOOR]:.2g})" if FLOOR in values else ""
    return f"{values['']:.4g}{error}{floor}"


def closing(directory: RunDirectory, seconds: float, measuring: float) -> None:
    """Print what of the time went into measuring, the duration and the folder of pictures."""
    if measuring > 0:
        say(
            f"measuring {in_seconds(measuring)} of {in_seconds(seconds)} ({100 * measuring / max(seconds, measuring):.0f} %)"
        )
    say(f"done      {seconds:.0f} s; pictures in {directory.path / 'images'}")


def in_seconds(seconds: float) -> str:
    """``41 s``, ``0.4 s``."""
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def counts(spec: DataSpec, model: Model, measured: dict[str, int]) -> dict[str, Any]:
    """The ``counts`` of ``summary.json``."""
    return {**spec.sizes, "skipped": len(spec.skipped), "parameters": parameters(model), **measured}
