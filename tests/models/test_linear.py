"""Linear codes that are trained: where their optimum lies, and what a code is."""

import pytest
import torch
from scipy.optimize import minimize
from sklearn.datasets import load_digits

from genlab.contracts import Affine, DataSpec, Images
from genlab.losses.likelihood import bernoulli_nll
from genlab.metrics.subspaces import affine_error, gram, largest_cosine, principal_angles
from genlab.models.base.code_mixture import CodeMixture
from genlab.models.base.schedules import Constant
from genlab.models.linear_ae import LinearAutoencoder
from genlab.models.logistic_pca import LogisticPCA, bound_curvature
from genlab.models.pca import PCA
from genlab.nets.principal_components import moments, principal_components

from stepping import noise_of

X = torch.from_numpy(load_digits().images / 16)[:400, None]
SPEC = DataSpec("digits", "images", (1, 8, 8), {"train": 400}, "0")
BATCH = Images(X, None, torch.arange(len(X)))


def linear(size=4):
    torch.manual_seed(0)
    return LinearAutoencoder(size, 1.0, None, torch.optim.SGD, Constant(), SPEC, 0).double()


def logistic(iterations=30, ridge=0.5):
    torch.manual_seed(0)
    return LogisticPCA(3, ridge, iterations, None, torch.optim.SGD, Constant(), SPEC, 0).double()


def test_the_principal_components_in_any_basis_are_a_minimum_of_the_linear_autoencoder():
    model, least = linear(), principal_components(moments(X.flatten(1)), 4)
    turn = torch.tensor([[1.0, 2, 0, 1], [0, 1, 3, 0], [1, 0, 1, 0], [0, 0, 1, 2]]).double()
    with torch.no_grad():
        model.decoder.weight.copy_(least.basis @ turn)
        model.encoder.weight.copy_(torch.linalg.inv(turn) @ least.basis.T)
        model.encoder.bias.copy_(-model.encoder.weight @ least.mean)
        model.decoder.bias.copy_(least.mean)
    terms = model.terms(BATCH, noise_of(model, 0))
    terms["loss"].mean().backward()
    assert all(p.grad.abs().max() < 1e-9 for p in model.parameters())
    assert float(terms["squared_error"].detach().mean()) == pytest.approx(float(least.total - least.variances.sum()))
    torch.testing.assert_close(model.score(X), terms["loss"].detach())


def test_descent_finds_the_plane_of_the_principal_components_and_not_their_axes():
    model, sums = linear(2), moments(X.flatten(1))
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=150, line_search_fn="strong_wolfe", tolerance_change=0)

    def closure():
        optimizer.zero_grad()
        loss = model.terms(BATCH, noise_of(model, 0))["loss"].mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    maps = Affine(*(one.detach() for one in model.affine()))
    least = principal_components(sums, 2)
    floor = (least.total - least.variances.sum()) / 64
    assert 1 - 1e-12 <= float(affine_error(maps, sums) / floor) < 1.001
    assert principal_angles(maps.decoder, least.basis).max() < 5
    assert largest_cosine(gram(maps.decoder)) > 0.1


def test_the_maps_of_a_linear_autoencoder_are_what_it_computes():
    model = linear()
    maps = model.affine()
    z = X.flatten(1) @ maps.encoder.T + maps.shift
    torch.testing.assert_close(model.encode(X).mean, z.detach())
    torch.testing.assert_close(model.decode(z).flatten(1), (z @ maps.decoder.T + maps.bias).clamp(0, 1).detach())


def loss_of(model, x, z):
    recon = bernoulli_nll(model.decoder(z).view_as(x), x)
    return recon + 0.5 * model.ridge * z.square().sum(1)


def test_a_code_of_logistic_pca_is_the_minimum_that_another_optimiser_finds():
    model, x = logistic(iterations=200), X[:3]
    found = model.encode(x).mean
    for one, code in zip(x, found, strict=True):

        def loss(z, one=one):
            z = torch.from_numpy(z).requires_grad_()
            value = loss_of(model, one[None], z[None]).sum()
            return float(value.detach()), torch.autograd.grad(value, z)[0].numpy()

        best = minimize(loss, [0.0] * 3, jac=True, tol=1e-12)
        torch.testing.assert_close(code, torch.from_numpy(best.x), rtol=1e-4, atol=1e-5)


def test_every_step_towards_a_code_lowers_every_images_loss():
    model = logistic(ridge=1e-3)
    with torch.no_grad():
        model.decoder.weight *= 3
        model.decoder.bias -= 6  # logits far from 0, where Newton's own step overshoots
        losses = []
        for model.iterations in range(1, 12):
            losses.append(loss_of(model, X, model.codes(X)))
    assert all((after <= before + 1e-9).all() for before, after in zip(losses, losses[1:], strict=False))
    assert losses[-1].mean() < losses[0].mean() - 1e-3


def test_the_gradient_is_that_of_the_loss_at_the_best_code():
    """Though the codes are taken as given: at a minimum over z their own movement does not count (Danskin)."""
    model = logistic(iterations=60)
    terms = model.terms(BATCH, noise_of(model, 0))
    terms["loss"].mean().backward()
    weight, slope, step = model.decoder.weight, model.decoder.weight.grad, 1e-4
    way = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1), dtype=weight.dtype)
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight += sign * step * way
            values.append(float(model.terms(BATCH, noise_of(model, 0))["loss"].mean()))
            weight -= sign * step * way
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(float((slope * way).sum()), rel=1e-4)


def test_the_curvature_makes_a_parabola_that_touches_and_lies_above():
    t = torch.tensor([-30.0, -3.0, -1e-5, 0.0, 0.4, 8.0], dtype=torch.float64)[:, None]
    s = torch.linspace(-40, 40, 401, dtype=torch.float64)
    log = torch.nn.functional.softplus
    parabola = log(t) + t.sigmoid() * (s - t) + 0.5 * bound_curvature(t) * (s - t) ** 2
    assert (parabola - log(s) >= -1e-9).all()


def test_codes_are_the_same_in_any_company():
    model = logistic()
    torch.testing.assert_close(model.encode(X).mean[5:7], model.encode(X[5:7]).mean)
    assert torch.equal(model.encode(X).mean, model.encode(X).mean)
    assert model.training


def test_a_run_says_what_its_numbers_are_of():
    assert any("cross-entropy" in note for note in logistic().notes())
    pca = PCA(4, 1.0, CodeMixture(3, 100), SPEC, 0)
    assert [note.split(":")[0] for note in pca.notes()] == ["gaussian on grey pixels", "PCA", "samples"]
