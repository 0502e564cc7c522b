"""How pixels are distributed around what a decoder gives: the density, its mean image, and a learned sigma."""

import json
import math
from typing import get_args

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Laplace, Normal

from genlab.contracts import ConfigError, DataError, Stopped
from genlab.models.base.pixels import Likelihood, Pixels
from genlab.nets.by_size import BySize
from genlab.nets.conv import Conv
from genlab.nets.mlp import MLP

from killing import assert_same_run
from striking import sends

OUTPUT = torch.linspace(-1.5, 1.5, 24).reshape(2, 3, 2, 2)
X = torch.rand(2, 3, 2, 2, generator=torch.Generator().manual_seed(0))


def test_a_fixed_sigma_is_the_standard_deviation_and_is_not_trained():
    pixels = Pixels("gaussian", 0.3, "linear")
    torch.testing.assert_close(pixels.nll(OUTPUT, X), -Normal(OUTPUT, 0.3).log_prob(X).sum((1, 2, 3)))
    assert list(pixels.parameters()) == []
    assert "sigma 0.3" in pixels.note


def density(output, sigma):
    """-log N(X | output, sigma^2) of each image."""
    return -Normal(output, sigma).log_prob(X).sum((1, 2, 3))


def sigma_after(*updates):
    """A learned sigma after updates, each of batches ``(output, x)``; and the pixels."""
    pixels = Pixels("gaussian", "learned", "linear")
    for number, batches in enumerate(updates):
        for output, x in batches:
            pixels.nll(output, x)
        pixels.solve(number)
    return pixels.terms(X)["sigma"][0].item(), pixels


def test_a_learned_sigma_begins_at_one_and_is_at_its_optimum_after_one_update():
    torch.testing.assert_close(Pixels("gaussian", "learned", "linear").nll(OUTPUT, X), density(OUTPUT, 1.0))
    sigma, pixels = sigma_after([(OUTPUT, X)])
    assert sigma == pytest.approx((OUTPUT - X).square().mean().sqrt().item(), rel=1e-6)
    torch.testing.assert_close(pixels.nll(OUTPUT, X), density(OUTPUT, sigma))
    for other in (0.99, 1.01):
        assert pixels.nll(OUTPUT, X).mean() < density(OUTPUT, other * sigma).mean()
    assert list(pixels.parameters()) == []


def test_every_pixel_of_an_update_counts_alike_however_its_batches_are_cut():
    whole, _ = sigma_after([(OUTPUT, X)] * 3)
    x, outputs = X.repeat(3, 1, 1, 1), OUTPUT.repeat(3, 1, 1, 1)
    cut, _ = sigma_after([(outputs[:5], x[:5]), (outputs[5:], x[5:])])
    assert cut == pytest.approx(whole, rel=1e-6)


def test_sigma_follows_the_mean_of_ten_updates_and_then_a_tenth_of_each_is_the_newest():
    errors = [0.5, 0.1, 0.4, 0.2, 0.2, 0.1, 0.3, 0.2, 0.1, 0.1, 0.02, 0.01]
    updates = [[(X + error**0.5, X)] for error in errors]
    for count in (3, 10):
        assert sigma_after(*updates[:count])[0] ** 2 == pytest.approx(sum(errors[:count]) / count, rel=1e-5)
    expected = 0.9 * (0.9 * sum(errors[:10]) / 10 + 0.1 * 0.02) + 0.1 * 0.01
    assert sigma_after(*updates)[0] ** 2 == pytest.approx(expected, rel=1e-5)


def test_evaluation_takes_the_sigma_of_training_and_leaves_it():
    sigma, pixels = sigma_after([(OUTPUT, X)])
    pixels.eval()
    torch.testing.assert_close(pixels.nll(2 * OUTPUT, X), density(2 * OUTPUT, sigma))
    pixels.solve(1)
    assert pixels.terms(X)["sigma"].tolist() == [pytest.approx(sigma)] * 2


def test_sigma_stays_above_a_grey_level_however_good_the_images_are():
    assert sigma_after([(X, X)])[0] == pytest.approx(math.exp(-6), rel=1e-5)


def test_only_a_learned_sigma_is_a_number_of_the_run_and_it_alone_is_kept():
    assert Pixels("gaussian", 0.3, "linear").terms(X) == Pixels("bernoulli", "learned", "linear").terms(X) == {}
    assert sigma_after([(OUTPUT, X)])[1].state_dict().keys() == {"log_sigma"}


def test_a_short_training_finds_the_spread_of_its_pixels(train):
    """sigma^2 is the mean squared error of validation, which ``recon`` holds, but for what is new to the model."""
    short = ["data=digits", "data.batch_size=32", "metrics=none", "trainer.max_epochs=3"]
    run = train("model=vae", "model.likelihood=gaussian", *short)
    summary, log = json.loads((run / "summary.json").read_text()), (run / "log.txt").read_text()
    recon, kl, sigma = (summary["metrics"][f"val/{name}"] for name in ("recon", "kl", "sigma"))
    error = sigma**2 * (recon / 32 - 2 * math.log(sigma) - math.log(2 * math.pi))
    assert error == pytest.approx(sigma**2, rel=0.15)
    assert sigma < 0.25
    assert kl > 5
    assert "Warning" not in log
    assert f"sigma {sigma:.4g}" in log
    assert "a density in nats, sigma learned" in log


def test_a_broken_off_run_has_the_sigma_of_the_undisturbed_one(breakable):
    job = breakable("vae", trainer={"accumulate_grad_batches": 3})
    job.cfg.model.likelihood = "gaussian"
    for batch in (7, 23):
        assert isinstance(job.until(sends("train", batch, "SIGTERM")), Stopped)
    assert job.until() is None
    assert_same_run(job.undisturbed(), job.run)


def test_a_bernoulli_takes_logits_and_has_no_sigma_to_train():
    pixels = Pixels("bernoulli", "learned", "linear")
    black_or_white = (X > 0.5).float()
    expected = -Bernoulli(logits=OUTPUT).log_prob(black_or_white).sum((1, 2, 3))
    torch.testing.assert_close(pixels.nll(OUTPUT, black_or_white), expected)
    assert not any(isinstance(value, nn.Parameter) for value in pixels.parameters())
    assert "not a likelihood" in pixels.note


def test_mean_images_lie_in_0_to_1():
    torch.testing.assert_close(Pixels("bernoulli", 1.0, "linear").mean(OUTPUT), 1 / (1 + (-OUTPUT).exp()))
    torch.testing.assert_close(Pixels("gaussian", 1.0, "linear").mean(OUTPUT), OUTPUT.clamp(0, 1))


def test_the_squared_error_is_that_of_the_expected_image_which_is_not_clipped():
    for likelihood, expected in (("bernoulli", 1 / (1 + (-OUTPUT).exp())), ("gaussian", OUTPUT), ("laplace", OUTPUT)):
        found = Pixels(likelihood, 0.5, "linear").squared_error(OUTPUT.clone().requires_grad_(), X)
        torch.testing.assert_close(found, (X - expected).square().sum((1, 2, 3)))
        assert not found.requires_grad


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_of_several_outputs_for_an_image_each_has_its_own_density(likelihood):
    pixels, outputs = (
        Pixels(likelihood, 0.3, "linear"),
        torch.stack([OUTPUT, 2 * OUTPUT, -OUTPUT], 1),
    )  # [2, 3, 3, 2, 2]
    expected = torch.stack([pixels.nll(outputs[:, k], X) for k in range(3)], 1)
    torch.testing.assert_close(pixels.nll(outputs.flatten(0, 1), X).view(len(X), 3), expected)


def test_sigmoid_puts_gaussian_means_between_0_and_1_and_leaves_logits_alone():
    pixels = Pixels("gaussian", 0.3, "sigmoid")
    squashed = 1 / (1 + (-OUTPUT).exp())
    torch.testing.assert_close(pixels.mean(OUTPUT), squashed)
    torch.testing.assert_close(pixels.nll(OUTPUT, X), Pixels("gaussian", 0.3, "linear").nll(squashed, X))
    assert torch.equal(
        Pixels("bernoulli", 1.0, "sigmoid").nll(OUTPUT, X), Pixels("bernoulli", 1.0, "linear").nll(OUTPUT, X)
    )


# ---- all of them -------------------------------------------------------------------------------------------------------

EVERY = [(name, 1) for name in get_args(Likelihood)] + [("discretized_logistic", 3)]


@pytest.mark.parametrize(("likelihood", "mixtures"), EVERY)
@pytest.mark.parametrize(
    "net",
    [
        MLP([5], "tanh", "none", 0.0),
        Conv(4, 8, "relu", "none"),
        BySize(MLP([5], "tanh", "none", 0.0), Conv(4, 8, "relu", "none")),
    ],
)
def test_a_decoder_puts_out_what_the_pixels_take_and_the_mean_and_draws_are_images(likelihood, mixtures, net):
    pixels, x = Pixels(likelihood, 0.2, "linear", mixtures), torch.rand(2, 1, 9, 12)
    output = net.decoder(3, pixels.output_shape((1, 9, 12)))(torch.randn(2, 3))
    assert pixels.nll(output, x).shape == (2,)
    for image in (pixels.mean(3 * output), pixels.draw(3 * output, torch.Generator().manual_seed(0))):
        assert image.shape == x.shape
        assert image.min() >= 0 and image.max() <= 1
    torch.testing.assert_close(*(pixels.draw(output, torch.Generator().manual_seed(1)) for _ in range(2)))


def test_small_grey_images_keep_their_network_whatever_their_pixels_are():
    net = BySize(MLP([5], "tanh", "none", 0.0), Conv(4, 8, "relu", "none"))
    decoder = net.decoder(3, Pixels("discretized_logistic", 1.0, "linear", 5).output_shape((1, 28, 28)))
    assert not any(isinstance(layer, nn.ConvTranspose2d) for layer in decoder.modules())


@pytest.mark.parametrize(("likelihood", "mixtures"), EVERY)
def test_the_mean_of_many_draws_is_the_mean_image(likelihood, mixtures):
    pixels, dice = Pixels(likelihood, 0.05, "linear", mixtures), torch.Generator().manual_seed(3)
    output = 0.5 + 0.1 * torch.randn(1, *pixels.output_shape((1, 2, 3)), generator=dice)
    if likelihood == "discretized_logistic":
        output[:, -mixtures:] = -3.0
    many = pixels.draw(output.expand(20_000, *output.shape[1:]), dice)
    spread = many.std(0, keepdim=True) / 20_000**0.5
    assert bool(((many.mean(0, keepdim=True) - pixels.mean(output)).abs() < 4.5 * spread + 1e-4).all())


def test_a_learned_scale_of_laplace_pixels_is_the_mean_absolute_error():
    pixels = Pixels("laplace", "learned", "linear")
    pixels.nll(OUTPUT, X)
    pixels.solve(0)
    error = (OUTPUT - X).abs().mean()
    torch.testing.assert_close(pixels.terms(X)["sigma"], error.expand(2))
    torch.testing.assert_close(pixels.nll(OUTPUT, X), -Laplace(OUTPUT, error).log_prob(X).sum((1, 2, 3)))


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan])
@pytest.mark.parametrize(("likelihood", "mixtures"), EVERY)
def test_images_outside_0_to_1_are_refused_in_training_and_in_evaluation(likelihood, mixtures, value):
    pixels, x = Pixels(likelihood, 0.2, "linear", mixtures), X.clone()
    output = torch.zeros(2, *pixels.output_shape((3, 2, 2)))
    x[1, 2, 0, 1] = value
    for training in (True, False):
        pixels.train(training)
        pixels.nll(output, X)  # the second batch is looked at, too
        with pytest.raises(
            DataError, match=r"images have values from .* but pixels have a likelihood in \[0, 1\] only"
        ):
            pixels.nll(output, x)


# ---- what is said of them ------------------------------------------------------------------------------------------------

SAID = {  # likelihood, binarised: the note, whether it is a likelihood, whether of masses
    ("bernoulli", ""): ("bernoulli on grey pixels: recon is a cross-entropy in nats, not a likelihood", False, False),
    ("bernoulli", "dynamic"): ("bernoulli on dynamically binarised pixels: recon is -log p(x|z) in nats", True, True),
    ("bernoulli", "static"): ("bernoulli on statically binarised pixels: recon is -log p(x|z) in nats", True, True),
    ("bernoulli", "threshold"): ("bernoulli on thresholded pixels: recon is -log p(x|z) in nats", True, True),
    ("bernoulli", "stored"): ("bernoulli on black and white pixels: recon is -log p(x|z) in nats", True, True),
    ("continuous_bernoulli", ""): (
        "continuous_bernoulli on grey pixels: recon is -log of a density in nats",
        True,
        False,
    ),
    ("gaussian", ""): ("gaussian on grey pixels: recon is -log of a density in nats, sigma 0.3", True, False),
    ("laplace", "static"): (
        "laplace on statically binarised pixels: recon is -log of a density in nats, sigma 0.3",
        True,
        False,
    ),
    ("discretized_logistic", ""): ("discretized_logistic on grey pixels: recon is -log p(x|z) in nats", True, True),
}


@pytest.mark.parametrize("case", SAID)
def test_what_recon_measures_is_said(case):
    likelihood, binarized = case
    pixels = Pixels(likelihood, 0.3, "linear", 1, binarized)
    assert (pixels.note, pixels.is_likelihood, pixels.is_mass) == SAID[case]


@pytest.mark.parametrize("case", SAID)
def test_bits_per_dimension_are_those_of_a_bound_on_a_probability_and_of_evaluations_only(case):
    pixels, elbo = Pixels(case[0], 0.3, "linear", 1, case[1]), torch.tensor([-12 * math.log(2), -24 * math.log(2)])
    assert "bpd" not in pixels.terms(X, elbo)
    pixels.eval()
    found = pixels.terms(X, elbo)
    assert ("bpd" in found) is pixels.is_mass
    if pixels.is_mass:
        torch.testing.assert_close(found["bpd"], torch.tensor([1.0, 2.0]))
    assert "bpd" not in pixels.terms(X)


@pytest.mark.parametrize(
    ("likelihood", "more"),
    [
        ("bernoulli", ["data.binarize=dynamic"]),
        ("discretized_logistic", ["model.logistic_mixtures=2"]),
        ("laplace", []),
    ],
)
def test_a_short_training_reports_bits_of_masses_alone_and_says_what_they_are(train, likelihood, more):
    short = ["data=digits", "metrics=none", "trainer.max_epochs=1", "trainer.limit_train_batches=5"]
    run = train("model=vae", f"model.likelihood={likelihood}", *more, *short)
    summary = json.loads((run / "summary.json").read_text())
    metrics, notes = summary["metrics"], (run / "log.txt").read_text()
    assert ("test/bpd" in metrics) is (likelihood != "laplace")
    assert f"{likelihood} " in notes and " pixels: recon is" in notes
    if "test/bpd" in metrics:
        assert metrics["test/bpd"] == pytest.approx(-metrics["test/elbo"] / (64 * math.log(2)), rel=1e-5)
        assert "train/bpd" not in (run / "metrics.csv").read_text()


@pytest.mark.parametrize("binarized", ["dynamic", "stored"])
def test_a_likelihood_of_256_levels_is_refused_for_images_of_two(binarized):
    with pytest.raises(ConfigError, match=r"(?s)256 grey levels, and the images are .*model.likelihood=bernoulli"):
        Pixels("discretized_logistic", 1.0, "linear", binarized=binarized)
