"""The VAE in closed form: where p(x|z) is Gaussian around a linear function of z, log p(x) and p(z|x) are known exactly."""

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from genlab.contracts import Images
from genlab.models.base.noise import Noise
from genlab.models.base.pixels import Pixels
from genlab.models.base.schedules import Ramp
from genlab.models.objectives.elbo import ELBO

from stepping import noise_of, play, stepping
from vae_parts import LATENT, PIXELS, SHAPE, SIGMA, evidence, knows, linear, pictures, says

NOISE = Noise(0, "train", 4, torch.device("cpu"), torch.float64)


@pytest.fixture(autouse=True)
def double():
    """All tensors of a test in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def terms(model, x, label=None):
    """The terms, and the z that was decoded."""
    decoded = []
    hook = model.decoder.register_forward_pre_hook(lambda _, inputs: decoded.append(inputs[0]))
    found = model.terms(Images(x, label, torch.arange(len(x))), NOISE)
    hook.remove()
    return {name: value.detach() for name, value in found.items()}, decoded[0].detach()


def test_z_is_the_mean_plus_a_standard_deviation_times_the_noise_of_the_batch():
    model = says(linear(), mean=(1.0, -2.0), logvar=(3.0, -1.5))
    _, z = terms(model, pictures(5))
    expected = torch.tensor([1.0, -2.0]) + torch.tensor([3.0, -1.5]).div(2).exp() * NOISE.normal("z", 5, LATENT)
    torch.testing.assert_close(z, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_every_term_is_the_sum_over_an_images_pixels_or_latents_and_only_the_loss_knows_beta(likelihood, samples):
    model = says(linear(4.0, likelihood, ELBO(samples)), mean=(1.0, -2.0), logvar=(3.0, -1.5))
    x = pictures(5)
    found, z = terms(model, x)
    out = model.decoder(z).detach().unflatten(0, (5, samples))
    pixels = Normal(out, SIGMA) if likelihood == "gaussian" else Bernoulli(logits=out, validate_args=False)
    recon = -pixels.log_prob(x[:, None]).sum((2, 3, 4)).mean(1)
    posterior = Independent(Normal(torch.tensor([1.0, -2.0]), torch.tensor([1.5, -0.75]).exp()), 1)
    kl = kl_divergence(posterior, Independent(Normal(torch.zeros(2), torch.ones(2)), 1)).expand(5)
    expected = {"loss": recon + 4 * kl, "recon": recon, "kl": kl, "elbo": -recon - kl}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-10, msg=name)


def test_an_update_sets_a_learned_sigma_to_the_error_of_all_its_draws():
    model, decoded = linear(objective=ELBO(3)), []
    model.pixels = Pixels("gaussian", "learned", "linear")
    model.decoder.register_forward_hook(lambda _, inputs, output: decoded.append(output.detach()))
    batches = [Images(pictures(count), None, torch.arange(count)) for count in (5, 2)]
    found = play(stepping(model), *((batch, noise_of(model, k)) for k, batch in enumerate(batches)))
    assert found["sigma"].tolist() == [1, 1]  # the same in the whole update
    errors = [(out.unflatten(0, (-1, 3)) - b.image[:, None]).square() for out, b in zip(decoded, batches, strict=True)]
    expected = torch.cat([error.flatten() for error in errors]).mean().sqrt()
    torch.testing.assert_close(model.pixels.terms(batches[1].image)["sigma"], expected.expand(2))


@pytest.mark.parametrize("k", [1, 2, 7])
def test_with_the_true_posterior_the_bound_is_the_log_likelihood_for_every_k(k):
    model, x = knows(linear()), pictures(5)
    torch.testing.assert_close(model.bound(x, k), evidence(model, x), rtol=0, atol=1e-10)
    torch.testing.assert_close(model.score(x), -evidence(model, x), rtol=0, atol=1e-10)


def test_with_the_true_posterior_the_elbo_of_training_is_the_log_likelihood_on_average():
    model, x = knows(linear()), pictures(1).expand(40_000, -1, -1, -1)
    elbo = terms(model, x)[0]["elbo"]
    assert abs(elbo.mean() - evidence(model, x[:1])) < 4 * elbo.std() / 200


@pytest.mark.parametrize("k", [1, 5])
def test_with_another_posterior_the_bound_still_weighs_to_the_likelihood(k):
    """Importance sampling is unbiased: the mean of exp(bound) is p(x); and of one draw the mean is the ELBO."""
    model, x = knows(linear(), off=0.2, wide=0.6), pictures(1).expand(40_000, -1, -1, -1)
    gap = model.bound(x, k) - evidence(model, x[:1])
    assert abs(gap.exp().mean() - 1) < 4 * gap.exp().std() / 200
    if k == 1:
        true = knows(linear()).encode(x[:1])
        q = model.encode(x[:1])
        normals = (Independent(Normal(code.mean, (code.logvar / 2).exp()), 1) for code in (q, true))
        assert abs(gap.mean() + kl_divergence(*normals)) < 4 * gap.std() / 200


def test_more_draws_bring_the_bound_nearer_to_the_likelihood():
    model, x = knows(linear(), off=0.2, wide=0.6), pictures(1).expand(10_000, -1, -1, -1)
    gaps = [evidence(model, x[:1]) - model.bound(x, k) for k in (1, 4, 16)]
    assert gaps[0].mean() > 2 * gaps[1].mean() > 4 * gaps[2].mean() > 0


def test_what_it_shows_are_mean_images():
    model = says(linear(), mean=(1.0, -2.0), logvar=(3.0, -1.5))
    x, mean = pictures(3), torch.tensor([[1.0, -2.0]])
    code = model.encode(x)
    torch.testing.assert_close(code.mean, mean.expand(3, 2))
    torch.testing.assert_close(code.logvar, torch.tensor([[3.0, -1.5]]).expand(3, 2))
    torch.testing.assert_close(model.reconstruct(x), model.decoder(mean).clamp(0, 1).expand(3, *SHAPE).detach())


def test_samples_are_mean_images_of_draws_from_the_prior():
    model = linear()
    model.decoder[0].weight.data = weight = torch.linalg.qr(torch.randn(PIXELS, LATENT))[0] * 0.05  # far from 0 and 1
    model.decoder[0].bias.data.fill_(0.5)
    z = (model.sample(40_000).flatten(1) - 0.5) @ weight / 0.05**2
    torch.testing.assert_close(z.mean(0), torch.zeros(LATENT), rtol=0, atol=0.02)
    torch.testing.assert_close(z.T.cov(), torch.eye(LATENT), rtol=0, atol=0.03)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_model_of_less_precision_has_a_bound_in_float32(dtype):
    model, x = knows(linear()), pictures(4)
    expected = evidence(model, x)
    bound = model.to(dtype).bound(x.to(dtype), 3)
    assert bound.dtype == torch.float32
    torch.testing.assert_close(bound.double(), expected, rtol=0, atol=1e-4 if dtype == torch.float32 else 1.0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_codes_have_the_precision_of_the_weights_in_training_bounds_and_samples(dtype):
    model, decoded = linear().to(dtype), []
    model.decoder.register_forward_pre_hook(lambda _, inputs: decoded.append(inputs[0].dtype))
    x = pictures(4).to(dtype)
    model.terms(Images(x, None, torch.arange(4)), model.noise("train", 0))["loss"].mean().backward()
    for _ in (model.bound(x, 2), model.score(x), model.sample(3), model.reconstruct(x)):
        continue
    assert set(decoded) == {dtype}


def test_beta_grows_with_the_batches_and_validation_has_its_end():
    model, x = linear(Ramp(0.0, 4.0, batches=8, wait=0)), pictures(5)
    model.batches_seen = 2
    found = terms(model, x)[0]
    torch.testing.assert_close(found["loss"], found["recon"] + 1.0 * found["kl"])
    found = terms(model.eval(), x)[0]
    torch.testing.assert_close(found["loss"], found["recon"] + 4.0 * found["kl"])
