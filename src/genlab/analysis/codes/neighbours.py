"""How well classes stand apart in a code: by the nearest other code of each image."""

from __future__ import annotations

import torch
from torch import Tensor


def neighbour_accuracy(code: Tensor, label: Tensor) -> float:
    """How often the nearest of the other codes has the same class: a share. [N, D], int64 [N]."""
    right = 0
    for start in range(0, len(code), 500):
        part = slice(start, start + 500)
        distances = torch.cdist(code[part], code)
        distances[torch.arange(len(distances)), torch.arange(start, start + len(distances))] = torch.inf
        right += int((label[distances.argmin(1)] == label[part]).sum())
    return right / len(code)
