"""Mirrors and cuts: each image's fate is a pure function of seed, epoch and place, whatever batch it comes in."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.contracts import DataSpec
from genlab.data.store.augment import random_flip
from genlab.data.store.columns import Crop, gather
from genlab.data.store.module import StoreData
from genlab.data.store.source import Augmentation, PreparedData

COUNT = 48


def numbered(count, width=6, height=5):
    """uint8 [N, 1, H, W]: no pixel of an image is like another one, and the first says which image it is."""
    images = np.arange(height * width, dtype=np.uint8).reshape(1, 1, height, width).repeat(count, 0) + 100
    images[:, 0, 0, 0] = np.arange(count)
    return images


class Training:
    """What the DataModule asks of a Trainer."""

    training, lightning_module, global_rank = True, None, 0
    limit_train_batches, overfit_batches = 1.0, 0.0
    strategy = SimpleNamespace(root_device=torch.device("cpu"))

    def __init__(self, epoch, rank=0, world=1):
        self.current_epoch, self.global_rank, self.world_size = epoch, rank, world


def data(kind, hflip=True, crop=None, seed=0, batch_size=8):
    names = {"images": ("image",), "pairs": ("a", "b"), "domains": ("a", "b")}[kind]
    columns = {split: {name: numbered(COUNT) for name in names} for split in ("train", "val", "test")}
    spec = DataSpec("set", kind, (1, *(crop or (5, 6))), dict.fromkeys(columns, COUNT), "digest")
    return StoreData(PreparedData(spec, columns, Augmentation(crop, hflip)), batch_size, seed)


def seen(module, epoch, rank=0, world=1):
    """What a model gets in an epoch: by side and place, each image."""
    module.trainer = Training(epoch, rank, world)
    loader = module.train_dataloader()
    loader.load_state_dict({"epoch": epoch, "done": 0})
    found = {}
    for batch in (module.on_after_batch_transfer(batch, 0) for batch in loader):
        for side in ("image", "a", "b"):
            index = getattr(batch, f"index_{side}", getattr(batch, "index", None))
            if hasattr(batch, side):
                found |= {(side, int(i)): x for i, x in zip(index, getattr(batch, side), strict=True)}
    return found


def mirrored(images):
    """Which of them are: their second row runs downwards."""
    return {key: bool(x[0, 1, 0] > x[0, 1, -1]) for key, x in images.items()}


def corners(images):
    """Where each was cut out, (top, left), by the numbers that its pixels are."""
    places = {key: int((x[0, -1, -1] * 255).round()) - 100 for key, x in images.items()}
    return {key: (place // 6 - 2, place % 6 - 2) for key, place in places.items()}


@pytest.mark.parametrize("kind", ["images", "pairs", "domains"])
@pytest.mark.parametrize(("fate", "change"), [(mirrored, {}), (corners, {"hflip": False, "crop": (3, 3)})])
def test_a_fate_depends_on_seed_epoch_and_place_alone(kind, fate, change):
    usual = fate(seen(data(kind, **change), 3))
    assert len(usual) == COUNT * (1 if kind == "images" else 2)
    assert fate(seen(data(kind, **change, batch_size=3), 3)) == usual
    halves = [fate(seen(data(kind, **change, batch_size=4), 3, rank, 2)) for rank in (0, 1)]
    assert halves[0] | halves[1] == usual
    for other in (seen(data(kind, **change), 4), seen(data(kind, **change, seed=1), 3)):
        assert fate(other) != usual


@pytest.mark.parametrize("kind", ["images", "pairs", "domains"])
def test_a_fate_is_that_of_the_images_own_place(kind):
    every, column = np.arange(COUNT), numbered(COUNT)
    found = seen(data(kind, crop=(3, 3), seed=5), 2)
    for number, side in enumerate({"images": ["image"], "pairs": ["a", "b"], "domains": ["a", "b"]}[kind]):
        alone = number if kind == "domains" else 0
        cut = torch.from_numpy(gather(column, every, Crop((3, 3), 5, random=True), 2, alone))
        right = random_flip(cut, torch.from_numpy(every), 5, 2, alone) / 255
        assert all(torch.equal(found[side, i], right[i]) for i in every)


@pytest.mark.parametrize(("fate", "change"), [(mirrored, {}), (corners, {"hflip": False, "crop": (3, 3)})])
def test_a_pair_shares_its_fate_and_two_domains_do_not(fate, change):
    def by_side(kind):
        found = fate(seen(data(kind, **change), 0))
        return [[found[side, i] for i in range(COUNT)] for side in "ab"]

    a, b = by_side("pairs")
    assert a == b
    a, b = by_side("domains")
    assert a != b


def test_half_of_the_images_are_mirrored_left_to_right_and_the_others_are_left_alone():
    images = {key: (x * 255).round().to(torch.uint8) for key, x in seen(data("images"), 0).items()}
    fates, originals = mirrored(images), torch.from_numpy(numbered(COUNT))
    assert COUNT / 4 < sum(fates.values()) < 3 * COUNT / 4
    for (side, i), image in images.items():
        assert torch.equal(image, originals[i].flip(-1) if fates[side, i] else originals[i])


def test_nothing_is_mirrored_that_is_not_asked_to_be():
    assert not any(mirrored(seen(data("images", hflip=False), 0)).values())


def test_cuts_reach_every_place_both_sides_for_themselves():
    found = [c for epoch in range(8) for c in corners(seen(data("images", hflip=False, crop=(3, 3)), epoch)).values()]
    assert set(found) == {(top, left) for top in range(3) for left in range(4)}


def test_a_cut_is_what_lies_there():
    column, rows = numbered(COUNT, 9, 8), np.array([5, 2, 40])
    cut = Crop((4, 6), seed=3, random=True)
    tops, lefts = cut.corners(column, rows, 1, 0)
    for image, row, top, left in zip(gather(column, rows, cut, 1), rows, tops, lefts, strict=True):
        assert np.array_equal(image, column[row][:, top : top + 4, left : left + 6])
    middle = gather(column, rows, Crop((4, 6)))
    assert np.array_equal(middle, column[rows][:, :, 2:6, 1:7])


@pytest.mark.parametrize("kind", ["images", "pairs", "domains"])
def test_bytes_become_numbers_from_0_to_1(kind):
    module = data(kind, hflip=False)
    for column in module.prepared.columns["val"].values():
        column[0, 0, 0, :3] = (0, 51, 255)
    batch = module.on_after_batch_transfer(next(iter(module.val_dataloader())), 0)
    for images in (batch.image,) if kind == "images" else (batch.a, batch.b):
        assert images.dtype == torch.float32
        assert torch.equal(images[0, 0, 0, :3], torch.tensor([0, 0.2, 1]))
