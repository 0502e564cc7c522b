"""The Mahalanobis distance of a code from the codes of training images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mahalanobis:
    """(z - m)' C^-1 (z - m), m and C the mean and the covariance of training codes; directions without variance count nothing.

    Args:
        mean: [D] float64.
        precision: the pseudo-inverse of C, [D, D] float64.
    """

    mean: Tensor
    precision: Tensor

    @classmethod
    def fitted(cls, codes: Tensor) -> Self:
        """Of training codes [N, D]."""
        codes = codes.double()
        return cls(codes.mean(0), torch.linalg.pinv(torch.atleast_2d(codes.T.cov()), rtol=1e-10, hermitian=True))

    def __call__(self, codes: Tensor) -> Tensor:
        """[N, D] -> [N]."""
        away = codes.double() - self.mean
        return torch.einsum("nd,de,ne->n", away, self.precision, away)
