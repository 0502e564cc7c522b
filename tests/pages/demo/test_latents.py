"""Sliders: how far each goes, and in which order they stand, by planted models."""

from types import SimpleNamespace

import pytest
import torch

from genlab.contracts import Code, CodePart
from genlab.pages.demo.latents import BY_CHANGE, BY_KL, described, latents_of, two_digits

SPREAD = torch.tensor([0.0, 2.0, 0.0, 0.5])


class Gaussian:
    """A posterior N(s_j x, 1) of a picture of one pixel: its KL is s_j^2 x^2 / 2."""

    prior = SimpleNamespace(standard_normal=True)
    needs = ()

    def encode(self, x, *, label=None):
        mean = x.flatten(1) * SPREAD
        return Code(mean, torch.zeros_like(mean))

    def decode(self, z, *, label=None):
        return (z * torch.tensor([0.1, 0.0, 0.3, 0.2])).sum(1).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)


def normal(count, size=4):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(0))


def order(model, latents):
    return [[latent["index"] for latent in group["latents"]] for group in described(model, latents)["groups"]]


def test_latents_stand_in_the_order_of_their_kl_which_is_in_nats():
    found = latents_of(Gaussian(), normal(4096), torch.tensor([1.0, 3.0]).view(2, 1, 1, 1), None)
    assert found.by == BY_KL
    torch.testing.assert_close(found.worth, SPREAD.square() * 5 / 2)
    assert order(Gaussian(), found) == [[1, 3, 0, 2]]


def test_without_a_gaussian_prior_or_pictures_they_stand_by_the_change_of_the_picture():
    found = latents_of(Gaussian(), normal(4096), None, None)
    assert found.by == BY_CHANGE
    torch.testing.assert_close(found.worth, torch.tensor([0.1, 0.0, 0.3, 0.2]), atol=0.01, rtol=0)
    assert order(Gaussian(), found) == [[2, 3, 0, 1]]
    model = Gaussian()
    model.prior = SimpleNamespace()
    assert latents_of(model, normal(4096), torch.ones(2, 1, 1, 1), None).by == BY_CHANGE


def test_a_slider_goes_three_standard_deviations_and_not_beyond_what_there_is():
    codes = normal(4096)
    codes[:, 1] = codes[:, 1] * 5 + 10
    codes[:, 2] = (codes[:, 2] > 1).float()  # 0 or 1
    codes[:, 3] = 7.0
    group = described(Gaussian(), latents_of(Gaussian(), codes, None, None))["groups"][0]["latents"]
    ends = {latent["index"]: (latent["low"], latent["high"]) for latent in group}
    assert ends[0] == (pytest.approx(-3, abs=0.1), pytest.approx(3, abs=0.1))
    assert ends[1] == (pytest.approx(-5, abs=0.5), pytest.approx(25, abs=1))
    assert ends[2] == (0, 1)
    assert ends[3] == (4, 10)  # of one value only, as if it were spread by 1


def test_parts_of_a_code_stay_apart_and_have_their_titles_and_names():
    class InParts(Gaussian):
        def code_parts(self):
            return CodePart("class", 2, ("cat", "1")), CodePart("style", 2)

    model = InParts()
    groups = described(model, latents_of(model, normal(4096), None, None))["groups"]
    assert [group["title"] for group in groups] == ["class", "style"]
    assert [[latent["name"] for latent in group["latents"]] for group in groups] == [["0 cat", "1"], ["2", "3"]]


@pytest.mark.parametrize(("value", "round"), [(2.97, 3.0), (-3.02, -3.0), (14.3, 14.0), (0.0, 0.0), (0.0456, 0.046)])
def test_ends_are_round_numbers(value, round):
    assert two_digits(value) == round
