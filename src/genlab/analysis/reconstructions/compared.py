"""What several models make of the same images: errors over a split, and a few of their reconstructions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.images import image_batches
from genlab.analysis.base.subject import Subject
from genlab.contracts import IsAffine
from genlab.losses.likelihood import squared_error
from genlab.metrics.reconstruction import psnr
from genlab.models.base.labels import for_model


@dataclass(frozen=True)
class Reconstruction:
    """What one model makes of N images.

    Args:
        name: of the run.
        model: its name in ``conf/model``.
        size: D, of its codes; 0 where it has none.
        error: squared error of each image, summed over its pixels, of what the model puts out, [N] float64.
        clipped: the same of the picture in [0, 1].
        psnr: of the picture, in dB, [N].
        shown: the pictures of the images that are shown, [n, C, H, W] in [0, 1].
    """

    name: str
    model: str
    size: int
    error: Tensor
    clipped: Tensor
    psnr: Tensor
    shown: Tensor

    @property
    def row(self) -> dict[str, Any]:
        """A row of a table: means over the images, with the standard error of the first."""
        pixels = self.shown[0].numel()
        return {
            "run": self.name,
            "model": self.model,
            "dimension": self.size or None,
            "squared_error": float(self.error.mean()),
            "squared_error_se": float(self.error.std()) / math.sqrt(len(self.error)),
            "squared_error_clipped": float(self.clipped.mean()),
            "mse": float(self.error.mean()) / pixels,
            "psnr": float(self.psnr.mean()),
        }


def reconstruction(subject: Subject, name: str, count: int, shown: Sequence[int]) -> Reconstruction:
    """Of at most ``count`` images of the split.

    Args:
        subject: the run.
        name: of it in tables.
        count: images that are measured.
        shown: places of those whose reconstructions are kept, among them.
    """
    parts: list[tuple[Tensor, ...]] = []
    kept, seen = [], 0
    for batch in image_batches(subject, subject.split, count):
        picture = subject.model.reconstruct(batch.image, **for_model(subject.model, batch.label)).float()
        output = linear_output(subject.model, batch.image) if isinstance(subject.model, IsAffine) else picture
        errors = (squared_error(one.double(), batch.image.double()) for one in (output, picture))
        parts.append((*errors, psnr(picture, batch.image)))
        kept.append(picture[[i - seen for i in shown if seen <= i < seen + len(picture)]].cpu())
        seen += len(picture)
    error, clipped, decibels = (torch.cat(part).double().cpu() for part in zip(*parts, strict=True))
    model = str(subject.loaded.config.choices.model)
    return Reconstruction(name, model, code_size(subject), error, clipped, decibels, torch.cat(kept))


def linear_output(model: IsAffine, x: Tensor) -> Tensor:
    """What a linear model puts out, before it is clipped to a picture. [B, C, H, W] -> the same."""
    own = model.affine()
    code = x.flatten(1).to(own.encoder) @ own.encoder.T + own.shift
    return (code @ own.decoder.T + own.bias).view_as(x)


def code_size(subject: Subject) -> int:
    """D, by the code of an image; 0 of a model without."""
    if not hasattr(subject.model, "encode"):
        return 0
    batch = next(image_batches(subject, subject.split, 1))
    code = subject.model.encode(batch.image, **for_model(subject.model, batch.label))
    return int(code.mean.flatten(1).shape[1])


@dataclass(frozen=True)
class Chosen:
    """The images that are shown: their places among those that are measured, themselves [n, C, H, W], and captions."""

    places: list[int]
    image: Tensor
    captions: list[str]


def chosen(subject: Subject, count: int, wanted: int) -> Chosen:
    """One of each class, in their order, where the set has classes; else, and beyond them, the first; in all ``wanted``.

    Args:
        subject: any of those that are compared.
        count: images that are measured, at most.
        wanted: images to show, at most.
    """
    batches: list[Any] = list(subject.held_out(subject.split, count))
    images = torch.cat([batch.image for batch in batches]).float().cpu()
    spec, labels = subject.loaded.spec, batches[0].label
    classes = (
        torch.cat([batch.label for batch in batches]).cpu().numpy() if spec.classes and labels is not None else None
    )
    places = spread(len(images), classes, wanted)
    names = spec.class_names or [str(k) for k in range(spec.classes)]
    captions = [""] * len(places) if classes is None else [names[int(classes[i])] for i in places]
    return Chosen(places, images[places], captions)


def spread(count: int, classes: np.ndarray | None, wanted: int) -> list[int]:
    """Places of ``wanted`` of ``count`` images in rising order: of each class as many, as far as they go."""
    if classes is None:
        return list(range(min(wanted, count)))
    rank = np.zeros(count, int)  # how many of its class come before an image
    for k in np.unique(classes):
        own = np.flatnonzero(classes == k)
        rank[own] = np.arange(len(own))
    order = np.lexsort((classes, rank))[:wanted]
    return sorted(order.tolist(), key=lambda i: (rank[i], classes[i], i)) if wanted else []
