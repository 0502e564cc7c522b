"""A VAE of two stochastic layers, in float64, beside torch.distributions and loops by hand."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from genlab.contracts import DataSpec, Images
from genlab.losses.importance import importance_bound
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.levels import TwoLevelPosterior, TwoLevelPrior
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.hvae import HVAE
from genlab.models.objectives.elbo import ELBO
from genlab.models.objectives.iwae import IWAE
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.priors.vamp import Vamp
from genlab.nets.mlp import MLP

D1, D2, SHAPE, SIGMA = 3, 2, (1, 2, 3), 0.5
NOISE = Noise(0, "train", 4, torch.device("cpu"), torch.float64)


@pytest.fixture(autouse=True)
def double():
    """All tensors in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def hvae(objective=None, prior=None):
    torch.manual_seed(0)
    spec = DataSpec("x", "images", SHAPE, {"train": 64}, "0")
    parts = objective or ELBO(1), prior or StandardNormal()
    sizes = D1, D2, 5
    return HVAE(
        *sizes,
        2.0,
        "gaussian",
        SIGMA,
        "linear",
        1,
        *parts,
        MLP([7], "tanh", "none", 0.0),
        torch.optim.SGD,
        Constant(),
        spec,
        0,
    ).double()


def pictures(count):
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(1))


def normal(output):
    mean, logvar = output.chunk(2, -1)
    return Independent(Normal(mean, (0.5 * logvar).exp()), 1)


def by_hand(model, x, noise):
    """For one image and one draw: z1, z2, log p(x|z1,z2), q(z2|x), q(z1|x,z2), p(z1|z2)."""
    q2 = normal(model.encoder_2(x[None])[0])
    z2 = q2.mean + q2.stddev * noise[D1:]
    q1 = normal(model.encoder_1(torch.cat([model.features(x[None])[0], z2])))
    z1 = q1.mean + q1.stddev * noise[:D1]
    out = model.decoder(torch.cat([z1, z2])[None])[0]
    return z1, z2, Normal(out, SIGMA).log_prob(x).sum(), q2, q1, normal(model.prior.net(z2))


def test_its_weights_are_the_loop_over_images_and_draws():
    model, x = hvae(prior=Vamp(4)), pictures(3)
    noise = torch.randn(3, 4, D1 + D2)
    assert model.noise_size == D1 + D2
    (log_w,) = model.log_weights(x, [noise])
    for i in range(3):
        for k in range(4):
            z1, z2, log_p, q2, q1, p1 = by_hand(model, x[i], noise[i, k])
            top = torch.stack([normal(model.encoder_2(u[None])[0]).log_prob(z2) for u in model.prior.top.inputs])
            log_top = top.logsumexp(0) - torch.log(torch.tensor(4.0))
            expected = log_p + log_top + p1.log_prob(z1) - q2.log_prob(z2) - q1.log_prob(z1)
            assert log_w[i, k].item() == pytest.approx(expected.item(), abs=1e-10)


def test_each_level_has_its_kl_and_the_loss_their_sum():
    model, x = hvae(ELBO(5)), pictures(3)
    found = model.terms(Images(x, None, torch.arange(3)), NOISE)
    noise = NOISE.normal("z", 3, 5, D1 + D2)
    for i in range(3):
        rows = [by_hand(model, x[i], noise[i, k]) for k in range(5)]
        kl_1 = sum(kl_divergence(q1, p1) for *_, q1, p1 in rows) / 5
        kl_2 = kl_divergence(rows[0][3], normal(torch.zeros(2 * D2)))
        recon = -sum(row[2] for row in rows) / 5
        expected = {"kl_1": kl_1, "kl_2": kl_2, "kl": kl_1 + kl_2, "recon": recon, "elbo": -recon - kl_1 - kl_2}
        expected["loss"] = recon + 2 * (kl_1 + kl_2)
        assert {name: value[i].item() for name, value in found.items()} == pytest.approx(
            {name: value.item() for name, value in expected.items()}, abs=1e-10
        )


def test_weighed_codes_have_the_loss_of_the_bound():
    model, x = hvae(IWAE(5, "plain")), pictures(3)
    model.beta = 1.0
    found = model.terms(Images(x, None, torch.arange(3)), NOISE)
    (log_w,) = model.log_weights(x, [NOISE.normal("z", 3, 5, D1 + D2)])
    torch.testing.assert_close(found["loss"].detach(), -importance_bound(log_w))


def slopes(gradient, draws=3000):
    """The gradient of the loss at every weight of the encoders, for single draws of one image."""
    model, x = hvae(IWAE(3, gradient)), pictures(1)
    weights = [model.encoder_2[1].bias, model.encoder_1[0].both.bias, model.decoder[0].bias]
    dice, rows = torch.Generator().manual_seed(2), []
    for _ in range(draws // 50):
        q = model.posterior(x.expand(50, -1, -1, -1))
        z = q.sample(torch.randn(50, 3, D1 + D2, generator=dice))
        loss = model.objective(model.nll(x.expand(50, -1, -1, -1), z), q, model.prior, z, 1.0, float)["loss"].mean()
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)]))
    return torch.stack(rows)


def test_the_doubly_reparameterised_gradient_is_the_plain_one_on_average_on_both_levels():
    plain, dreg = slopes("plain"), slopes("dreg")
    differences = plain - dreg
    error = differences.std(0) / len(differences) ** 0.5
    moved = error > 1e-12
    assert moved.sum() > 10
    assert (differences.mean(0)[moved].abs() < 4.5 * error[moved]).all()
    assert dreg.std(0)[moved].mean() < plain.std(0)[moved].mean()
    torch.testing.assert_close(plain[:, ~moved], dreg[:, ~moved])  # the decoder's


def test_the_standard_deviation_of_either_level_is_computed_in_float32_whatever_the_networks_ran_in():
    """e^(logvar / 2) of a log-variance in bfloat16, which has 8 bits, is off by as much as a 256th in bfloat16."""
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    logvar, noise = torch.randn(400, 3).bfloat16(), torch.randn(400, 1, 3)
    mean = torch.zeros(400, 3).bfloat16()

    class Given(torch.nn.Module):
        def forward(self, inputs):
            return torch.cat([mean, logvar], -1).view(*inputs.shape[:-1], 6)

    expected = ((logvar.double() / 2).exp() * noise[:, 0].double()).float()
    one = DiagonalGaussian(mean, logvar).sample(noise)[:, 0]
    q = TwoLevelPosterior(DiagonalGaussian(mean, logvar), torch.zeros(400, 5), Given())
    two = q.sample(torch.cat([noise, noise], -1))
    stream = torch.Generator().manual_seed(1)
    drawn = TwoLevelPrior(StandardNormal().bound_to(3, None, None), Given()).sample(400, stream, torch.float32)
    again = torch.Generator().manual_seed(1)
    torch.randn(400, 3, generator=again)
    below = ((logvar.double() / 2).exp() * torch.randn(400, 3, generator=again).double()).float()
    for found, right in ((one, expected), (two[:, 0, :3], expected), (two[:, 0, 3:], expected), (drawn[:, :3], below)):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, right, rtol=1e-6, atol=1e-7)


def test_draws_come_from_the_top_down_and_a_code_is_both_levels():
    model = hvae(prior=Vamp(4))
    codes = model.draw(20_000, seed=3)
    assert torch.equal(codes, model.draw(20_000, seed=3))
    top = [normal(row).mean for row in model.encoder_2(model.prior.top.inputs).detach()]
    torch.testing.assert_close(codes[:, D1:].mean(0), torch.stack(top).mean(0), rtol=0, atol=0.05)
    below = normal(model.prior.net(codes[:, D1:]))
    scaled = ((codes[:, :D1] - below.mean) / below.stddev).detach()
    torch.testing.assert_close(scaled.std(0), torch.ones(D1), rtol=0.03, atol=0)
    x = pictures(2)
    assert model.encode(x).mean.shape == (2, D1 + D2)
    z1, z2, *_ = by_hand(model, x[1], torch.zeros(D1 + D2))
    torch.testing.assert_close(model.encode(x).mean[1], torch.cat([z1, z2]).detach())
    assert torch.equal(model.reconstruct(x), model.decode(model.encode(x).mean))
    assert [(part.title[:2], part.size) for part in model.code_parts()] == [("z1", D1), ("z2", D2)]
