"""What a GAN tells of its players' answers, and what its samples are."""

from typing import get_args

import pytest
import torch
from torch import nn

from genlab.contracts import DataSpec, Images, Points
from genlab.losses.adversarial import AdversarialLoss, fake_loss, generator_loss, real_loss
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.gan import GAN

NOISE = Noise(0, "train", 0, torch.device("cpu"), torch.float64)


class Linear:
    """G gives a linear image of z, twice as wide as the range of images; D a map of 2x2 logits, or one logit."""

    def __init__(self, patches):
        self.patches = patches

    def generator(self, latent_dim, shape, labels):
        return nn.Sequential(nn.Linear(latent_dim, 16), nn.Unflatten(1, shape))

    def discriminator(self, shape, labels, condition):
        if self.patches:
            return nn.Conv2d(1, 1, 2, stride=2)
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0))


def gan(loss="non_saturating", patches=False):
    torch.manual_seed(0)
    spec = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0")
    return GAN(3, loss, 1, Linear(patches), torch.optim.SGD, Constant(), spec, seed=0).double()


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
    torch.testing.assert_close(terms["loss_d"], real_loss[loss](real) + fake_loss[loss](fake))
    torch.testing.assert_close(terms["loss_g"], generator_loss[loss](fake))
    real, fake = real.reshape(7, -1), fake.reshape(7, -1)
    torch.testing.assert_close(terms["d_real"], real.sigmoid().mean(1))
    torch.testing.assert_close(terms["d_fake"], fake.sigmoid().mean(1))
    right = ((real > 0).sum(1) + (fake < 0).sum(1)) / (2 * real.shape[1])
    torch.testing.assert_close(terms["d_accuracy"], right, check_dtype=False)


def test_points_are_judged_in_their_own_coordinates():
    x = 5 * torch.randn(6, 2)
    assert gan().real(Points(x, None, torch.arange(6))) is x


def test_samples_are_what_the_generator_makes_of_z_in_0_to_1():
    model = gan()
    z = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(model.decode(z), ((model.generator(z) + 1) / 2).clamp(0, 1).detach())
    assert torch.equal(model.sample(5, seed=4), model.decode(model.latent_noise(4, 5, 3)))
