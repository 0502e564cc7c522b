"""The direction in which codes with an attribute differ from codes without it: by their means, and by logistic regression.

All directions have one unit: along a direction of length 1, the mean code of those without the attribute becomes, in that
direction, the mean code of those with it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

STEPS = 50  # of Newton, of which it needs a tenth
CLOSE = 1e-10  # of the mean gradient, below which it has arrived


def mean_difference(codes: Tensor, has: Tensor) -> Tensor:
    """The mean code of those with each attribute less that of those without: White, 2016 (arXiv:1609.04468), section 3.2.

    [N, D], bool [N, A] -> float64 [A, D].

    Raises:
        ValueError: an attribute is true of all, or of none.
    """
    if bool(has.all(0).any()) or not bool(has.any(0).all()):
        raise ValueError("a direction needs codes with the attribute and codes without it")
    yes = has.T.double()
    sums = (part @ codes.double() / part.sum(1, keepdim=True) for part in (yes, 1 - yes))
    return torch.sub(*sums)


def logistic(codes: Tensor, has: Tensor, decay: float) -> Tensor:
    """The weights of a logistic regression of each attribute, in the unit of ``mean_difference``; shapes as there.

    A step along a direction changes what tells the attribute, and as little as possible besides: the normal of the boundary
    (Shen et al., 2020, "Interpreting the Latent Space of GANs for Semantic Face Editing", arXiv:1907.10786, section 3.1).

    All dimensions have one unit: in units of their own, those that say nothing would count as much as the others.
    """
    x = codes.double() - codes.double().mean(0)
    weights = regression(x / x.square().mean().sqrt(), has, decay)[:, :-1]
    return scaled_to(weights, mean_difference(codes, has))


def regression(x: Tensor, has: Tensor, decay: float) -> Tensor:
    """The weights, and last the intercept, of a logistic regression of each attribute, by Newton's method. -> [A, D + 1].

    The mean cross-entropy in nats plus decay / 2 times the squared weights, without the intercept, is least. float64 [N, D].
    """
    ones = x.new_ones(len(x), 1)
    x, yes = torch.cat([x, ones], 1), has.T.double()
    ridge = torch.diag(torch.cat([x.new_full((x.shape[1] - 1,), decay), x.new_zeros(1)]))
    weights = x.new_zeros(len(yes), x.shape[1])
    for _ in range(STEPS):
        told = (weights @ x.T).sigmoid()  # [A, N]
        gradient = (told - yes) @ x / len(x) + weights @ ridge
        if float(gradient.abs().max()) < CLOSE:
            break
        for a, slope in enumerate(told * (1 - told) / len(x)):
            weights[a] -= torch.linalg.solve(x.T * slope @ x + ridge, gradient[a])
    return weights


def scaled_to(directions: Tensor, difference: Tensor) -> Tensor:
    """Directions [A, D] as long as the difference of the means [A, D] is along each of them."""
    unit = normalize(directions, dim=1)
    return unit * (unit * difference).sum(1, keepdim=True)


def cleared(directions: Tensor, difference: Tensor) -> Tensor:
    """Each direction without what lies in the plane of all the others, in the unit of ``mean_difference``. [A, D] twice.

    The conditional manipulation of Shen et al., 2020, section 3.2: what the other directions tell stays.
    """
    found = []
    for a, one in enumerate(directions):
        others = torch.cat([directions[:a], directions[a + 1 :]])
        basis = torch.linalg.qr(others.T).Q if len(others) else others.T
        found.append(one - basis @ (basis.T @ one))
    return scaled_to(torch.stack(found), difference)
