"""Total correlation by a density ratio: Kim and Mnih, 2018 (arXiv:1802.05983), section 3."""

from __future__ import annotations

from torch import Tensor


def permute_dims(z: Tensor, order: Tensor) -> Tensor:
    """Codes with each dimension permuted over the batch by an order of its own: algorithm 1.

    Draws from q(z) become draws, nearly, from the product of its marginals: every column keeps its values, and no two
    columns stay together. z [B, D], order int64 [B, D] with a permutation of 0 … B-1 in each column -> [B, D].
    """
    return z.gather(0, order)
