"""Three digits a picture: each channel is a digit of its own split, with its own place in the class."""

import numpy as np
import pytest

from genlab.contracts import DataSpec
from genlab.data.sets.mnist import MNIST
from genlab.data.sets.stacked_mnist import StackedMNIST


@pytest.fixture
def stacked(data_root, tmp_path):
    """``stacked(count=…)``: prepared from the small files of the tests."""

    def make(count=300, draw=0, binarize=None, limit=None):
        return StackedMNIST(count, draw, binarize, 8, limit).prepare(data_root, tmp_path)

    return make


def test_a_class_is_the_three_digits_of_the_channels(stacked, data_root, tmp_path):
    """100 r + 10 g + b, told by the pictures alone: each channel is looked up among the digits of the same split."""
    made, digits = stacked(), MNIST("mnist", None, 8, None).prepare(data_root, tmp_path)
    spec = made.spec
    assert (spec.shape, spec.sizes) == ((3, 28, 28), {"train": 240, "val": 30, "test": 30})
    assert (spec.classes, spec.channel_classes, spec.class_names[:2]) == (1000, 10, ("000", "001"))
    assert spec.class_names[471] == "471"
    for split in ("train", "val", "test"):
        label_of = {x.tobytes(): int(y) for x, y in zip(digits.images[split], digits.labels[split], strict=True)}
        for image, label in zip(made.images[split], made.labels[split], strict=True):
            r, g, b = (label_of[channel[None].tobytes()] for channel in image)
            assert label == 100 * r + 10 * g + b


def test_no_digit_is_in_two_splits(stacked):
    seen = {split: {c.tobytes() for image in images for c in image} for split, images in stacked(3000).images.items()}
    assert not seen["train"] & seen["val"]
    assert not (seen["train"] | seen["val"]) & seen["test"]
    assert len(seen["train"]) == 550  # all of them
    assert len(seen["val"]) == 50


def test_the_channels_are_drawn_apart_and_every_digit_as_often(stacked):
    label = np.asarray(stacked(6000).labels["train"])
    digits = np.stack([label // 100, label // 10 % 10, label % 10])
    assert abs(np.corrcoef(digits) - np.eye(3)).max() < 0.06
    assert len(np.unique(label)) > 950
    assert len({tuple(stacked(6000).images["train"][i, c, 14]) for i in range(9) for c in range(3)}) > 20


def test_the_draw_follows_from_its_own_seed(stacked):
    one, again, other = stacked(), stacked(), stacked(draw=1)
    assert one.spec == again.spec
    assert one.spec.digest != other.spec.digest
    assert not np.array_equal(one.labels["test"], other.labels["test"])


def test_a_limit_and_black_and_white_pixels(stacked):
    made = stacked(limit=7, binarize="dynamic")
    assert made.spec.sizes == {"train": 7, "val": 30, "test": 30}
    assert made.spec.binarized == "dynamic"


def test_the_description_of_an_older_set_has_no_channels_of_their_own():
    plain = DataSpec("x", "images", (1, 2, 2), {"train": 1}, "0").plain()
    plain.pop("channel_classes")
    assert DataSpec.from_plain(plain).channel_classes == 0
