"""What each image adds to a sliced Wasserstein distance: its derivative with respect to the weight of an image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

AT_ONCE = 100  # directions


def sliced_influence(x: Tensor, y: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """The mean over directions of the Kantorovich potentials of the projections, at each image.

    A potential is the derivative of the distance with respect to the weight of a point, up to a constant (Santambrogio, 2015,
    Optimal transport for applied mathematicians, 7.2.2). [N, d], [N, d], [S, d] -> [N], [N], float64.
    """
    of_x, of_y = (torch.zeros(len(z), dtype=torch.float64, device=z.device) for z in (x, y))
    for some in directions.split(AT_ONCE):
        (a, at_a), (b, at_b) = ((some @ z.T).sort(1) for z in (x, y))
        of_x.index_add_(0, at_a.flatten(), potential(a.double(), b.double()).flatten())
        of_y.index_add_(0, at_b.flatten(), potential(b.double(), a.double()).flatten())
    return of_x / len(directions), of_y / len(directions)


def potential(a: Tensor, b: Tensor) -> Tensor:
    """With slope 2 (a - b): the i-th smallest of one side is carried to the i-th smallest of the other. [S, N] each, sorted.

    Between two points the slope has the mean of both ends (the trapezoidal rule). Each row has mean 0.
    """
    steps = a.diff(dim=1) * (a[:, 1:] + a[:, :-1] - b[:, 1:] - b[:, :-1])
    values = pad(steps.cumsum(1), (1, 0))
    return values - values.mean(1, keepdim=True)
