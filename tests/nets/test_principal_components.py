"""Principal components from sums: those of the singular value decomposition, and of scikit-learn."""

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA as Reference

from genlab.nets.principal_components import moments, principal_components

IMAGES = torch.from_numpy(load_digits().data / 16)  # [1797, 64]


def test_they_are_those_of_scikit_learn_but_for_signs():
    found = principal_components(moments(IMAGES), 10)
    reference = Reference(10, svd_solver="full").fit(IMAGES.numpy())
    torch.testing.assert_close(found.mean, torch.from_numpy(reference.mean_))
    cosines = (found.basis * torch.from_numpy(reference.components_.T)).sum(0)
    torch.testing.assert_close(cosines.abs(), torch.ones(10, dtype=torch.float64))
    explained = found.variances.sum() / found.total
    assert float(explained) == pytest.approx(reference.explained_variance_ratio_.sum(), rel=1e-10)


def test_they_are_the_right_singular_vectors_of_the_centred_images():
    found = principal_components(moments(IMAGES), 5)
    _, lengths, vectors = torch.linalg.svd(IMAGES - IMAGES.mean(0), full_matrices=False)
    torch.testing.assert_close(found.variances, lengths[:5].square() / len(IMAGES))
    torch.testing.assert_close(
        (found.basis.T @ vectors[:5].T).abs(), torch.eye(5, dtype=torch.float64), atol=1e-9, rtol=0
    )


def test_they_are_orthonormal_in_falling_order_and_the_largest_entry_of_each_is_positive():
    found = principal_components(moments(IMAGES), 64)  # pixels that never change have no variance: any basis of theirs
    torch.testing.assert_close(found.basis.T @ found.basis, torch.eye(64, dtype=torch.float64), atol=1e-9, rtol=0)
    assert (found.variances.diff() <= 1e-12).all()
    assert (found.basis.gather(0, found.basis.abs().argmax(0, keepdim=True)) > 0).all()
    assert float(found.variances.sum()) == pytest.approx(float(found.total))


def test_sums_of_batches_are_those_of_all():
    parts = [moments(part) for part in IMAGES.split([7, 512, 1278])]
    torch.testing.assert_close(sum(parts), moments(IMAGES))
    assert moments(IMAGES.float()).dtype == torch.float64
