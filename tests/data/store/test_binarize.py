"""Binarised images: every pixel is a pure function of its key, and white as often as it is grey."""

import hashlib

import numpy as np
import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.contracts import DataSpec
from genlab.data.store.binarize import FIXED, FRESH, binarized, binarized_digest, binarized_note
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData

WHOLE, GOLDEN = (1 << 64) - 1, 0x9E3779B97F4A7C15
GREY = torch.arange(256, dtype=torch.uint8).repeat(4).view(2, 2, 16, 16)
ROWS = torch.tensor([3, 41])


def finalised(x):
    """splitmix64's finaliser in Python's own whole numbers (Steele, Lea and Flood, 2014)."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WHOLE
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WHOLE
    return x ^ (x >> 31)


def level(index, pixel, seed, epoch, purpose):
    """The level that a pixel must exceed to be white: a stream of splitmix64 for each image, two pixels a number."""
    state = finalised((finalised((seed * GOLDEN + epoch) & WHOLE) * GOLDEN + purpose) & WHOLE)
    state = finalised((state + index * GOLDEN) & WHOLE)
    number = finalised((state + (pixel // 2 + 1) * GOLDEN) & WHOLE)
    return ((number >> (32 * (pixel % 2))) & 0x7FFFFF) * 255 >> 23


@pytest.mark.parametrize(
    ("how", "key", "counted"),
    [("dynamic", (7, 2), (7, 2, FRESH)), ("dynamic", None, (0, 0, FIXED)), ("static", (7, 2), (0, 0, FIXED))],
)
def test_a_pixel_is_white_where_its_grey_exceeds_its_own_number(how, key, counted):
    found = binarized(GREY, ROWS, how, key).flatten(1).tolist()
    for row, image, grey in zip(ROWS.tolist(), found, GREY.flatten(1).tolist(), strict=True):
        assert image == [255 * (level(row, pixel, *counted) < k) for pixel, k in enumerate(grey)]


def test_a_threshold_is_at_one_half():
    found = binarized(GREY, ROWS, "threshold", (0, 0))
    assert torch.equal(found, torch.where(GREY >= 128, 255, 0).to(torch.uint8))


@pytest.mark.parametrize("grey", [0, 1, 26, 128, 254, 255])
def test_a_pixel_is_white_as_often_as_it_is_grey(grey):
    images, count = torch.full((200, 1, 40, 40), grey, dtype=torch.uint8), 200 * 1600
    share = float(binarized(images, torch.arange(200), "dynamic", (0, 0)).eq(255).double().mean())
    p = grey / 255
    assert abs(share - p) <= 4.5 * (p * (1 - p) / count) ** 0.5


def test_neighbours_rows_and_epochs_are_independent():
    half = torch.full((400, 1, 16, 16), 127, dtype=torch.uint8)
    one, other = (binarized(half, torch.arange(400), "dynamic", (0, e)).flatten(1).eq(255).double() for e in (0, 1))
    spread = 5 / (400 * 255) ** 0.5  # five standard deviations of a correlation of independent pixels
    pairs = [(one[:, 1:], one[:, :-1]), (one[:, 2:], one[:, :-2]), (one[1:], one[:-1]), (one, other)]
    for a, b in pairs:
        assert abs(float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])) < spread


# ---- on a batch's way ------------------------------------------------------------------------------------------------


class Stage:
    """What the DataModule asks of a Trainer."""

    lightning_module, limit_train_batches, overfit_batches = None, 1.0, 0.0

    def __init__(self, training, epoch, rank=0, world=1):
        self.training, self.current_epoch, self.global_rank, self.world_size = training, epoch, rank, world
        self.strategy = type("Strategy", (), {"root_device": torch.device("cpu")})


def module(how, seed=0, batch_size=8):
    dice = np.random.default_rng(0)
    columns = {split: {"image": dice.integers(0, 256, (24, 1, 5, 3), np.uint8)} for split in ("train", "val", "test")}
    spec = DataSpec("set", "images", (1, 5, 3), dict.fromkeys(columns, 24), "digest", binarized=how)
    return StoreData(PreparedData(spec, columns), batch_size, seed)


def seen(data, split, training, epoch, rank=0, world=1):
    """Each image that a model gets, by its index."""
    data.trainer = Stage(training, epoch, rank, world)
    loader = data.train_dataloader() if training else data.eval_loader(split)
    batches = [data.on_after_batch_transfer(batch, 0) for batch in loader]
    return {int(i): x for batch in batches for i, x in zip(batch.index, batch.image, strict=True)}


def same(one, other):
    """Whether both have the same images, those that both have."""
    return all(torch.equal(one[i], other[i]) for i in one.keys() & other.keys())


def test_training_draws_anew_in_every_epoch_and_for_every_seed_only_if_dynamic():
    for how, moves in (("dynamic", True), ("static", False), ("threshold", False)):
        first = seen(module(how), "train", True, 0)
        assert all(x.dtype == torch.float32 and set(x.unique().tolist()) == {0.0, 1.0} for x in first.values())
        assert same(first, seen(module(how), "train", True, 0))
        assert same(first, seen(module(how), "train", True, 1)) is not moves
        assert same(first, seen(module(how, seed=1), "train", True, 0)) is not moves


@pytest.mark.parametrize("how", ["dynamic", "static", "threshold"])
def test_no_draw_depends_on_batches_or_ranks(how):
    for training in (True, False):
        whole = seen(module(how), "test", training, 3)
        assert same(whole, seen(module(how, batch_size=3), "test", training, 3))
        halves = [seen(module(how, batch_size=4), "test", training, 3, rank, 2) for rank in (0, 1)]
        assert len(halves[0] | halves[1]) == len(whole) == 24
        assert all(same(whole, half) for half in halves)


def test_all_runs_are_measured_on_one_binarisation_whatever_their_seed_and_epoch():
    for split in ("val", "test"):
        usual = seen(module("dynamic"), split, False, 0)
        assert same(usual, seen(module("dynamic", seed=9), split, False, 5))
        assert same(usual, seen(module("static", seed=3), split, False, 1))


def test_a_look_at_training_images_before_an_epoch_sees_them_as_an_evaluation_does():
    data = module("dynamic")
    data.trainer = Stage(True, 3)
    looked = {
        int(i): x
        for b in data.as_in_evaluation("train", torch.device("cpu"))
        for i, x in zip(b.index, b.image, strict=True)
    }
    assert same(looked, seen(module("dynamic"), "train", False, 0))
    assert set(torch.stack(list(looked.values())).unique().tolist()) == {0, 1}


@pytest.mark.parametrize("how", ["dynamic", "static", "threshold"])
def test_the_digest_is_that_of_what_an_evaluation_sees(how):
    data = module(how)
    images = torch.stack([x for _, x in sorted(seen(data, "test", False, 0).items())])
    right = hashlib.sha256(images.to(torch.uint8).numpy().tobytes()).hexdigest()
    assert binarized_digest(data.prepared, "test") == right
    assert right in binarized_note(data.prepared, "test")


def test_grey_images_stay_grey():
    data = module("")
    for i, image in seen(data, "test", False, 0).items():
        assert torch.equal(image, torch.from_numpy(data.prepared.images["test"][i]) / 255)


# ---- of the sets -------------------------------------------------------------------------------------------------------


def test_the_test_images_of_digits_are_the_ones_they_always_were(composed):
    prepared = prepare(composed("data=digits", "data.binarize=dynamic"))
    assert prepared.spec.binarized == "dynamic"
    assert binarized_digest(prepared, "test") == "24a2184396b79e44d6afec28bf266cf3dfa03e8161a9a02531c79123169988ff"
    assert prepare(composed("data=digits")).spec.binarized == ""
