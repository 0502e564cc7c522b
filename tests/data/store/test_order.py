"""Who comes when, and the loader's place in it."""

import numpy as np
import torch

from genlab.data.store.augment import random_flip
from genlab.data.store.loader import EvalLoader, Rows, TrainLoader
from genlab.data.store.order import epoch_order, eval_batches, keyed_split, steps, train_batch
from genlab.random import uniform


def test_order_is_a_permutation_and_a_function_of_seed_and_epoch():
    order = epoch_order(100, 3, 5)
    assert sorted(order) == list(range(100))
    assert np.array_equal(order, epoch_order(100, 3, 5))
    assert not np.array_equal(order, epoch_order(100, 3, 6))
    assert not np.array_equal(order, epoch_order(100, 4, 5))


def test_ranks_share_the_global_batch_row_by_row():
    order = epoch_order(103, 0, 0)
    for step in range(steps(103, 10, 2)):
        whole = train_batch(order, step, 20, 0, 1)
        halves = [train_batch(order, step, 10, rank, 2) for rank in (0, 1)]
        assert np.array_equal(np.stack(halves, 1).ravel(), whole)


def test_every_rank_takes_the_same_steps_also_for_a_tiny_set():
    for count in (1, 3, 7, 40):
        for world in (1, 2, 3):
            order = epoch_order(count, 0, 0)
            shares = [len(train_batch(order, 0, 8, rank, world)) for rank in range(world)]
            assert len(set(shares)) == 1
            assert shares[0] >= 1
            assert steps(count, 8, world) >= 1


def test_evaluation_counts_every_image_once_whatever_the_ranks():
    for world in (1, 2, 3):
        shares = [eval_batches(101, 8, rank, world) for rank in range(world)]
        assert sorted(np.concatenate(sum(shares, []))) == list(range(101))
        for rank, batches in enumerate(shares):
            for number, batch in enumerate(batches):
                assert np.all(batch % world == rank)  # the rows that this rank's noise is drawn for
                assert np.all(batch // (8 * world) == number)


def test_a_files_part_is_exact_in_size_and_fixed_by_its_name():
    names = [f"{i}.png" for i in range(200)]
    parts = keyed_split(names, {"val": 0.1, "test": 0.1})
    assert [len(parts[p]) for p in ("train", "val", "test")] == [160, 20, 20]
    assert sorted(sum(parts.values(), [])) == list(range(200))
    backwards = keyed_split(names[::-1], {"val": 0.1, "test": 0.1})
    assert {names[i] for i in parts["val"]} == {names[::-1][i] for i in backwards["val"]}


def loader(**change):
    columns = {"image": np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1), "label": np.arange(50)}
    return TrainLoader(Rows("images", columns), **({"batch_size": 8, "seed": 1, "rank": 0, "world": 1} | change))


def test_a_loader_that_is_set_back_gives_the_same_batches_again():
    whole = loader()
    epochs = [[batch.index.tolist() for batch in whole] for _ in range(3)]
    assert len(epochs[0]) == len(whole) == 6
    assert epochs[0] != epochs[1]
    halfway = loader()
    list(halfway)
    iterator = iter(halfway)
    for _ in range(2):
        next(iterator)
    resumed = loader()
    resumed.load_state_dict(halfway.state_dict())
    assert [b.index.tolist() for b in resumed] == epochs[1][2:]
    assert [b.index.tolist() for b in resumed] == epochs[2]


def test_batches_hold_what_the_arrays_hold():
    batch = next(iter(loader()))
    assert batch.image.dtype == torch.uint8
    assert torch.equal(batch.image.flatten().long(), batch.index)
    assert torch.equal(batch.label, batch.index)
    assert [len(b.index) for b in EvalLoader(loader().rows, 20, 0, 1)] == [20, 20, 10]


def test_augmentation_depends_on_seed_epoch_and_index_only():
    index = torch.arange(20_000)
    numbers = uniform(index, 1, 2, 3)
    assert torch.equal(numbers.flip(0), uniform(index.flip(0), 1, 2, 3))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.01
    assert abs(numbers.var() - 1 / 12) < 0.002
    for other in (uniform(index, 2, 2, 3), uniform(index, 1, 3, 3), uniform(index, 1, 2, 4)):
        assert abs(torch.corrcoef(torch.stack([numbers, other]))[0, 1]) < 0.03
    image = torch.randint(0, 256, (64, 1, 2, 4), dtype=torch.uint8)
    flipped = random_flip(image, torch.arange(64), 0, 0)
    mirrored = [torch.equal(a, b.flip(-1)) for a, b in zip(flipped, image, strict=True)]
    assert 15 < sum(mirrored) < 49
    assert all(torch.equal(a, b) or m for a, b, m in zip(flipped, image, mirrored, strict=True))
