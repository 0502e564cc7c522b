"""A classifier of channels: it learns the digits, and tells the class of an image from all of its channels."""

import numpy as np
import pytest
import torch
from torch import nn

from genlab.contracts import DataSpec
from genlab.data.sets import digits
from genlab.data.store.source import PreparedData
from genlab.images import from_uint8
from genlab.metrics.extractors.lessons import Lesson, channel_labels
from genlab.metrics.extractors.small_networks import JointLogits, classifier_of


@pytest.fixture(scope="module")
def stacks():
    """scikit-learn's digits in stacks of three, as ``data=stacked_mnist`` has MNIST's."""
    images, labels = digits.load()
    dice, columns = np.random.default_rng(0), {}
    for split, rows in {"train": slice(0, 1400), "val": slice(1400, 1500), "test": slice(1500, 1797)}.items():
        chosen = dice.integers(len(images[rows]), size=(900 if split == "train" else 200, 3))
        label = labels[rows][chosen] @ np.array([100, 10, 1])
        columns[split] = {"image": images[rows][chosen, 0], "label": label}
    sizes = {split: len(part["label"]) for split, part in columns.items()}
    names = tuple(f"{k:03}" for k in range(1000))
    return PreparedData(DataSpec("stacks", "images", (3, 8, 8), sizes, "0", 1000, names, channel_classes=10), columns)


def test_the_digits_of_a_class_are_those_of_its_channels():
    assert channel_labels(torch.tensor([471, 8]), 10, 3).tolist() == [[4, 7, 1], [0, 0, 8]]
    assert channel_labels(torch.tensor([5]), 2, 4).tolist() == [[0, 1, 0, 1]]


def test_every_channel_is_an_example_with_its_own_digit(stacks):
    lesson = Lesson(stacks)
    assert (lesson.shape, lesson.levels) == ((1, 8, 8), (10,))
    x, right = next(iter(lesson.examples("test", chunk=4)))
    assert x.shape == (12, 1, 8, 8)
    assert torch.equal(x[4, 0], from_uint8(torch.from_numpy(stacks.images["test"][1, 1])))
    assert (right.reshape(4, 3) @ torch.tensor([100, 10, 1])).tolist() == stacks.labels["test"][:4].tolist()
    assert len(next(lesson.batches())[0]) == 126  # of 128: 42 stacks


def test_the_probability_of_a_class_is_the_product_of_its_channels():
    logits = torch.randn(5, 3, 4, dtype=torch.float64)
    joint = JointLogits(nn.Identity(), 4)(logits.flatten(1))
    assert joint.shape == (5, 64)
    assert joint.exp().sum(1).tolist() == pytest.approx([1] * 5)
    each = logits.softmax(-1)
    assert joint[2, 16 * 3 + 4 * 0 + 2].exp() == pytest.approx(float(each[2, 0, 3] * each[2, 1, 0] * each[2, 2, 2]))


def test_it_tells_most_stacks_of_digits_that_it_has_not_seen(stacks, tmp_path):
    extractor = classifier_of(stacks, tmp_path)
    images = from_uint8(torch.from_numpy(stacks.images["test"]))
    features = extractor(images)
    assert features.shape == (200, extractor.num_features) == (200, 384)
    told = extractor.logits(features).argmax(1).numpy()
    assert extractor.accuracy > 0.9
    assert (told == stacks.labels["test"]).mean() == pytest.approx(extractor.accuracy**3, abs=0.06)
