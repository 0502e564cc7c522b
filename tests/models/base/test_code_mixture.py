"""Gaussians fitted to codes: known ones are found again, the same every time; what is not fitted is refused."""

import pytest
import torch

from genlab.contracts import ConfigError
from genlab.models.base.code_mixture import CodeMixture, has_unfitted, mixture_of

SHARES, CENTRES = torch.tensor([0.2, 0.5, 0.3]), torch.tensor([[-4.0, 0.0], [3.0, 3.0], [0.0, -5.0]])
ROOTS = torch.tensor([[[0.5, 0.0], [0.3, 0.4]], [[1.0, 0.0], [0.0, 0.2]], [[0.3, 0.0], [-0.2, 0.6]]])


def known():
    one = CodeMixture(3, 1000).bound_to(2)
    for buffer, value in zip((one.weights, one.means, one.roots), (SHARES, CENTRES, ROOTS), strict=True):
        buffer.copy_(value)
    return one


def draws(n, seed=0):
    return known().sample(n, torch.Generator().manual_seed(seed), torch.float32)


def covariances(one):
    return one.roots @ one.roots.mT


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4])
def test_known_gaussians_are_found_again(scale):
    found = CodeMixture(3, 1000).bound_to(2)
    found.fit(draws(20_000) * scale + 7 * scale, seed=1)
    order = found.means[:, 0].argsort()[[0, 2, 1]]
    torch.testing.assert_close(found.weights[order], SHARES, atol=0.02, rtol=0)
    torch.testing.assert_close(found.means[order] / scale - 7, CENTRES, atol=0.03, rtol=0)
    torch.testing.assert_close(covariances(found)[order] / scale**2, covariances(known()), atol=0.03, rtol=0)


def test_draws_have_the_moments_of_the_mixture():
    x = draws(200_000).double()
    mean = SHARES @ CENTRES
    torch.testing.assert_close(x.mean(0).float(), mean, atol=0.02, rtol=0)
    spread = torch.einsum("k,kij->ij", SHARES, covariances(known()) + torch.einsum("ki,kj->kij", CENTRES, CENTRES))
    torch.testing.assert_close(x.T.cov().float(), spread - torch.outer(mean, mean), atol=0.1, rtol=0)
    assert torch.equal(draws(50, seed=4), draws(50, seed=4))


def test_the_same_codes_and_seed_give_the_same_bits_and_draw_from_nobody_elses_randomness():
    codes, state = draws(500), torch.get_rng_state()
    one, other = CodeMixture(4, 1000).bound_to(2), CodeMixture(4, 1000).bound_to(2)
    one.fit(codes, 3)
    other.fit(codes, 3)
    assert all(torch.equal(a, b) for a, b in zip(one.buffers(), other.buffers(), strict=True))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("codes", [torch.zeros(50, 2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]).repeat(9, 1)])
def test_few_different_codes_make_few_gaussians_that_are_no_points(codes):
    one = CodeMixture(5, 1000).bound_to(2)
    one.fit(codes, 0)
    assert (one.weights > 0).sum() == len(codes.unique(dim=0))
    made = one.sample(500, torch.Generator().manual_seed(0), torch.float32)
    assert made.isfinite().all()
    assert (made[:, None] - codes.unique(dim=0)).norm(dim=-1).amin(1).max() < 0.3


class Able:
    def __init__(self, mixture):
        self.mixture = mixture


def test_what_is_not_there_or_not_fitted_is_refused_with_the_remedy():
    with pytest.raises(ConfigError, match=r"model.mixture: Able has no prior.*\n.*model.mixture.components=10"):
        mixture_of(Able(CodeMixture(0, 10).bound_to(2)))
    unfitted = Able(CodeMixture(3, 10).bound_to(2))
    with pytest.raises(ConfigError, match=r"when the training is over.*\n.*generate.py"):
        mixture_of(unfitted)
    assert has_unfitted(unfitted)
    assert not has_unfitted(Able(None))
    unfitted.mixture = known()
    assert not has_unfitted(unfitted)
    unfitted.mixture.clear()
    assert has_unfitted(unfitted)


def test_it_travels_with_the_weights():
    other = CodeMixture(3, 1000).bound_to(2)
    other.load_state_dict(known().state_dict())
    assert other.fitted
    stream = torch.Generator().manual_seed(0)
    assert torch.equal(other.sample(9, stream, torch.float32), draws(9))
