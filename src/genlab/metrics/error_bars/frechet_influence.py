"""What each image adds to FID: its derivative with respect to the weight of an image, in closed form.

With means m, covariances S, and the symmetric A that maps the generated Gaussian to the real one (A S_fake A = S_real),
d tr(S_real + S_fake - 2 (S_real S_fake)^1/2) is tr((1 - A) dS_fake) + tr((1 - A^-1) dS_real), so that a generated image x has
the influence 2 (m_fake - m_real).(x - m_fake) + |x - m_fake|^2 - (x - m_fake)^T A (x - m_fake), and a real one the same with
the sides exchanged and A^-1. A: Dowson and Landau, 1982, The Frechet distance between multivariate normal distributions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.metrics.feature_set import FeatureSet

ROWS = 1000  # features in float64 at once
RIDGE = 1e-10  # of the mean variance; lets features that never vary pass
NEGLIGIBLE = 1e-14  # of the largest eigenvalue: rounding


def frechet_influence(real: FeatureSet, fake: FeatureSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """The influence of each real and each generated image on FID, [N] and [M], float64, each up to a constant."""
    means = [z.moments(device).mean for z in (real, fake)]
    few = min(len(real), len(fake)) <= real.features.shape[1]
    transported = (by_pairs if few else by_covariances)(real, fake, device)
    gap = means[1] - means[0]
    of_real = influence_of(centred(real, device), -gap, transported[0])
    return of_real, influence_of(centred(fake, device), gap, transported[1])


def influence_of(parts: list[Tensor], gap: Tensor, transported: Tensor) -> Tensor:
    """2 gap.x + (|x|^2 - x^T A x) n / (n - 1): the unbiased covariance divides by n - 1. Blocks of centred features -> [n]."""
    n = len(transported)
    return torch.cat([2 * part @ gap for part in parts]) + n / (n - 1) * (
        torch.cat([part.square().sum(1) for part in parts]) - transported
    )


def centred(z: FeatureSet, device: torch.device) -> list[Tensor]:
    """Blocks of features without their mean, float64."""
    mean = z.moments(device).mean
    return [part.to(mean) - mean for part in z.features.split(ROWS)]


def lower_root(covariance: Tensor) -> Tensor:
    """Triangular L with L L^T = covariance. Far cheaper than the symmetric root, which needs eigenvectors."""
    ridge = RIDGE * covariance.diagonal().mean().clamp_min(torch.finfo(torch.float64).tiny)
    return torch.linalg.cholesky(covariance + ridge * torch.eye(len(covariance)).to(covariance))


def middle(real: FeatureSet, fake: FeatureSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """L of the real covariance, and L^T S_fake L, whose eigenvalues are those of S_real S_fake."""
    lower = lower_root(real.moments(device).covariance)
    product = lower.T @ fake.moments(device).covariance @ lower
    return lower, (product + product.T) / 2


def full_rank_distance(real: FeatureSet, fake: FeatureSet, device: torch.device) -> float:
    """FID where both covariances have full rank: a Cholesky factor and eigenvalues, no eigenvectors; may be below 0."""
    a, b = real.moments(device), fake.moments(device)
    trace = torch.linalg.eigvalsh(middle(real, fake, device)[1]).clamp_min(0).sqrt().sum()
    return float((a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * trace)


def by_covariances(real: FeatureSet, fake: FeatureSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """x^T A^-1 x of real and x^T A x of generated images, where both covariances have full rank.

    With S_real = L L^T and L^T S_fake L = V diag(e) V^T: A = L V e^-1/2 V^T L^T and A^-1 = L^-T V e^1/2 V^T L^-1.
    """
    lower, product = middle(real, fake, device)
    values, vectors = torch.linalg.eigh(product)
    roots = values.clamp_min(0).sqrt()
    to_fake = torch.linalg.solve_triangular(lower.T, vectors, upper=True)
    of_real = torch.cat([(part @ to_fake).square() @ roots for part in centred(real, device)])
    of_fake = torch.cat([(part @ (lower @ vectors)).square() @ inverse(roots) for part in centred(fake, device)])
    return of_real, of_fake


def by_pairs(real: FeatureSet, fake: FeatureSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """The same where there are no more images than features, from products of pairs of images.

    With P = X Y^T / sqrt((N - 1) (M - 1)) = U diag(s) V^T of the centred features, tr (S_real S_fake)^1/2 is the sum of s, and
    x_i^T A^-1 x_i = (N - 1) sum_k s_k U_ik^2.
    """
    x, y = (torch.cat(centred(z, device)) for z in (real, fake))
    if len(x) > len(y):
        return by_pairs(fake, real, device)[::-1]
    products = x @ y.T / ((len(x) - 1) * (len(y) - 1)) ** 0.5
    values, u = torch.linalg.eigh(products @ products.T)
    s = values.clamp_min(0).sqrt()
    return (len(x) - 1) * (u.square() @ s), (len(y) - 1) * ((products.T @ u).square() @ inverse(s))


def inverse(roots: Tensor) -> Tensor:
    """1 / roots; 0 for those whose squares are rounding."""
    kept = roots.square() > NEGLIGIBLE * roots.max().square()
    return torch.where(kept, 1 / torch.where(kept, roots, 1.0), 0.0)
