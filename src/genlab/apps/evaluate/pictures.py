"""Pictures of what was measured: every checkpoint's reconstructions of the same images, and its samples, a row each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from genlab.apps.evaluate.measured import Looks, Measured
from genlab.callbacks.pictures import SEED
from genlab.callbacks.samples import labels_for, sampled
from genlab.contracts import DataSpec, Images, Reconstructs, Split
from genlab.data.store.module import StoreData
from genlab.figures import Block, page
from genlab.files import temporary
from genlab.images import to_uint8, widened
from genlab.models.base.code_mixture import can_sample
from genlab.models.base.labels import for_model
from genlab.models.base.model import Model

COUNT = 10  # images of a row
SIDE = 96  # pixels of one, at most


def reconstructions_of(model: Model, data: StoreData, split: Split) -> Looks:
    """A few images of a split of single images, and what the model makes of them."""
    if data.prepared.spec.kind != "images":
        return {}
    rows = data.rows(split)
    batch = data.transfer_batch_to_device(rows.take(chosen(data, split)), model.device, 0)
    batch = data.on_after_batch_transfer(batch, 0)
    assert isinstance(batch, Images)
    looks = {"real": pixels(batch.image)}
    if isinstance(model, Reconstructs):
        looks["reconstructions"] = pixels(model.reconstruct(batch.image, **for_model(model, batch.label)))
    return looks


def samples_of(model: Model, data: StoreData) -> Looks:
    """A few samples, of single images."""
    if data.prepared.spec.kind != "images" or not can_sample(model):
        return {}
    return {"samples": pixels(sampled(model, COUNT, SEED, labels_for(model, data.prepared, COUNT)))}


def chosen(data: StoreData, split: Split) -> np.ndarray:
    """The rows to look at: the first image of each class, or at even distances."""
    labels, count = data.prepared.labels[split], data.prepared.spec.sizes[split]
    if labels is not None and 1 < data.prepared.spec.classes <= COUNT:
        return np.unique(np.asarray(labels), return_index=True)[1]
    return np.unique(np.linspace(0, count - 1, COUNT).round().astype(np.int64))


def pixels(x: Tensor) -> Tensor:
    """[B, C, H, W] in [0, 1] -> uint8 [B, H, W, 3] on the CPU."""
    return to_uint8(widened(x, 3)).permute(0, 2, 3, 1).cpu()


def write_pictures(measured: Mapping[str, Measured], spec: DataSpec, folder: Path) -> list[str]:
    """Write ``reconstructions.png`` (the real images above) and ``samples.png``; returns the names of those there are.

    Beside each name stands its squared error, summed over an image and averaged over the split.
    """
    again, made = (
        {name: one.looks[kind] for name, one in measured.items() if kind in one.looks}
        for kind in ("reconstructions", "samples")
    )
    pages: dict[str, dict[str, Tensor]] = {}
    if again:
        real = next(one.looks["real"] for one in measured.values() if one.looks)
        errors = {name: error_of(measured[name], spec) for name in again}
        pages["reconstructions"] = {"real": real, **{name + errors[name]: row for name, row in again.items()}}
    if made:
        pages["samples"] = made
    for name, rows in pages.items():
        write_page(f"{name}   {spec.name}", rows, folder / f"{name}.png")
    return [f"{name}.png" for name in pages]


def error_of(one: Measured, spec: DataSpec) -> str:
    """The squared error an image, in words, if it was measured."""
    mse = next((value for name, value in one.by_seed[0].items() if name.endswith("/mse")), None)
    return "" if mse is None else f"   squared error {mse * float(np.prod(spec.shape)):.2f} an image"


def write_page(title: str, rows: Mapping[str, Tensor], path: Path) -> None:
    """A page with a row of images for each name."""
    blocks = [Block(name, [(image, "") for image in row.numpy()], len(row), SIDE) for name, row in rows.items()]
    made = page(title, blocks)
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary(path) as part:
        made.savefig(part, format="png")
