"""Angles between planes, and errors of linear codes: known ones."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles

from genlab.contracts import Affine
from genlab.metrics.subspaces import affine_error, gram, largest_cosine, principal_angles
from genlab.nets.principal_components import moments, principal_components

DICE = torch.Generator().manual_seed(0)
X = torch.rand(200, 9, generator=DICE, dtype=torch.float64)


@pytest.mark.parametrize("degrees", [0.0, 1e-7, 0.5, 44.0, 60.0, 89.9, 90.0])
def test_a_plane_turned_by_an_angle_is_at_that_angle(degrees):
    a = torch.eye(5, 2, dtype=torch.float64)
    b = a.clone()
    b[1, 1], b[2, 1] = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    mixed = b @ torch.tensor([[2.0, 1.0], [-1.0, 3.0]], dtype=torch.float64)  # another basis of the same plane
    torch.testing.assert_close(principal_angles(a, mixed), torch.tensor([0, degrees]).double(), rtol=1e-6, atol=1e-9)


def test_they_are_scipys():
    a, b = (torch.randn(9, 4, generator=DICE, dtype=torch.float64) for _ in range(2))
    expected = np.rad2deg(subspace_angles(a.numpy(), b.numpy()))[::-1].copy()
    torch.testing.assert_close(principal_angles(a, b), torch.from_numpy(expected))


def test_the_error_of_a_linear_code_by_moments_is_that_of_the_images():
    shapes = [(3, 9), (3,), (9, 3), (9,)]
    maps = Affine(*(torch.randn(*shape, generator=DICE, dtype=torch.float64) for shape in shapes))
    output = (X @ maps.encoder.T + maps.shift) @ maps.decoder.T + maps.bias
    torch.testing.assert_close(affine_error(maps, moments(X)), (X - output).square().mean())


def test_no_linear_code_undercuts_the_principal_components():
    least = principal_components(moments(X), 3)
    pca = Affine(least.basis.T, -least.basis.T @ least.mean, least.basis, least.mean)
    floor = affine_error(pca, moments(X))
    torch.testing.assert_close(floor, (least.total - least.variances.sum()) / 9)
    for _ in range(20):
        nearby = Affine(*(one + 1e-3 * torch.randn(one.shape, generator=DICE, dtype=torch.float64) for one in pca))
        assert affine_error(nearby, moments(X)) > floor


def test_the_gram_matrix_tells_orthogonal_columns_from_others():
    assert largest_cosine(gram(3 * torch.eye(5, 2))) == 0
    slanted = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    torch.testing.assert_close(gram(slanted), torch.tensor([[1.0, 1.0], [1.0, 2.0]]).double())
    assert float(largest_cosine(gram(slanted))) == pytest.approx(0.5**0.5)
