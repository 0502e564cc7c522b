"""Codes: who is whose nearest, the plane they are shown in, and the grid that is decoded from it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.analysis.base.encoded import Encoded
from genlab.analysis.codes.manifold import manifold, places
from genlab.analysis.codes.neighbours import neighbour_accuracy
from genlab.analysis.codes.plane import plane_of
from genlab.analysis.codes.random_codes import nearest_error, random_codes
from genlab.contracts import Code, ConfigError, DataSpec, Images
from genlab.figures import square_around


class Coder:
    """The code of an image is its first two pixels; a decoded code has them in its corners."""

    def __init__(self, prior=None, needs=()):
        self.prior, self.needs, self.weight_dtype, self.seen = prior, needs, torch.float64, []

    def encode(self, x, *, label=None):
        return Code(x.flatten(1)[:, :2], torch.zeros(len(x), 2))

    def decode(self, z, *, label=None):
        self.seen.append(label)
        image = torch.zeros(len(z), 1, 2, 2, dtype=torch.float64)
        image[:, 0, 0, 0], image[:, 0, 1, 1] = z[:, 0] / 10 + 0.5, z[:, 1] / 10 + 0.5
        return image


def subject(model, images=None, labels=None, classes=2):
    images = torch.rand(6, 1, 2, 2, generator=torch.Generator().manual_seed(0)) if images is None else images
    labels = torch.arange(len(images)) % 2 if labels is None else labels
    batch = Images(images, labels, torch.arange(len(images)))
    halves = [Images(*(part[:4] for part in batch)), Images(*(part[4:] for part in batch))]
    spec = DataSpec("x", "images", (1, 2, 2), {}, "", classes, tuple("ab"[:classes]))
    return SimpleNamespace(
        model=model,
        seed=0,
        split="test",
        device=torch.device("cpu"),
        loaded=SimpleNamespace(spec=spec),
        held_out=lambda split, n: halves,
    )


def codes_of(mean, label=None, logvar=None):
    mean = torch.as_tensor(mean, dtype=torch.float64)
    return Encoded(torch.arange(len(mean)), torch.zeros(len(mean), 1, 2, 2).byte(), label, mean, logvar)


def test_the_nearest_other_code_is_never_the_code_itself():
    code = torch.tensor([[0.0], [1.0], [10.0], [11.0], [30.0]]).double()
    assert neighbour_accuracy(code, torch.tensor([0, 0, 1, 1, 0])) == pytest.approx(4 / 5)
    assert neighbour_accuracy(code, torch.tensor([0, 1, 0, 1, 0])) == 0.0


def test_neighbours_are_found_across_blocks():
    code = torch.arange(1200).double()[:, None]
    label = torch.arange(1200) // 2 % 7
    apart = code + 0.4 * (torch.arange(1200) % 2 == 0)[:, None]  # each pair 0.6 apart, the next 1.4
    assert neighbour_accuracy(apart, label) == 1.0
    assert neighbour_accuracy(apart, torch.arange(1200)) == 0.0


def test_codes_of_two_numbers_are_shown_as_they_are_and_larger_ones_by_variance():
    two = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)).double()
    assert (plane_of(two, "auto", 5.0, 0).points == two.numpy()).all()
    assert plane_of(two, "auto", 5.0, 0).is_code
    wide = torch.cat([two[:, :1] * 5, two[:, 1:] * 0.1, torch.zeros(50, 1).double() + 7], 1)
    found = plane_of(wide, "auto", 5.0, 0)
    assert not found.is_code
    assert found.points[:, 0] == pytest.approx(5 * (two[:, 0] - two[:, 0].mean()).numpy(), rel=0.02, abs=0.05)
    assert "100 % of the variance" in found.axes[0]
    assert float(found.components.variances[2]) == pytest.approx(0, abs=1e-9)


def test_tsne_keeps_clusters_together_and_follows_the_seed():
    stream = torch.Generator().manual_seed(0)
    code = torch.cat([torch.randn(30, 5, generator=stream) + 20 * k for k in range(2)]).double()
    found = plane_of(code, "tsne", 5.0, 3).points
    assert neighbour_accuracy(torch.from_numpy(found), torch.arange(60) // 30) == 1.0
    assert (found == plane_of(code, "tsne", 5.0, 3).points).all()


def test_too_few_codes_for_the_perplexity_and_codes_of_one_number_are_refused():
    with pytest.raises(ConfigError, match=r"what.perplexity=30: must be below the number of images, 20"):
        plane_of(torch.zeros(20, 5).double(), "tsne", 30.0, 0)
    with pytest.raises(ConfigError, match="codes of one number have no plane"):
        plane_of(torch.zeros(20, 1).double(), "auto", 30.0, 0)


def test_the_grid_of_a_normal_prior_has_equal_shares_and_others_the_reach_of_the_codes():
    found = places(np.zeros(10), 4, normal=True)
    below = torch.distributions.Normal(0.0, 1.0).cdf(torch.from_numpy(found))
    assert below.tolist() == pytest.approx([1 / 8, 3 / 8, 5 / 8, 7 / 8])
    flat = places(np.linspace(0, 100, 1001), 3, normal=False)
    assert flat.tolist() == pytest.approx([1.0, 50.0, 99.0])


def test_the_grid_stands_as_axes_do_the_second_number_rising_upwards():
    """The image in the upper left has the least first number and the largest second."""
    made = manifold(subject(Coder(SimpleNamespace(standard_normal=True))), codes_of([[0.0, 0.0]]), 3)
    page = made.page[0]  # 6 x 6: three images of 2 x 2 along each side
    first, second = page[0::2, 0::2], page[1::2, 1::2]
    assert (first[:, 0] < first[:, 2]).all()
    assert (second[0] > second[2]).all()
    assert first[0, 0] == pytest.approx(made.x[0] / 10 + 0.5)
    assert second[0, 0] == pytest.approx(made.y[-1] / 10 + 0.5)
    assert "prior N(0, I)" in made.title


def test_a_conditional_model_decodes_the_grid_under_the_label_of_the_first_image():
    model = Coder(SimpleNamespace(standard_normal=True), needs=("classes",))
    made = manifold(subject(model), codes_of([[0.0, 0.0]] * 2, torch.tensor([1, 0])), 2)
    assert made.title.endswith("label b")
    assert model.seen[0].tolist() == [1, 1, 1, 1]


def test_the_axes_leave_out_the_outermost_alone_and_are_equally_long():
    cloud = np.concatenate([np.random.default_rng(0).uniform(-1, 1, (999, 2)), [[500.0, 0.0]]])
    (left, right), (low, high) = square_around(cloud)
    assert right - left == pytest.approx(high - low)
    assert 1 < right < 1.5


def test_random_codes_come_from_the_prior_or_from_the_codes_own_mean_and_deviation():
    codes = codes_of(torch.tensor([[4.0, 0.0], [6.0, 0.0]]))
    normal = random_codes(subject(Coder(SimpleNamespace(standard_normal=True))), codes, 4000)
    assert normal.code.mean(0).tolist() == pytest.approx([0, 0], abs=0.1)
    assert "prior" in normal.source
    own = random_codes(subject(Coder()), codes, 4000)
    assert own.code.mean(0).tolist() == pytest.approx([5, 0], abs=0.1)
    assert own.code.std(0).tolist() == pytest.approx([2**0.5, 0], abs=0.1)
    assert ((own.code - 5)[:, 0] / 2**0.5 - normal.code[:, 0]).abs().max() < 1e-9  # the same noise for both


def test_the_nearest_real_image_is_found_beyond_a_block():
    real = torch.zeros(4500, 1, 1, 2)
    real[:, 0, 0, 0] = torch.arange(4500) * 3.0
    found = nearest_error(torch.tensor([[[[4490 * 3.0 + 1, 2.0]]], [[[-2.0, 0.0]]]]), real)
    assert found.tolist() == pytest.approx([5.0, 4.0])
