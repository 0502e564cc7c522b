"""What a GAN tells of its players' answers, and what its samples are."""

import math
from typing import get_args

import pytest
import torch
from torch import nn

from genlab.contracts import ConfigError, Images, Points
from genlab.losses.adversarial import (
    AdversarialLoss,
    discriminator_parts,
    fake_loss,
    generator_part,
    log_odds,
    real_loss,
)
from genlab.models.base.adversarial_objective import Verdict, beliefs
from genlab.models.base.schedules import Ramp
from genlab.nets.dcgan import DCGAN

import players
from players import noise

NOISE = noise(0)


class Linear:
    """G gives a linear image of z, twice as wide as the range of images; D a map of 2x2 logits, or one logit."""

    def __init__(self, patches):
        self.patches = patches

    def generator(self, latent_dim, shape, labels):
        return nn.Sequential(nn.Linear(latent_dim, 16), nn.Unflatten(1, shape))

    def discriminator(self, shape, labels):
        if self.patches:
            return nn.Conv2d(1, 1, 2, stride=2)
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0))


def gan(loss="non_saturating", patches=False):
    return players.gan(Linear(patches), latent_dim=3, loss=loss, lambda_gp=10.0 * (loss == "wasserstein"))


def images(count=7):
    return torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def told(model, x):
    """The terms of both players, and D's answers on the images in [-1, 1] and on the fakes."""
    batch = Images(x, None, torch.arange(len(x)))
    with torch.no_grad():
        fakes = model.shared(batch, NOISE)
        terms = model.discriminator_terms(batch, fakes, NOISE) | model.generator_terms(batch, fakes, NOISE)
        return terms, model.discriminator(2 * x - 1), model.discriminator(fakes["fake"])


@pytest.mark.parametrize("patches", [False, True])
@pytest.mark.parametrize("loss", get_args(AdversarialLoss))
def test_terms_are_what_the_discriminator_says_of_images_between_minus_one_and_one(loss, patches):
    terms, real, fake = told(gan(loss, patches), images())
    for part, value in discriminator_parts(loss, real, fake).items():
        torch.testing.assert_close(terms[f"loss_d_{part}"], value)
    torch.testing.assert_close(terms["loss_g"], generator_part(loss, fake, real))
    real, fake = real.reshape(7, -1), fake.reshape(7, -1)
    if loss in ("relativistic", "wasserstein"):  # of a pair, which is the real one?
        d_real, d_fake = (real - fake).sigmoid(), (fake - real).sigmoid()
    elif loss == "least_squares":
        d_real, d_fake = real.clamp(0, 1), fake.clamp(0, 1)
    else:
        d_real, d_fake = real.sigmoid(), fake.sigmoid()
    torch.testing.assert_close(terms["d_real"], d_real.mean(1), rtol=0, atol=2e-6)
    torch.testing.assert_close(terms["d_fake"], d_fake.mean(1), rtol=0, atol=2e-6)
    right = ((d_real > 0.5).sum(1) + (d_fake < 0.5).sum(1)) / (2 * real.shape[1])
    torch.testing.assert_close(terms["d_accuracy"], right, check_dtype=False)


FOUND = {  # scores of two real and two fake ones, and what D holds of each; the last real one is taken for a fake
    "non_saturating": ([3.0, -1.0], [-2.0, -2.0]),
    "saturating": ([3.0, -1.0], [-2.0, -2.0]),
    "hinge": ([1.5, -0.2], [-1.0, -1.0]),
    "least_squares": ([1.1, 0.4], [0.2, 0.1]),
    "wasserstein": ([90.0, 40.0], [50.0, 70.0]),
    "relativistic": ([90.0, 60.0], [85.0, 70.0]),
}


@pytest.mark.parametrize("loss", get_args(AdversarialLoss))
def test_accuracy_is_by_where_a_loss_draws_the_line_or_by_pairs_where_it_draws_none(loss):
    real, fake = (torch.tensor(scores) for scores in FOUND[loss])
    _, _, right = beliefs(loss, Verdict(real, fake, real, fake, ()))
    assert right.tolist() == ([1.0, 0.0] if loss in ("relativistic", "wasserstein") else [1.0, 0.5])
    _, _, right = beliefs(loss, Verdict(real, real, real, real, ()))
    assert right.mean() == 0.5


@pytest.mark.parametrize("loss", ["non_saturating", "least_squares"])
def test_the_best_d_holds_what_the_densities_say(loss):
    """The score at which p times the loss on real data and q times that on fakes is least means p / (p + q)."""
    p, q, scores = 0.3, 0.9, torch.linspace(-3, 3, 60_001, dtype=torch.float64)
    cost = p * real_loss[loss](scores) + q * fake_loss[loss](scores)
    assert log_odds(loss, scores[cost.argmin()]).sigmoid().item() == pytest.approx(p / (p + q), abs=1e-4)


def test_what_d_says_of_a_place_is_measured_from_where_its_loss_draws_the_line():
    x = images()
    for loss, expected in {"non_saturating": 0.7, "hinge": 0.7, "least_squares": math.log(0.7 / 0.3)}.items():
        model = gan(loss)
        linear = model.discriminator[1]
        torch.nn.init.zeros_(linear.weight)
        torch.nn.init.constant_(linear.bias, 0.7)
        torch.testing.assert_close(model.judge(x), torch.full((7,), expected, dtype=torch.float64))


def test_points_are_judged_in_their_own_coordinates():
    x = 5 * torch.randn(6, 2)
    assert gan().real(Points(x, None, torch.arange(6))) is x


def test_samples_are_what_the_generator_makes_of_z_in_0_to_1():
    model = gan()
    z = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(model.decode(z), ((model.generator(z) + 1) / 2).clamp(0, 1).detach())
    assert torch.equal(model.sample(5, seed=4), model.decode(model.latent_noise(4, 5, 3)))


def test_top_k_is_for_training_alone():
    model, one = players.gan(top_k=0.5), players.batch(0)
    fakes = model.shared(one, NOISE)
    assert (model.generator_terms(one, fakes, NOISE)["loss_g"] == 0).sum() == 3
    model.eval()
    assert (model.generator_terms(one, fakes, NOISE)["loss_g"] > 0).all()


def test_a_pack_that_validation_leaves_is_filled_up():
    model, one = players.gan(pack=4).eval(), players.batch(0, size=6)
    terms = model.discriminator_terms(one, model.shared(one, NOISE), NOISE)
    assert {value.shape for value in terms.values()} == {(6,)}
    x, packs = 2 * one.image - 1, terms["d_real"]
    assert torch.equal(packs[0], packs[2])  # two packs: images 0, 2, 4, 0 and 1, 3, 5, 1
    first = model.discriminator(torch.cat([x[0], x[2], x[4], x[0]])[None])
    torch.testing.assert_close(packs[0], first.sigmoid()[0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"loss": "wasserstein"}, r"needs a gradient penalty\n    Type: model.lambda_gp=10"),
        ({"loss": "hinge", "label_smoothing": 0.1}, r"hinge has no target .*\n    Type: model.label_smoothing=0"),
    ],
)
def test_a_game_that_cannot_be_played_is_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        players.gan(**options)


GAMES = {"plain": {}, "pairs": {"loss": "relativistic", "r1": 0.1}}


def test_a_penalty_beside_another_loss_is_allowed_and_said():
    assert any("allowed" in note for note in players.gan(lambda_gp=1.0).notes())
    assert not any("allowed" in note for note in players.gan(lambda_gp=1.0, loss="wasserstein").notes())


@pytest.mark.parametrize(("norm", "said"), [("batch", True), ("instance", False), ("none", False)])
def test_a_spectral_norm_that_batch_norm_scales_back_is_said(norm, said):
    for spectral in (True, False):
        notes = players.gan(DCGAN(2, norm, spectral, 0, "projection"), (1, 8, 8)).notes()
        assert any("discriminator_norm=none" in note for note in notes) == (said and spectral)


def test_what_loss_d_is_made_of_is_said_with_its_penalties():
    said = {
        name: next(note for note in players.gan(**o).notes() if note.startswith("loss_d: "))
        for name, o in GAMES.items()
    }
    assert "penalties" not in said["plain"]
    assert "loss_d_real + loss_d_fake" in said["plain"]
    assert "loss_d_pair" in said["pairs"]
    assert "penalties by their weights" in said["pairs"]


def test_a_penalty_is_not_computed_once_its_weight_has_fallen_to_0():
    model, one = players.gan(r1=Ramp(1.0, 0.0, 2, 0)), players.batch(0)
    found = []
    for model.batches_seen in range(4):
        found.append("loss_d_r1" in model.discriminator_terms(one, model.shared(one, NOISE), NOISE))
    assert found == [True, True, False, False]
