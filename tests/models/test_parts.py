"""Objectives and priors as parts of the VAE: beside closed forms and loops by hand."""

import csv
import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from genlab.contracts import Images
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.noise import Noise
from genlab.models.objectives.iwae import IWAE
from genlab.models.objectives.tc import TotalCorrelation
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.priors.vamp import Vamp
from genlab.runs.load import load_run

from vae_parts import (
    LATENT,
    SIGMA,
    evidence,
    knows,
    linear,
    log_normal,
    pictures,
)

NOISE = Noise(0, "train", 4, torch.device("cpu"), torch.float64)
B, K = 6, 5


@pytest.fixture(autouse=True)
def double(request):
    """All tensors of a test in float64, but for those that train a run."""
    torch.set_default_dtype(torch.float32 if "train" in request.fixturenames else torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def terms(model, x):
    return model.terms(Images(x, None, torch.arange(len(x))), NOISE)


def by_hand(model, x, draws):
    """Numbers of Python: z[i][k][d], and of each image mean[i][d], logvar[i][d], log p(x_i|z_ik)."""
    mean, logvar = model.encoder(x).detach().chunk(2, 1)
    noise = NOISE.normal("z", len(x), draws, LATENT)
    z = [[[mean[i, d] + (logvar[i, d] / 2).exp() * noise[i, k, d] for d in range(LATENT)] for k in range(draws)]
         for i in range(len(x))]  # fmt: skip
    z = [[[value.item() for value in one] for one in each] for each in z]
    log_p = []
    for i in range(len(x)):
        out = model.decoder(torch.tensor(z[i])).detach().flatten(1)
        pairs = [zip(x[i].flatten().tolist(), row, strict=True) for row in out.tolist()]
        log_p.append([sum(log_normal(pixel, at, 2 * math.log(SIGMA)) for pixel, at in pair) for pair in pairs])
    return z, mean.tolist(), logvar.tolist(), log_p


def log_sum(values):
    """log sum exp, in plain Python."""
    return math.log(sum(math.exp(value) for value in values))


# ---- a total-correlation objective --------------------------------------------------------------------------------------


def test_a_total_correlation_objective_is_the_loop_over_pairs_of_images_and_latents():
    n, beta = 40, 6.0
    model, x = knows(linear(beta, objective=TotalCorrelation(1.0, 1.0), images=n), 0.2, 0.6), pictures(B)
    found = terms(model, x)
    z, mean, logvar, log_p = by_hand(model, x, 1)
    shares = [[1 / n if i == j else (n - 1) / (n * (B - 1)) for j in range(B)] for i in range(B)]
    assert sum(shares[0]) == pytest.approx(1)
    for i in range(B):
        density = [[log_normal(z[i][0][d], mean[j][d], logvar[j][d]) for d in range(LATENT)] for j in range(B)]
        log_qz = log_sum(math.log(shares[i][j]) + sum(density[j]) for j in range(B))
        log_qz_d = sum(log_sum(math.log(shares[i][j]) + density[j][d] for j in range(B)) for d in range(LATENT))
        log_pz = sum(log_normal(value, 0.0, 0.0) for value in z[i][0])
        mi, tc, dimension_wise = sum(density[i]) - log_qz, log_qz - log_qz_d, log_qz_d - log_pz
        expected = {
            "loss": -log_p[i][0] + mi + beta * tc + dimension_wise,
            "recon": -log_p[i][0],
            "kl": sum(density[i]) - log_pz,  # the three parts add up to it, whatever the estimate of q(z)
            "elbo": log_p[i][0] - sum(density[i]) + log_pz,
            "mi_batch": mi,
            "tc_batch": tc,
            "dwkl_batch": dimension_wise,
        }
        assert {name: value[i].item() for name, value in found.items()} == pytest.approx(expected, abs=1e-10)


def test_its_total_correlation_is_that_of_codes_whose_distribution_is_known():
    """Means drawn from N(0, S), a spread of 1/2 around each: q(z) is N(0, S + I/4)."""
    n, covariance = 1000, torch.tensor([[1.0, 0.7], [0.7, 0.8]])
    dice = torch.Generator().manual_seed(0)
    noise = torch.randn(2, n, 2, generator=dice)
    q = DiagonalGaussian(noise[0] @ torch.linalg.cholesky(covariance).T, torch.full((n, 2), math.log(0.25)))
    objective = TotalCorrelation(1.0, 1.0).bound_to(linear(images=n).spec)
    prior = StandardNormal()
    found = objective(torch.zeros(n, 1), q, prior, q.sample(noise[1][:, None]), 1.0, float)
    whole = covariance + 0.25 * torch.eye(2)
    tc = 0.5 * (whole.diagonal().log().sum() - whole.logdet())
    assert tc > 0.15
    assert found["tc_batch"].mean().item() == pytest.approx(tc.item(), abs=0.03)
    mi = 0.5 * (whole.logdet() - (0.25 * torch.eye(2)).logdet())  # of a Gaussian channel
    assert found["mi_batch"].mean().item() == pytest.approx(mi.item(), abs=0.06)


# ---- importance weights -------------------------------------------------------------------------------------------------


def test_an_importance_weighted_objective_of_five_draws_is_the_loop_over_them():
    model, x = knows(linear(objective=IWAE(K, "plain")), 0.2, 0.6), pictures(B)
    found = terms(model, x)
    z, mean, logvar, log_p = by_hand(model, x, K)
    for i in range(B):
        log_pz = [sum(log_normal(value, 0.0, 0.0) for value in one) for one in z[i]]
        log_qz = [sum(map(log_normal, one, mean[i], logvar[i])) for one in z[i]]
        log_w = [log_p[i][k] + log_pz[k] - log_qz[k] for k in range(K)]
        expected = {
            "loss": math.log(K) - log_sum(log_w),
            "recon": -sum(log_p[i]) / K,
            "kl": sum(log_qz[k] - log_pz[k] for k in range(K)) / K,
            "elbo": sum(log_w) / K,
        }
        assert {name: value[i].item() for name, value in found.items()} == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("gradient", ["plain", "dreg"])
def test_with_the_true_posterior_its_loss_is_the_likelihood_and_nothing_pulls_at_the_encoder(gradient):
    model, x = knows(linear(objective=IWAE(K, gradient))), pictures(B)
    loss = terms(model, x)["loss"]
    torch.testing.assert_close(loss, -evidence(model, x), rtol=0, atol=1e-10)
    loss.mean().backward()
    if gradient == "dreg":  # the only gradient estimate that is 0 there, and not only on average
        assert model.encoder[1].weight.grad.abs().max() < 1e-12


def test_a_doubly_reparameterised_gradient_is_the_sum_over_draws_of_squared_weights():
    model, x = knows(linear(objective=IWAE(K, "dreg")), 0.2, 0.6), pictures(B)
    terms(model, x)["loss"].sum().backward()
    weight = model.encoder[1].weight
    expected = torch.zeros_like(weight)
    for i in range(B):
        mean, logvar = model.encoder(x[i : i + 1]).chunk(2, 1)
        noise = NOISE.normal("z", B, K, LATENT)[i]
        z = [mean[0] + (0.5 * logvar[0]).exp() * noise[k] for k in range(K)]
        fixed = Normal(mean[0].detach(), (0.5 * logvar[0]).exp().detach())
        log_w = [
            Normal(model.decoder(one[None])[0], SIGMA).log_prob(x[i]).sum()
            + Normal(0.0, 1.0).log_prob(one).sum()
            - fixed.log_prob(one).sum()
            for one in z
        ]
        share = torch.stack(log_w).softmax(0).detach()
        for k in range(K):
            (slope,) = torch.autograd.grad(log_w[k], z[k], retain_graph=True)
            (step,) = torch.autograd.grad(z[k], weight, slope.detach(), retain_graph=True)
            expected -= share[k] ** 2 * step
    torch.testing.assert_close(weight.grad, expected, rtol=0, atol=1e-10)


# ---- a prior that is learnt -----------------------------------------------------------------------------------------------


def mixture(model):
    """The prior as torch.distributions has it."""
    mean, logvar = model.encoder(model.prior.inputs).detach().chunk(2, 1)
    return MixtureSameFamily(Categorical(torch.ones(len(mean))), Independent(Normal(mean, (0.5 * logvar).exp()), 1))


def vamp(**more):
    """Three inputs, whose posteriors lie apart."""
    model = knows(linear(prior=Vamp(3), **more))
    model.prior.inputs.data = 3 * torch.randn(3, 1, 2, 3, generator=torch.Generator().manual_seed(7))
    return model


def test_a_mixture_of_posteriors_has_the_density_of_the_mixture():
    model = vamp()
    z = torch.randn(4, 2, LATENT)
    torch.testing.assert_close(model.prior.log_prob(z).detach(), mixture(model).log_prob(z), rtol=0, atol=1e-10)


def test_its_kl_is_estimated_by_the_draws_and_teaches_its_inputs_too():
    model, x = vamp(), pictures(B)
    found = terms(model, x)
    z, mean, logvar, log_p = by_hand(model, x, 1)
    log_qz = torch.tensor([sum(map(log_normal, z[i][0], mean[i], logvar[i])) for i in range(B)])
    log_pz = mixture(model).log_prob(torch.tensor([one[0] for one in z]))
    torch.testing.assert_close(found["kl"].detach(), log_qz - log_pz, rtol=0, atol=1e-10)
    found["kl"].sum().backward()
    assert model.prior.inputs.grad.flatten(1).norm(dim=1).gt(0).all()
    assert model.encoder[1].weight.grad.norm() > 0
    assert any(parameter is model.prior.inputs for parameter in model.parameters())


def test_bounds_weigh_by_it_and_come_to_its_likelihood():
    """x is a mixture of Gaussians too: of those around each component's mean image."""
    model = vamp()
    weight, bias = model.decoder[0].weight.detach(), model.decoder[0].bias.detach()
    mean, logvar = model.encoder(model.prior.inputs).detach().chunk(2, 1)
    around = weight @ torch.diag_embed(logvar.exp()) @ weight.T + SIGMA**2 * torch.eye(6)
    known = MixtureSameFamily(Categorical(torch.ones(3)), MultivariateNormal(mean @ weight.T + bias, around))
    x = pictures(1)
    gap = model.bound(x.expand(4000, -1, -1, -1), 20) - known.log_prob(x.flatten(1))
    assert abs(gap.exp().mean() - 1) < 4 * gap.exp().std() / 4000**0.5


def test_samples_are_drawn_from_it():
    model = vamp()
    drawn = model.prior.sample(60_000, torch.Generator().manual_seed(3), torch.float64).detach()
    ours = mixture(model)
    torch.testing.assert_close(drawn.mean(0), ours.mean, rtol=0, atol=0.05)
    torch.testing.assert_close(drawn.var(0), ours.variance, rtol=0.03, atol=0.03)
    assert torch.equal(
        model.sample(4, seed=3), model.decode(model.prior.sample(4, model.sample_stream(3), torch.float64))
    )


# ---- from a configuration -----------------------------------------------------------------------------------------------

SHORT = ["data=digits", "data.limit=64", "data.batch_size=16", "trainer.max_epochs=1", "callbacks=none"]
SHORT += ["metrics.val_samples=0", "metrics.test_samples=0"]
RAMP = "{_target_:genlab.models.base.schedules.Ramp,start:0.0,end:2.0,batches:8,wait:0}"
VARIANTS = {
    "iwae": ["model/objective=iwae", "model/prior=vamp", "model.prior.components=4"],
    "tc": ["model/objective=tc"],
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_part_and_a_configuration_make_a_model_that_trains_is_kept_and_samples(name, train):
    run = train("model=vae", "model.latent_dim=3", *SHORT, *VARIANTS[name], f"model.beta={RAMP}")
    one, other = (load_run(run).model for _ in range(2))
    x = torch.rand(3, 1, 8, 8)
    assert name == "tc" or one.prior.inputs.shape == (4, 1, 8, 8)
    assert torch.equal(one.sample(3, seed=1), other.sample(3, seed=1))
    assert torch.equal(one.bound(x, 3), other.bound(x, 3))
    with open(run / "metrics.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["train/loss"]]
    betas = [0.25, 0.5, 0.75]  # of the second, third and fourth batch
    if name == "tc":
        for row, beta in zip(rows[1:], betas, strict=True):
            parts = {key: float(row[f"train/{key}"]) for key in ("loss", "recon", "kl", "tc_batch")}
            assert parts["loss"] == pytest.approx(
                parts["recon"] + parts["kl"] + (beta - 1) * parts["tc_batch"], rel=1e-5
            )
