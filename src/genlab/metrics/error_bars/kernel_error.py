"""The standard error of a squared maximum mean discrepancy (KID, CMMD), in closed form from Gram matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Kernel = Callable[[Tensor, Tensor], Tensor]
ENOUGH = 2000  # images of each side: the components below do not depend on how many they are estimated from


@dataclass
class Components:
    """The parts of the variance of the unbiased estimate, by Hoeffding's decomposition (Serfling, 1980, 5.2 and 5.3).

    Args:
        real: the variance of the witness function, E k(x, x') - E k(x, y), over real images x; about 0 for equal distributions.
        fake: the same over generated images y, with E k(x, y) - E k(y, y').
        within_real: the mean squared doubly centred kernel between real images.
        within_fake: between generated ones.
        between: between real and generated ones.
    """

    real: float
    fake: float
    within_real: float
    within_fake: float
    between: float

    def variance(self, n: int, m: int) -> float:
        """The variance of the estimate from n real and m generated images.

        The linear part, an estimate, may be below 0 by chance where the distributions are equal. Cut off at 0 it would be
        too large on average; it may take away up to half of the square part.
        """
        linear = 4 * self.real / n + 4 * self.fake / m
        square = (
            2 * self.within_real / (n * (n - 1)) + 2 * self.within_fake / (m * (m - 1)) + 4 * self.between / (n * m)
        )
        return max(linear + square, square / 2)


def components(x: Tensor, y: Tensor, kernel: Kernel) -> Components:
    """From features of real and generated images, [n, d] and [m, d] float64, all compared with all.

    The witness function is estimated from the same images, and its variance less that estimate's own.
    """
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    within_real, within_fake, between = squared_within(xx), squared_within(yy), squared_between(xy)
    real = float((mean_of_others(xx) - xy.mean(1)).var()) - within_real / len(x) - between / len(y)
    fake = float((mean_of_others(yy) - xy.mean(0)).var()) - within_fake / len(y) - between / len(x)
    return Components(real, fake, within_real, within_fake, between)


def mean_of_others(gram: Tensor) -> Tensor:
    """The mean of each row without the diagonal. [n, n] -> [n]."""
    return (gram.sum(1) - gram.diagonal()) / (len(gram) - 1)


def squared_within(gram: Tensor) -> float:
    """The mean squared kernel between two images of one set, centred without the diagonal.

    The sum of squares has n (n - 3) degrees of freedom (U-centring: Szekely and Rizzo, 2014, arXiv:1310.2926, section 3).
    """
    n = len(gram)
    rows = (gram.sum(1) - gram.diagonal()) / (n - 2)
    centred = gram - rows[:, None] - rows + rows.sum() / (n - 1)
    return float(centred.fill_diagonal_(0).square().sum()) / (n * (n - 3))


def squared_between(gram: Tensor) -> float:
    """The mean squared kernel between images of two sets, doubly centred. [n, m] -> number."""
    centred = gram - gram.mean(0) - gram.mean(1, keepdim=True) + gram.mean()
    return float(centred.square().sum()) / ((gram.shape[0] - 1) * (gram.shape[1] - 1))


def estimated(x: Tensor, y: Tensor, kernel: Kernel, seed: int) -> Components:
    """The components from at most 2,000 images of each side, drawn by ``seed``. [N, d], [M, d], any type and device."""
    stream = torch.Generator().manual_seed(seed)
    real, fake = (z[torch.randperm(len(z), generator=stream)[:ENOUGH].to(z.device)].double() for z in (x, y))
    return components(real, fake, kernel)


def discrepancy_error(x: Tensor, y: Tensor, kernel: Kernel, seed: int) -> float:
    """The standard error of the discrepancy of all images. [N, d], [M, d] -> number."""
    return estimated(x, y, kernel, seed).variance(len(x), len(y)) ** 0.5


def subsets_error(x: Tensor, y: Tensor, kernel: Kernel, subsets: int, size: int, seed: int) -> float:
    """The standard error of a mean over random subsets of ``size`` of each side, as KID's. [N, d], [M, d] -> number.

    A subset is an estimate of its own size; given the images its variance is Var(size) - Var(N, M), and the mean over
    subsets adds the share 1 / subsets of that to Var(N, M). Fewer images than ``size``: the estimate from all of them.
    """
    n, m = len(x), len(y)
    parts = estimated(x, y, kernel, seed)
    of_all = parts.variance(n, m)
    of_one = parts.variance(size, size) if min(n, m) >= size else of_all
    return (of_all + max(0.0, of_one - of_all) / subsets) ** 0.5
