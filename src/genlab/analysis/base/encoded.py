"""The codes of images of a split, with the images and their labels beside them; and images of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.contracts import DataSpec, Split
from genlab.images import from_uint8, to_uint8
from genlab.models.base.labels import for_model

EVERY = 10**9  # images


@dataclass(frozen=True)
class Encoded:
    """Codes of N images, on the CPU, in the order of the split.

    Args:
        index: of each image in its split, int64 [N].
        image: uint8 [N, C, H, W]; of none kept, [0, C, H, W].
        label: int64 [N] or [N, K]; None of a set without.
        mean: the codes, or the means of q(z|x), float64 [N, D].
        logvar: of q(z|x) where it is one Gaussian, float64 [N, D].
    """

    index: Tensor
    image: Tensor
    label: Tensor | None
    mean: Tensor
    logvar: Tensor | None

    def __len__(self) -> int:
        return len(self.index)

    @property
    def x(self) -> Tensor:
        """The images, float32 [N, C, H, W] in [0, 1]."""
        return from_uint8(self.image)

    def first(self, count: int) -> Encoded:
        """The first of them."""
        return Encoded(*(None if part is None else part[:count] for part in vars(self).values()))  # type: ignore[arg-type]

    def draw(self, noise: Tensor) -> Tensor:
        """A code of each image, drawn from its q(z|x) where there is one. [N, D] -> [N, D]."""
        return self.mean if self.logvar is None else self.mean + (0.5 * self.logvar).exp() * noise

    def classes(self, spec: DataSpec) -> np.ndarray | None:
        """The class of each image, [N]; None where labels are none or attributes."""
        return self.label.numpy() if self.label is not None and spec.labels == "classes" else None


def encoded(subject: Subject, count: int = EVERY, split: Split | None = None, images: bool = True) -> Encoded:
    """At most ``count`` images of the subject's split, or of another, drawn by the seed, and their codes.

    Each is encoded under its own label, if the model needs labels. ``images``: whether they are kept.
    """
    parts = [of_batch(subject, batch, images) for batch in subject.held_out(split or subject.split, count)]
    columns = (None if part[0] is None else torch.cat(part) for part in zip(*parts, strict=True))
    return Encoded(*columns)  # type: ignore[arg-type]


def of_batch(subject: Subject, batch: Any, images: bool) -> tuple[Tensor | None, ...]:
    """Index, image, label, mean and log-variance of a batch, on the CPU."""
    x = batch.image.to(subject.model.weight_dtype)
    code = subject.model.encode(x, **for_model(subject.model, batch.label))
    kept = (None if one is None else one.detach().flatten(1).cpu().double() for one in code)
    label = None if batch.label is None else batch.label.cpu()
    return batch.index.cpu(), to_uint8(batch.image if images else batch.image[:0]).cpu(), label, *kept


def decoded(subject: Subject, codes: Tensor, label: Tensor | None = None, chunk: int = 250) -> Tensor:
    """Images of codes [N, D], on the CPU, [N, C, H, W] in [0, 1]; ``label`` of each, if the model needs labels."""
    model, made = subject.model, []
    for start in range(0, len(codes), chunk):
        part = slice(start, start + chunk)
        own = None if label is None else label[part].to(subject.device)
        made.append(model.decode(codes[part].to(subject.device, model.weight_dtype), **for_model(model, own)).cpu())
    return torch.cat(made).float()
