"""Distances between features, and their nearest neighbours, in blocks: memory is bounded whatever the number of images."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK = 1024  # rows and columns of a block: 8 MB in float64


def rows(count: int) -> list[slice]:
    """The blocks of ``count`` rows."""
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]


def mean_of(x: Tensor) -> Tensor:
    """The mean feature in float64. [N, d] -> [d]."""
    return torch.stack([part.double().sum(0) for part in x.split(BLOCK)]).sum(0) / len(x)


def shifted(x: Tensor, block: slice, centre: Tensor, device: torch.device) -> Tensor:
    """Rows of features without ``centre``, float64, on a device."""
    return x[block].to(device).double() - centre.to(device)


def squared_norms(x: Tensor, y: Tensor) -> Tensor:
    """|x|^2 + |y|^2. [n, d], [m, d] -> [n, m]."""
    return x.square().sum(1, keepdim=True) + y.square().sum(1)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """|x - y|^2 = |x|^2 + |y|^2 - 2 x.y. [n, d], [m, d] float64 -> [n, m].

    The sum loses as many digits as the features lie away from 0 in units of their distance, hence ``shifted``.
    """
    return torch.addmm(squared_norms(x, y), x, y.T, alpha=-2)


def rounding_error(x: Tensor, y: Tensor) -> Tensor:
    """A bound on the error of ``squared_distances``: what differs by less may be equal. [n, d], [m, d] -> [n, m]."""
    return squared_norms(x, y).mul_(x.shape[1] * 2**-51)


def blocks_between(x: Tensor, y: Tensor, device: torch.device) -> Iterator[tuple[slice, slice, Tensor, Tensor]]:
    """Each block of rows of ``x`` and rows of ``y`` with its squared distances and their rounding error."""
    centre = mean_of(x)
    for i in rows(len(x)):
        left = shifted(x, i, centre, device)
        for j in rows(len(y)):
            right = shifted(y, j, centre, device)
            yield i, j, squared_distances(left, right), rounding_error(left, right)


def nearest_between(x: Tensor, y: Tensor, k: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The k rows of ``y`` [M, d] nearest to each of ``x`` [N, d]: distances [N, k], ascending, float64; which, [N, k].

    The distances are worked out anew from the rows found, so that equal ones are at 0. Both on the CPU.
    """
    squares = torch.full((len(x), k), torch.inf, dtype=torch.float64, device=device)
    index = torch.zeros(len(x), k, dtype=torch.int64, device=device)
    for i, j, distances, _ in blocks_between(x, y, device):
        near, place = distances.topk(min(k, distances.shape[1]), dim=1, largest=False)
        near, place = torch.cat([squares[i], near], 1), torch.cat([index[i], place + j.start], 1)
        squares[i], order = near.topk(k, dim=1, largest=False)
        index[i] = place.gather(1, order)
    index = index.cpu()
    exact = torch.stack([row_distances(x, y[index[:, place]]) for place in range(k)], 1)
    exact, order = exact.sort(dim=1, stable=True)
    return exact, index.gather(1, order)


def row_distances(x: Tensor, y: Tensor) -> Tensor:
    """The distance of each row to the row of the same place: [N, d], [N, d] -> [N], float64; 0 for equal rows."""
    parts = zip(x.split(BLOCK), y.split(BLOCK), strict=True)
    return torch.cat([(one.double() - other.double()).norm(dim=1) for one, other in parts])


class Nearest:
    """The k nearest other features of each.

    Args:
        x: features [N, d], N > k.
        k: how many.
        device: where it is computed.

    Attributes:
        distances: squared, [N, k], ascending, float64.
        index: which they are, [N, k].
    """

    def __init__(self, x: Tensor, k: int, device: torch.device) -> None:
        self.k = k
        self.distances = torch.full((len(x), k), torch.inf, dtype=torch.float64, device=device)
        self.index = torch.zeros(len(x), k, dtype=torch.int64, device=device)
        centre = mean_of(x)
        for i in rows(len(x)):
            left = shifted(x, i, centre, device)
            for j in rows(i.stop):  # the blocks on and below the diagonal: the matrix is symmetric
                self.take(i, j, squared_distances(left, shifted(x, j, centre, device)))

    def take(self, i: slice, j: slice, distances: Tensor) -> None:
        """Merge a block of distances between rows ``i`` and rows ``j``; a feature is no neighbour of itself."""
        if i == j:
            self.merge(i, j.start, distances.fill_diagonal_(torch.inf))
        else:
            self.merge(i, j.start, distances)
            self.merge(j, i.start, distances.T.contiguous())

    def merge(self, block: slice, first: int, distances: Tensor) -> None:
        """Keep the k nearest of those known and of new ones, whose numbers begin with ``first``."""
        near, index = distances.topk(min(self.k, distances.shape[1]), dim=1, largest=False)
        near, index = (
            torch.cat(both, 1) for both in ((self.distances[block], near), (self.index[block], index + first))
        )
        self.distances[block], order = near.clamp_min_(0).topk(self.k, dim=1, largest=False)
        self.index[block] = index.gather(1, order)

    def radius(self, k: int) -> Tensor:
        """The squared distance to the k-th nearest, [N]."""
        return self.distances[:, k - 1]
