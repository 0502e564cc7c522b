"""Spectral normalisation: Miyato et al., 2018 (arXiv:1802.05957). W / sigma(W), of which the largest singular value is 1."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import register_parametrization

FIRST = 15  # iterations on the initial weights, so that sigma is near from the start
EPS = 1e-12


class SpectralNorm(nn.Module):
    """A weight divided by its largest singular value, found by one power iteration per forward in training (algorithm 1).

    In evaluation u and v stay as they are. In training a second forward has another u than the first, so two forwards
    of one batch each differ in the last digits from one forward of both. Computed in float32 at least, without autocast.

    Args:
        weight: initial, [outputs, ...]; the first u is drawn from torch's global state.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        matrix = as_matrix(weight.detach())
        self.register_buffer("u", normalize(torch.randn_like(matrix[:, 0]), dim=0, eps=EPS))
        self.register_buffer("v", torch.empty_like(matrix[0]))
        for _ in range(FIRST):
            self.iterate(matrix)

    def forward(self, weight: Tensor) -> Tensor:
        """W [outputs, ...] -> W / (u^T W v), of the same shape (eq. 9)."""
        with torch.autocast(weight.device.type, enabled=False):
            matrix = as_matrix(weight)
            if self.training:
                self.iterate(matrix.detach())
            # copies, since the next forward changes u and v before the backward of this one
            u, v = (vector.to(matrix.dtype, copy=True) for vector in (self.u, self.v))
            return weight / torch.dot(u, matrix @ v)

    @torch.no_grad()
    def iterate(self, matrix: Tensor) -> None:
        """v <- W^T u / |W^T u|, then u <- W v / |W v|, in place. Takes [outputs, inputs]."""
        self.v.copy_(normalize(matrix.mT @ self.u.to(matrix.dtype), dim=0, eps=EPS))
        self.u.copy_(normalize(matrix @ self.v.to(matrix.dtype), dim=0, eps=EPS))


def as_matrix(weight: Tensor) -> Tensor:
    """[outputs, ...] -> [outputs, inputs] (section 2.1), in float32 at least."""
    return weight.flatten(1).to(torch.promote_types(weight.dtype, torch.float32))


def normalise_spectrum(net: nn.Module) -> None:
    """Put a spectral norm on every linear and convolutional layer of an initialised network."""
    for layer in [*net.modules()]:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            register_parametrization(layer, "weight", SpectralNorm(layer.weight))
