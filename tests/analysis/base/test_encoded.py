"""Codes beside their images and labels: all rows, in order, whatever the batches; and images of codes."""

import pytest
import torch

from few_pixels import FewPixels, subject
from genlab.analysis.base.encoded import Encoded, decoded, encoded
from genlab.contracts import DataSpec
from genlab.images import rounded

IMAGES = rounded(torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0)))


def test_every_image_is_there_once_with_its_code_and_its_label():
    label = torch.arange(20)
    own = encoded(subject(FewPixels(), IMAGES, label))
    assert torch.equal(own.x, IMAGES)
    assert torch.equal(own.mean, IMAGES.flatten(1)[:, :3].double())
    assert torch.equal(own.label, label)
    assert torch.equal(own.index, torch.arange(20))
    assert own.logvar is None


def test_images_need_not_be_kept_and_there_may_be_fewer():
    own = encoded(subject(FewPixels(logvar=torch.zeros(3)), IMAGES), 9, "train", images=False)
    assert len(own.image) == 0
    assert own.mean.shape == own.logvar.shape == (9, 3)
    assert own.label is None


def test_codes_are_decoded_in_order_whatever_the_chunks():
    codes = torch.rand(11, 3)
    assert torch.equal(decoded(subject(FewPixels(), IMAGES), codes, chunk=4), FewPixels().decode(codes))


def test_labels_of_classes_are_numbers_and_those_of_attributes_are_no_classes():
    own = encoded(subject(FewPixels(), IMAGES, torch.arange(20) % 2))
    assert own.classes(DataSpec("x", "images", (1, 4, 4), {}, "", 2, ("a", "b"))).tolist() == [0, 1] * 10
    assert own.classes(DataSpec("x", "images", (1, 4, 4), {}, "", attributes=("a",), levels=(2,))) is None


def test_the_first_are_the_first_of_everything():
    own = encoded(subject(FewPixels(), IMAGES, torch.arange(20))).first(3)
    assert torch.equal(own.x, IMAGES[:3])
    assert own.label.tolist() == own.index.tolist() == [0, 1, 2]
    assert own.logvar is None


def test_a_draw_has_the_spread_of_its_own_posterior():
    mean, logvar = torch.tensor([[1.0, 2.0]]).double(), torch.tensor([[0.0, 2.0]]).double() * torch.tensor(3.0).log()
    one = Encoded(torch.arange(1), torch.zeros(1, 1, 2, 2).byte(), None, mean, logvar)
    assert one.draw(torch.ones(1, 2))[0].tolist() == pytest.approx([2.0, 5.0])
    point = Encoded(torch.arange(1), torch.zeros(1, 1, 2, 2).byte(), None, mean, None)
    assert point.draw(torch.ones(1, 2)).tolist() == [[1.0, 2.0]]
