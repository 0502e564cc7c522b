"""Which dimension says most, what moves with it and where, and which label goes with it."""

import pytest
import torch

from few_pixels import FewPixels, subject
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.traversals.ranked import correlated, dimension, ends, row, weights
from genlab.images import rounded

STREAM = torch.Generator().manual_seed(0)
IMAGES = rounded(torch.rand(50, 1, 4, 4, generator=STREAM))
SPREADS = torch.tensor([1e-3, 0.5, 1.0])


def own(model):
    return encoded(subject(model, IMAGES))


def test_dimensions_are_ranked_by_their_kl():
    model = FewPixels(logvar=2 * SPREADS.log())
    found, by = weights(subject(model, IMAGES), own(model))
    mean = IMAGES.flatten(1)[:, :3].double()
    wanted = (SPREADS.double() ** 2 + mean**2 - 1 - 2 * SPREADS.double().log()) / 2
    assert by == "kl"
    assert torch.allclose(found, wanted.mean(0), atol=1e-5)


@pytest.mark.parametrize(
    "model", [FewPixels(), FewPixels(logvar=torch.zeros(3), standard_normal=False)], ids=["no q", "other prior"]
)
def test_without_a_kl_in_closed_form_they_are_ranked_by_the_spread_of_the_codes(model):
    found, by = weights(subject(model, IMAGES), own(model))
    assert by == "standard_deviation"
    assert torch.allclose(found, own(model).mean.std(0))


def test_a_traversal_goes_over_the_prior_or_over_the_codes():
    codes = Encoded(torch.arange(2), IMAGES[:2], None, torch.tensor([[1.0, 5.0], [3.0, 5.0]]), None)
    assert ends(codes, "kl", 3.0, 3).tolist() == [[-3, 0, 3], [-3, 0, 3]]
    spread = 2**0.5
    assert ends(codes, "standard_deviation", 1.0, 3)[0].tolist() == pytest.approx([2 - spread, 2, 2 + spread])
    assert ends(codes, "standard_deviation", 1.0, 3)[1].tolist() == [5, 5, 5]


def test_what_moves_and_where_is_of_the_pixels_that_the_dimension_has():
    model = FewPixels()
    one = dimension(subject(model, IMAGES), own(model), 2, 1.0, torch.tensor([0.1, 0.5, 0.7]), None)
    assert one.where.flatten().tolist() == pytest.approx([0, 0, 0.6] + 13 * [0])
    assert one.moved == pytest.approx(0.6 / 4)  # one of 16 pixels
    assert one.images.flatten(1)[:, 2].tolist() == pytest.approx([0.1, 0.5, 0.7])
    assert torch.equal(one.images.flatten(1)[:, :2], IMAGES.flatten(1)[0, :2].expand(3, 2))
    told = row(one, "kl")
    assert (told["down"], told["across"]) == pytest.approx((0, 2 / 3))


def test_the_label_that_goes_with_a_dimension_may_go_against_it():
    codes = torch.randn(400, 2, generator=STREAM)
    has = torch.stack([codes[:, 0] > 0, codes[:, 1] < 0.1, torch.rand(400, generator=STREAM) > 0.5], 1)
    (first, up), (second, down) = correlated(codes, has, ["a", "b", "c"])
    assert (first, second) == ("a", "b")
    assert up > 0.7 and down < -0.7
    assert correlated(codes, has[:, :0], []) == [None, None]
