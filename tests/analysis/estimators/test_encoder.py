"""The gradient of a VAE's encoder: carried to its weights as autograd carries it, and the same mean by all estimators."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from genlab.analysis.estimators.encoder import by_weights, chunks, measured, point_of
from genlab.analysis.estimators.gradients import BASELINE, PATHWISE, SCORE
from genlab.analysis.reparameterisation import apart, errors_by_draws, row_of, signal_of
from genlab.contracts import ConfigError, Images
from genlab.models.base.distributions import DiagonalGaussian


class TinyVAE(nn.Module):
    """A linear encoder of four pixels into two numbers; -log p(x|z) is the squared distance to a linear decoder's output."""

    weight_dtype = torch.float64

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.encoder, self.decoder = nn.Linear(4, 4).double(), nn.Linear(2, 4).double()

    def posterior(self, x, *y):
        return DiagonalGaussian(*self.encoder(x.flatten(1)).chunk(2, 1))

    def nll(self, x, z, *y):
        return (self.decoder(z) - x.flatten(1)[:, None]).square().sum(-1)


def subject(model=None, count=3):
    x = torch.rand(count, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    return SimpleNamespace(
        model=model or TinyVAE(),
        seed=0,
        split="test",
        held_out=lambda split, n: [Images(x[:2], None, None), Images(x[2:], None, None)],
    )


def test_the_pathwise_gradient_by_the_weights_is_that_of_the_loss():
    """Of the mean over images of -log p(x | mu + sigma eps), by autograd through the encoder."""
    one = subject()
    point = point_of(one, 3)
    (found,) = chunks(one, point, 5)
    carried = by_weights(point, found[PATHWISE])
    stream_noise = (found[PATHWISE].logvar / found[PATHWISE].mu).div(0.5)  # sigma eps
    q = one.model.posterior(point.x)
    for s in range(5):
        eps = (stream_noise[:, s] / (0.5 * q.logvar).exp()).detach()
        z = q.mean + (0.5 * q.logvar).exp() * eps
        loss = one.model.nll(point.x, z[:, None]).mean()
        wanted = torch.autograd.grad(loss, list(one.model.encoder.parameters()), retain_graph=True)
        assert torch.allclose(carried[s], torch.cat([part.flatten() for part in wanted]), atol=1e-12)


def test_all_estimators_have_one_mean_and_falling_variances():
    one = subject()
    found = measured(one, point_of(one, 3), 20_000, 300)
    rows = {
        (row["by"], row["estimator"]): row
        for part in ("mu", "log sigma^2", "weights")
        for row in [row_of(name, part, found) for name in (SCORE, BASELINE, PATHWISE)]
    }
    for part in ("mu", "log sigma^2", "weights"):
        assert rows[part, SCORE]["variance"] > rows[part, BASELINE]["variance"] > rows[part, PATHWISE]["variance"]
        assert rows[part, PATHWISE]["times_pathwise"] == 1
        assert 0 < rows[part, SCORE]["from_pathwise"] < 2.5
        assert rows[part, SCORE]["draws"] == (300 if part == "weights" else 20_000)


def test_the_signal_is_the_squared_norm_of_the_expected_gradient():
    """Of a quadratic f the expected gradient by mu is that at the mean: 2 W^T (W mu + b - x)."""
    one = subject()
    point = point_of(one, 3)
    found = measured(one, point, 20_000, 2)
    own = one.model.decoder
    truth = (2 * (own(point.q.mean) - point.x.flatten(1)) @ own.weight).detach()
    assert signal_of(found.moments[PATHWISE, "mu"]) == pytest.approx(float(truth.square().sum()), rel=0.02)
    assert apart(found.moments[PATHWISE, "mu"], found.moments[PATHWISE, "mu"]) == 0


def test_the_error_of_a_mean_falls_as_the_root_of_the_draws():
    one = subject()
    rows = errors_by_draws(measured(one, point_of(one, 3), 4096, 2))
    assert [row["draws"] for row in rows] == [2**k for k in range(12)]
    for name in (SCORE, BASELINE, PATHWISE):
        assert rows[0][name] / rows[6][name] == pytest.approx(8, rel=0.25)


def test_draws_come_in_chunks_that_are_all_different(monkeypatch):
    monkeypatch.setattr("genlab.analysis.estimators.encoder.AT_ONCE", 3 * 4 * 7)
    one = subject()
    parts = list(chunks(one, point_of(one, 3), 20))
    assert [len(part[PATHWISE].mu[0]) for part in parts] == [7, 7, 6]
    assert not torch.equal(parts[0][PATHWISE].mu, parts[1][PATHWISE].mu)


def test_a_posterior_of_another_kind_is_refused():
    model = TinyVAE()
    model.posterior = lambda x, *y: object()
    with pytest.raises(ConfigError, match="q\\(z\\|x\\) of TinyVAE is not one Gaussian"):
        point_of(subject(model), 3)
