"""What VAEs minimise, in float64: gaps of bounds in closed form, gradients that agree on average, terms with known values."""

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from genlab.contracts import ConfigError, DataSpec
from genlab.losses.divergence import gaussian_kl, gaussian_kl_each
from genlab.losses.importance import importance_bound
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.schedules import Ramp
from genlab.models.objectives.capacity import Capacity
from genlab.models.objectives.elbo import ELBO
from genlab.models.objectives.free_bits import FreeBits
from genlab.models.objectives.iwae import IWAE
from genlab.models.objectives.tc import TotalCorrelation, aggregate
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.priors.vamp import Vamp

from vae_parts import LATENT, SIGMA, evidence, linear, pictures


@pytest.fixture(autouse=True)
def double():
    """All tensors in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def dice():
    return torch.Generator().manual_seed(0)


def spec(images=64, shape=(1, 2, 3)):
    return DataSpec("x", "images", shape, {"train": images}, "0")


# ---- the gap of the bound ----------------------------------------------------------------------------------------------


def oblique():
    """A linear model whose posterior is no diagonal one, with the best diagonal q; and the posterior's precision."""
    model = linear()
    weight = model.decoder[0].weight
    weight.data = torch.tensor([[1.0, 0.6], [0.3, -0.8], [0.5, 0.9], [-0.2, 0.4], [0.7, 0.1], [0.0, 0.3]])
    precision = torch.eye(LATENT) + weight.T @ weight / SIGMA**2
    towards = torch.linalg.solve(precision, weight.T / SIGMA**2)
    model.encoder[1].weight.data = torch.cat([towards, torch.zeros_like(towards)]).detach()
    logvar = -precision.diagonal().log()
    model.encoder[1].bias.data = torch.cat([-towards @ model.decoder[0].bias, logvar]).detach()
    return model, precision.detach()


def test_the_elbo_of_the_best_diagonal_posterior_lacks_what_the_closed_form_says():
    """The integrand is quadratic in the noise: three points a dimension integrate it exactly (Gauss and Hermite)."""
    model, precision = oblique()
    x, nodes, weights = pictures(4), torch.tensor([-(3**0.5), 0.0, 3**0.5]), torch.tensor([1.0, 4.0, 1.0]) / 6
    noise = torch.cartesian_prod(nodes, nodes).expand(4, -1, -1)
    (log_w,) = model.log_weights(x, [noise])
    gap = evidence(model, x) - log_w @ torch.cartesian_prod(weights, weights).prod(1)
    expected = 0.5 * (precision.diagonal().log().sum() - precision.logdet())
    assert expected > 0.05
    torch.testing.assert_close(gap, expected.expand(4), rtol=0, atol=1e-10)


def test_the_gap_closes_with_the_number_of_codes(dice):
    model, _ = oblique()
    x = pictures(1).expand(400, -1, -1, -1)
    (log_w,) = model.log_weights(x, [torch.randn(400, 200, LATENT, generator=dice)])
    gaps = [(evidence(model, x)[0] - importance_bound(log_w.reshape(-1, k)).mean()).item() for k in (1, 5, 50)]
    assert gaps[0] > 2 * gaps[1] > 6 * gaps[2] > -0.02
    assert abs(gaps[2]) < 0.02


# ---- gradients of importance weights --------------------------------------------------------------------------------------


def gradients(gradient, beta, k, draws=4000):
    """Of the loss with respect to mean and logvar of q, one row a draw."""
    model, _ = oblique()
    mean = torch.tensor([0.3, -0.2]).repeat(draws, 1).requires_grad_()
    logvar = torch.tensor([-0.5, -1.0]).repeat(draws, 1).requires_grad_()
    q = DiagonalGaussian(mean, logvar)
    z = q.sample(torch.randn(draws, k, LATENT, generator=torch.Generator().manual_seed(k)))
    nll = model.nll(pictures(1).expand(draws, -1, -1, -1), z)
    IWAE(k, gradient)(nll, q, model.prior, z, beta, float)["loss"].sum().backward()
    return torch.cat([mean.grad, logvar.grad], 1), model.decoder[0].weight.grad


@pytest.mark.parametrize("beta", [1.0, 0.4])
@pytest.mark.parametrize("k", [1, 5])
def test_dreg_is_the_gradient_of_iwae_on_average(beta, k):
    (plain, decoders), (dreg, theirs) = gradients("plain", beta, k), gradients("dreg", beta, k)
    error = ((plain - dreg).var(0) / len(plain)).sqrt()
    assert ((plain - dreg).mean(0).abs() < 4.5 * error).all()
    assert error.min() > 0
    torch.testing.assert_close(decoders, theirs)  # the decoder's is the same, draw by draw


@pytest.mark.parametrize("k", [1, 5, 50])
def test_dreg_has_less_variance(k):
    plain, dreg = gradients("plain", 1.0, k, 1500)[0].std(0), gradients("dreg", 1.0, k, 1500)[0].std(0)
    assert (dreg < 0.9 * plain).all()


@pytest.mark.parametrize("gradient", ["plain", "dreg"])
def test_weighing_several_codes_never_takes_a_closed_form_of_the_kl(gradient, monkeypatch):
    def refused(*_):
        raise AssertionError("a closed form")

    monkeypatch.setattr(StandardNormal, "kl", refused)
    monkeypatch.setattr(DiagonalGaussian, "kl", refused)
    model, x = linear(objective=IWAE(5, gradient)), pictures(3)
    q = model.posterior(x)
    z = q.sample(torch.randn(3, 5, LATENT))
    found = model.objective(model.nll(x, z), q, model.prior, z, 1.0, float)
    assert (found["loss"] <= -found["elbo"]).all()  # the bound of five codes is never looser than their mean


# ---- total correlation ------------------------------------------------------------------------------------------------------


def correlated(count, dice, size=3):
    """Posteriors whose means are correlated."""
    mixing = torch.eye(size) + 0.5 * torch.randn(size, size, generator=dice)
    mean = torch.randn(count, size, generator=dice) @ mixing
    return DiagonalGaussian(mean, torch.full((count, size), -2.0))


def mixture(q):
    """q(z), whole."""
    parts = Independent(Normal(q.mean, (0.5 * q.logvar).exp()), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(q.mean))), parts)


def marginals(q):
    """Of each dimension of q(z)."""
    pairs = zip(q.mean.unbind(1), q.logvar.unbind(1), strict=True)
    return [MixtureSameFamily(Categorical(torch.ones(len(m))), Normal(m, (0.5 * v).exp())) for m, v in pairs]


def test_of_a_batch_that_is_the_whole_set_the_aggregate_posterior_is_the_whole_mixture(dice):
    q = correlated(30, dice)
    z = q.sample(torch.randn(30, 3, generator=dice))
    joint, product = aggregate(z, *q, 0, 30)
    torch.testing.assert_close(joint, mixture(q).log_prob(z))
    expected = sum(one.log_prob(z[:, d]) for d, one in enumerate(marginals(q)))
    torch.testing.assert_close(product, expected)


def test_larger_batches_bring_the_parts_of_the_kl_nearer_to_those_of_the_whole_set(dice):
    images = 2000
    q = correlated(images, dice, 5)
    z = q.sample(torch.randn(images, 5, generator=dice))
    log_qz, log_qz_d = mixture(q).log_prob(z), sum(one.log_prob(z[:, d]) for d, one in enumerate(marginals(q)))
    tc, mi = (log_qz - log_qz_d).mean(), (q.log_prob(z) - log_qz).mean()
    off = {}
    for size in (50, 250, 1000):
        parts = [
            aggregate(z[i : i + size], q.mean[i : i + size], q.logvar[i : i + size], 0, images)
            for i in range(0, images, size)
        ]
        joint, product = (torch.cat(rows) for rows in zip(*parts, strict=True))
        off[size] = abs((joint - product).mean() - tc), abs((q.log_prob(z) - joint).mean() - mi)
    assert off[50] > off[250] > off[1000]
    assert max(off[1000]) < 0.15
    assert tc > 0.3


def test_the_shares_of_a_batch_add_up_to_one_however_small_it_is():
    """Every posterior the same: q(z) is that posterior, whatever the shares, if they add up to 1."""
    for count in (1, 2, 7):
        q = DiagonalGaussian(torch.zeros(count, 2), torch.zeros(count, 2))
        joint, product = aggregate(torch.ones(count, 2), *q, 0, 1000)
        torch.testing.assert_close(joint, q.log_prob(torch.ones(count, 2)))
        torch.testing.assert_close(product, joint)


def test_each_part_has_its_own_weight(dice):
    q = correlated(8, dice)
    z = q.sample(torch.randn(8, 1, 3, generator=dice))
    nll, p = torch.rand(8, 1), StandardNormal()

    def found(alpha, beta, gamma):
        return TotalCorrelation(alpha, gamma).bound_to(spec())(nll, q, p, z, beta, lambda weight: weight)

    one = found(1.0, 1.0, 1.0)
    torch.testing.assert_close(one["loss"], -one["elbo"])
    torch.testing.assert_close(one["kl"], (q.log_prob(z) - p.log_prob(z))[:, 0])
    expected = one["recon"] + 2 * one["mi_batch"] + 3 * one["tc_batch"] + 5 * one["dwkl_batch"]
    torch.testing.assert_close(found(2.0, 3.0, 5.0)["loss"], expected)


# ---- capacity and free bits ------------------------------------------------------------------------------------------


def answered(objective, beta=1.0, mean=((2.0, 0.1), (0.0, 0.1)), at=float, k=1):
    """Its terms for posteriors of unit variance, where an image's kl is half its mean's square; and the means."""
    q = DiagonalGaussian(torch.tensor(mean, requires_grad=True), torch.zeros(len(mean), 2))
    z = q.sample(torch.zeros(len(mean), k, 2))
    return objective(torch.full((len(mean), k), 10.0), q, StandardNormal(), z, beta, at), q.mean


def test_the_capacity_holds_the_mean_over_the_batch_and_no_single_image():
    found, mean = answered(Capacity(1.0), 100.0)  # kl 2.005 and 0.005: on average 1.005
    assert found["loss"].mean().item() == pytest.approx(10 + 100 * 0.005)
    assert found["kl"].tolist() == pytest.approx([2.005, 0.005])
    assert found["elbo"].tolist() == pytest.approx([-12.005, -10.005])
    found["loss"].mean().backward()
    torch.testing.assert_close(mean.grad, 100 * mean.detach() / 2)
    assert answered(Capacity(3.0), 100.0)[0]["loss"].mean().item() == pytest.approx(10 + 100 * 1.995)


def test_the_capacity_of_the_moment_is_that_of_its_schedule():
    ramp = Ramp(0.0, 4.0, 100, 0)
    found, _ = answered(Capacity(ramp), at=lambda weight: weight.at(50))
    assert found["capacity"].tolist() == [2.0, 2.0]


def test_free_bits_are_free_on_average_over_the_batch_and_the_kl_that_is_told_is_the_whole():
    found, mean = answered(FreeBits(0.1, 1), 3.0)  # dimensions hold 1 and 0.005 on average
    assert found["loss"].mean().item() == pytest.approx(10 + 3 * (1.0 + 0.1))
    assert found["kl"].tolist() == pytest.approx([2.005, 0.005])
    assert found["elbo"].tolist() == pytest.approx([-12.005, -10.005])
    found["loss"].mean().backward()
    assert mean.grad[0].tolist() == pytest.approx([3.0, 0.0])  # nothing pulls at the second


@pytest.mark.parametrize("objective", [Capacity(1.0), FreeBits(0.1, 1), TotalCorrelation(1.0, 1.0).bound_to(spec())])
def test_validation_has_a_loss_that_does_not_depend_on_which_images_share_a_batch(objective):
    mean = [[2.0, 0.1], [0.0, 0.1], [0.3, 0.0]]
    with torch.no_grad():
        whole, alone = answered(objective, mean=mean)[0], answered(objective, mean=mean[:1])[0]
    assert whole["loss"][:1].tolist() == pytest.approx(alone["loss"].tolist())
    assert whole["loss"].tolist() == pytest.approx((-whole["elbo"]).tolist())


def test_without_free_bits_it_is_the_elbo(dice):
    q = correlated(6, dice)
    z, nll = q.sample(torch.randn(6, 2, 3, generator=dice)), torch.rand(6, 2)
    ours, plain = (one(nll, q, StandardNormal(), z, 2.0, float) for one in (FreeBits(0.0, 2), ELBO(2)))
    for name in plain:
        torch.testing.assert_close(ours[name], plain[name])
    torch.testing.assert_close(gaussian_kl_each(*q).sum(1), gaussian_kl(*q))


# ---- what does not fit is refused ------------------------------------------------------------------------------------


def test_a_capacity_above_what_tells_the_images_apart_is_noted_and_one_above_their_pixels_refused():
    assert Capacity(4.0).bound_to(spec(64)).note == ""
    assert "4.2, the log of 64 training images" in Capacity(Ramp(0.0, 25.0, 9, 0)).bound_to(spec(64)).note
    with pytest.raises(ConfigError, match="6 pixels has at most 33"):
        Capacity(40.0).bound_to(spec(64))
    assert linear(objective=Capacity(30.0)).notes()[1].startswith("capacity: 30 nats")


def test_a_prior_of_more_inputs_than_images_is_refused():
    with pytest.raises(ConfigError, match="64 training images"):
        linear(prior=Vamp(65))
