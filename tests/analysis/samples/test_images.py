"""What is said of samples that are images: copies are told where they were planted, and a lost class is missed."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.analysis.samples.images import found_of_images
from genlab.analysis.samples.page import near_bars
from genlab.data.sets.digits import Digits
from genlab.images import from_uint8

COUNT = 500


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    return Digits(None, 32, None).prepare(folder, folder)


@pytest.fixture
def told(digits, cache):
    """What is found of a generator that makes these images, uint8 [N, C, H, W]."""

    def of(images, count=COUNT, sizes=(20, 40)):
        places = iter(range(0, count, 250))

        def sample(n, *, seed):
            start = next(places)
            return from_uint8(torch.from_numpy(np.array(images[start : start + n])))

        model = SimpleNamespace(sample=sample, needs=())
        parts = {"seed": 0, "split": "test", "title": "x", "prepared": digits, "cache": lambda: cache}
        return found_of_images(
            SimpleNamespace(model=model, device=torch.device("cpu"), **parts), count, "auto", sizes, 6
        )

    return of


def some(prepared, split, rows):
    """Images of a split."""
    return np.asarray(prepared.images[split])[rows]


def test_a_generator_that_copies_is_caught(told, digits):
    found = told(some(digits, "train", np.arange(COUNT)))
    assert found.metrics["test/copies"] == 1
    assert found.lines[1].startswith("copies of training images: 100.0 % of 500 samples")
    assert [row["training_image"] for row in found.tables["copies"]] == [
        row["sample"] for row in found.tables["copies"]
    ]
    assert found.metrics["test/precision_classifier_500"] > 0.8


def test_new_images_are_no_copies_and_lack_nothing(told, digits):
    both = np.concatenate([some(digits, split, slice(None)) for split in ("val", "test")])
    count = len(both) // 10 * 10
    found = told(both, count)
    assert found.lines[1].startswith(("no sign of copies", "no sample is a copy"))
    assert found.metrics["test/classes"] == 10
    assert found.metrics["test/class_kl"] < 0.1
    assert found.metrics["test/recall_classifier_" + str(count)] > 0.9
    assert "10 of 10 classes" in found.lines[0]


def test_a_generator_of_three_images_is_told_from_one_of_many(told, digits):
    few = some(digits, "val", np.arange(3))[np.random.default_rng(0).integers(3, size=COUNT)]
    found = told(few)
    assert found.metrics["test/classes"] <= 3
    assert found.metrics["test/class_kl"] > 1
    assert all(row["share"] == 1 for row in found.tables["near_duplicates"])
    assert found.tables["pairs"][0]["distance"] == 0
    assert sum(row["samples"] for row in found.rows) == COUNT
    assert found.metrics["test/recall_classifier_500"] < 0.2


def test_batches_for_which_there_are_too_few_samples_are_left_out(told, digits):
    x = some(digits, "train", np.arange(400))
    assert [row["size"] for row in told(x, 400).tables["near_duplicates"]] == [20, 40]
    assert [row["size"] for row in told(x, 399).tables["near_duplicates"]] == [20]
    assert "near_duplicates" not in told(x, 199).tables


def test_a_few_samples_as_near_as_new_images_are_no_sign_of_copies(told, digits):
    """Of 200 new images, 3 are copies: 1.5 %, where chance makes 1 ± 1 %."""
    x = some(digits, "val", np.arange(180)).repeat(2, 0)[:200]
    x[:3] = some(digits, "train", np.arange(3))
    found = told(x, 200)
    assert 0.015 <= found.metrics["test/copies"] < 0.03
    assert found.lines[1].startswith("no sign of copies: ")


def test_sizes_that_cannot_be_tested_are_not_passed_over_in_silence(told, digits):
    x = some(digits, "train", np.arange(COUNT))
    assert "no birthday test: 10 batches of 5000 images are more than there are" in told(x, sizes=(6000, 5000)).lines[0]
    assert "birthday" not in told(x, sizes=()).lines[0]


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_no_share_is_said_to_be_above_100_percent(share):
    axes = near_bars([{"size": 50, "share": share, "real_share": 0.05}]).axes[0]
    assert max(axes.get_yticks()) <= 100
    assert axes.get_ylim()[1] > 1.2 * 100 * share  # the legend stands above the bars
