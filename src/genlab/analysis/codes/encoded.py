"""The codes of images of a split, with the images and their labels beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.contracts import DataSpec, Split
from genlab.images import to_uint8
from genlab.models.base.labels import for_model


@dataclass(frozen=True)
class Encoded:
    """Codes of N images, on the CPU.

    Args:
        index: of each image in its split, int64 [N].
        image: uint8 [N, C, H, W].
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

    def draw(self, noise: Tensor) -> Tensor:
        """A code of each image, drawn from its q(z|x) where there is one. [N, D] -> [N, D]."""
        return self.mean if self.logvar is None else self.mean + (0.5 * self.logvar).exp() * noise

    def classes(self, spec: DataSpec) -> np.ndarray | None:
        """The class of each image, [N]; None where labels are none or attributes."""
        return self.label.numpy() if self.label is not None and spec.labels == "classes" else None


def encoded(subject: Subject, count: int, split: Split | None = None) -> Encoded:
    """At most ``count`` images of the subject's split, or of another, and their codes."""
    parts = [of_batch(subject, batch) for batch in subject.held_out(split or subject.split, count)]
    columns = (None if part[0] is None else torch.cat(part) for part in zip(*parts, strict=True))
    return Encoded(*columns)  # type: ignore[arg-type]


def of_batch(subject: Subject, batch: Any) -> tuple[Tensor | None, ...]:
    """Index, image, label, mean and log-variance of a batch, on the CPU."""
    code = subject.model.encode(batch.image, **for_model(subject.model, batch.label))
    kept = (None if one is None else one.detach().flatten(1).cpu().double() for one in code)
    label = None if batch.label is None else batch.label.cpu()
    return batch.index.cpu(), to_uint8(batch.image).cpu(), label, *kept


def neighbour_accuracy(code: Tensor, label: Tensor) -> float:
    """How often the nearest of the other codes has the same class: a share. [N, D], int64 [N]."""
    right = 0
    for start in range(0, len(code), 500):
        part = slice(start, start + 500)
        distances = torch.cdist(code[part], code)
        distances[torch.arange(len(distances)), torch.arange(start, start + len(distances))] = torch.inf
        right += int((label[distances.argmin(1)] == label[part]).sum())
    return right / len(code)
