"""The pool of images made earlier: the law of its decisions, and that they depend on nothing but their key."""

import pytest
import torch

from genlab.models.base.noise import Noise
from genlab.models.base.pool import ImagePool

from parity import noise


def image(number, size=1):
    return torch.arange(number, number + size).reshape(size, 1, 1, 1) * torch.ones(1, 1, 2, 2)


def values(batch):
    return batch[:, 0, 0, 0].tolist()


def test_until_it_is_full_everything_passes():
    pool = ImagePool(5)
    for step in range(5):
        assert torch.equal(pool.query(image(step), noise(step), "x"), image(step))
    assert values(torch.stack(pool.images)) == [0, 1, 2, 3, 4]


def test_half_of_the_images_are_exchanged_each_place_equally_often():
    pool, size, count = ImagePool(10), 10, 4000
    shown = [values(pool.query(image(step), noise(step), "x"))[0] for step in range(count)]
    old = [step - number for step, number in enumerate(shown) if number != step]
    assert len(old) / count == pytest.approx(0.5, abs=0.03)
    assert sum(old) / len(old) == pytest.approx(2 * size, rel=0.1)  # replaced with probability 1/2 * 1/10 a query
    assert count - len(set(shown)) == size  # twice: only those that it was filled with; what is given back is gone


def test_images_of_one_batch_are_taken_one_after_the_other():
    one, many = ImagePool(3), ImagePool(3)
    shown = values(many.query(image(0, 8), noise(0), "x"))
    decisions = noise(0).decisions("x")
    coins = torch.rand(8, generator=decisions, dtype=torch.float64).tolist()
    places = torch.randint(3, (8,), generator=decisions).tolist()
    assert shown == [values(one.one(image(i)[0], coins[i], places[i])[None])[0] for i in range(8)]
    assert any(number != place for place, number in enumerate(shown))


def test_size_zero_is_off_and_nothing_keeps_its_graph():
    x = image(3).requires_grad_()
    for size in (0, 2):
        y = ImagePool(size).query(x, noise(0), "x")
        assert torch.equal(y, x)
        assert not y.requires_grad


def test_what_is_kept_is_not_changed_with_the_batch():
    pool, batch = ImagePool(4), image(0, 2)
    shown = pool.query(batch, noise(0), "x")
    shown.zero_()
    batch.zero_()
    assert values(torch.stack(pool.images)) == [0, 1]
    assert all(kept.untyped_storage().nbytes() == kept.nbytes for kept in pool.images)  # not the whole batch behind it


def test_ranks_purposes_and_seeds_decide_differently_and_a_restored_pool_goes_on():
    def run(pool, steps, seed=3, rank=0, purpose="x"):
        cpu = torch.device("cpu")
        return [values(pool.query(image(s), Noise(seed, "train", s, cpu, rank=rank), purpose))[0] for s in steps]

    whole = run(ImagePool(4), range(60))
    for other in ({"seed": 4}, {"rank": 1}, {"purpose": "y"}):
        assert run(ImagePool(4), range(60), **other) != whole
    first, second = ImagePool(4), ImagePool(4)
    shown = run(first, range(25))
    torch.rand(7)  # the global state has no part in it
    second.restore(first.state())
    assert shown + run(second, range(25, 60)) == whole


def test_a_restored_pool_that_is_to_hold_fewer_keeps_so_many_of_them():
    first, second, none = ImagePool(4), ImagePool(3), ImagePool(0)
    first.query(image(0, 4), noise(0), "x")
    second.restore(first.state())
    none.restore(first.state())
    assert values(torch.stack(second.images)) == [0, 1, 2]
    assert none.images == []
