"""Which latents carry anything at all."""

from __future__ import annotations

import numpy as np

CONSTANT = 1e-12  # variance of a latent below which nothing can be told from it
VARYING = 0.05  # standard deviation of a latent that counts, as in the runs of disentanglement_lib


def varying(codes: np.ndarray, least: float = VARYING) -> np.ndarray:
    """Which latents vary by at least ``least`` over the images. [N, D] -> bool [D]."""
    return codes.std(0, ddof=1) >= least
