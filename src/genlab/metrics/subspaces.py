"""How a linear code lies to the principal components: angles between planes, and errors in closed form. In float64."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.contracts import Affine
from genlab.nets.principal_components import covariance


def principal_angles(a: Tensor, b: Tensor) -> Tensor:
    """The angles between two planes, given by spanning columns, in degrees, rising. [P, k] twice -> [k].

    Small ones by their sines, large ones by their cosines, since neither alone is exact near its end: Björck and Golub,
    1973, "Numerical methods for computing angles between linear subspaces".
    """
    p, q = (torch.linalg.qr(x.double()).Q for x in (a, b))
    cosines = torch.linalg.svdvals(p.T @ q).clamp(max=1)
    sines = torch.linalg.svdvals(q - p @ (p.T @ q)).clamp(max=1).flip(0)
    return torch.rad2deg(torch.where(cosines > 0.5**0.5, sines.asin(), cosines.acos()))


def affine_error(maps: Affine, sums: Tensor) -> Tensor:
    """The mean squared error a pixel of an affine autoencoder on the images of the ``moments`` sums, unclipped. -> []."""
    encoder, shift, decoder, bias = (x.double().to(sums.device) for x in maps)
    mean, spread = covariance(sums)
    rest = torch.eye(len(mean), dtype=sums.dtype, device=sums.device) - decoder @ encoder  # x - output = rest x - …
    offset = rest @ mean - decoder @ shift - bias
    return ((rest @ spread * rest).sum() + offset.square().sum()) / len(mean)


def gram(decoder: Tensor) -> Tensor:
    """W^T W of a decoder's weight [P, k] -> [k, k]: the identity for orthonormal columns."""
    return decoder.double().T @ decoder.double()


def cosines(gram: Tensor) -> Tensor:
    """The cosines of all pairs of columns, by their Gram matrix; 0 with a column of zeros. [k, k] -> [k, k]."""
    lengths = gram.diagonal().sqrt()
    return gram / torch.outer(lengths, lengths).clamp(min=torch.finfo(gram.dtype).tiny)


def largest_cosine(gram: Tensor) -> Tensor:
    """The largest |cosine| between two columns, by their Gram matrix [k, k]: 0 where they are orthogonal. -> []."""
    found = cosines(gram)
    return (found - torch.diag(found.diagonal())).abs().max()
