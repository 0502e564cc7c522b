"""The few lines that open and close a run."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl

from genlab.contracts import DataSpec
from genlab.models.base import Model
from genlab.runs.console import say
from genlab.runs.directory import RunDirectory

TOLD = ("elbo", "loss", "recon", "kl", "mse", "psnr", "ssim", "loss_d", "loss_g", "d_accuracy")


def parameters(model: Model) -> int:
    """Trainable numbers."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def opening(model: Model, spec: DataSpec, trainer: pl.Trainer, directory: RunDirectory, name: str) -> None:
    """What runs, on what, how large, and where the results go."""
    sizes = " / ".join(f"{spec.sizes[split]:,}" for split in ("train", "val", "test"))
    shape = "x".join(map(str, spec.shape))
    devices = f"{trainer.world_size} x " if trainer.world_size > 1 else ""
    say(f"model     {name}, {parameters(model):,} parameters")
    say(f"data      {spec.name}: {sizes} images {shape} (train / val / test){skipped(spec)}")
    say(f"device    {devices}{trainer.strategy.root_device.type}, {trainer.precision}, seed {model.seed}")
    say(f"results   {directory.path}")
    for note in model.notes():
        say(f"note      {note}")


def skipped(spec: DataSpec) -> str:
    """How many files could not be read, if any."""
    return f"; {len(spec.skipped)} unreadable files skipped" if spec.skipped else ""


def closing(metrics: dict[str, float], directory: RunDirectory, seconds: float, note: str = "") -> None:
    """The test's numbers, and where to look."""
    shown = {name: metrics[f"test/{name}"] for name in TOLD if f"test/{name}" in metrics}
    shown |= {name.split("/")[1]: value for name, value in metrics.items() if name.startswith(("test/fid", "test/kid"))}
    say("test      " + "  ".join(f"{name} {value:.4g}" for name, value in shown.items()))
    say(f"done      {seconds:.0f} s{note}; pictures in {directory.path / 'images'}")


def counts(spec: DataSpec, model: Model, measured: dict[str, int]) -> dict[str, Any]:
    """What ``summary.json`` says was counted."""
    sizes = {split: spec.sizes[split] for split in ("train", "val", "test")}
    return {**sizes, "skipped": len(spec.skipped), "parameters": parameters(model), **measured}
