"""How pixels are distributed around what a decoder gives: the density, its mean image, and a learned sigma."""

import json
import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal

from genlab.contracts import Stopped
from genlab.models.base.pixels import Pixels

from killing import assert_same_run
from striking import sends

OUTPUT = torch.linspace(-1.5, 1.5, 24).reshape(2, 3, 2, 2)
X = torch.rand(2, 3, 2, 2, generator=torch.Generator().manual_seed(0))


def test_a_fixed_sigma_is_the_standard_deviation_and_is_not_trained():
    pixels = Pixels("gaussian", 0.3)
    torch.testing.assert_close(pixels.nll(OUTPUT, X), -Normal(OUTPUT, 0.3).log_prob(X).sum((1, 2, 3)))
    assert list(pixels.parameters()) == []
    assert "sigma 0.3" in pixels.note


def density(output, sigma):
    """-log N(X | output, sigma^2) of each image."""
    return -Normal(output, sigma).log_prob(X).sum((1, 2, 3))


def sigma_after(*updates):
    """A learned sigma after updates, each of batches ``(output, x)``; and the pixels."""
    pixels = Pixels("gaussian", "learned")
    for number, batches in enumerate(updates):
        for output, x in batches:
            pixels.nll(output, x)
        pixels.solve(number)
    return pixels.terms(X)["sigma"][0].item(), pixels


def test_a_learned_sigma_begins_at_one_and_is_at_its_optimum_after_one_update():
    torch.testing.assert_close(Pixels("gaussian", "learned").nll(OUTPUT, X), density(OUTPUT, 1.0))
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
    assert Pixels("gaussian", 0.3).terms(X) == Pixels("bernoulli", "learned").terms(X) == {}
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
    pixels = Pixels("bernoulli", "learned")
    black_or_white = (X > 0.5).float()
    expected = -Bernoulli(logits=OUTPUT).log_prob(black_or_white).sum((1, 2, 3))
    torch.testing.assert_close(pixels.nll(OUTPUT, black_or_white), expected)
    assert not any(isinstance(value, nn.Parameter) for value in pixels.parameters())
    assert "not a likelihood" in pixels.note


def test_mean_images_lie_in_0_to_1():
    torch.testing.assert_close(Pixels("bernoulli", 1.0).mean(OUTPUT), 1 / (1 + (-OUTPUT).exp()))
    torch.testing.assert_close(Pixels("gaussian", 1.0).mean(OUTPUT), OUTPUT.clamp(0, 1))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_of_several_outputs_for_an_image_each_has_its_own_density(likelihood):
    pixels, outputs = Pixels(likelihood, 0.3), torch.stack([OUTPUT, 2 * OUTPUT, -OUTPUT], 1)  # [2, 3, 3, 2, 2]
    expected = torch.stack([pixels.nll(outputs[:, k], X) for k in range(3)], 1)
    torch.testing.assert_close(pixels.nll(outputs.flatten(0, 1), X).view(len(X), 3), expected)
