"""Keyed numbers are splitmix64's, whoever computes them: a run's order and its augmentation outlive this code."""

import numpy as np
import torch

from genlab.data.store.order import domain_order, epoch_order, keyed_split
from genlab.random import below, keyed_bits, uniform

WHOLE = (1 << 64) - 1


def finalised(x):
    """splitmix64's finaliser in Python's own whole numbers (Steele, Lea and Flood, 2014)."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WHOLE
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WHOLE
    return x ^ (x >> 31)


def expected(index, seed, epoch, purpose):
    golden = 0x9E3779B97F4A7C15
    state = finalised((seed * golden + epoch) & WHOLE)
    state = finalised((state * golden + purpose) & WHOLE)
    return finalised((state + index * golden) & WHOLE) >> 40


def test_arrays_and_tensors_give_splitmix64s_numbers():
    index = np.array([0, 1, 2, 3, 1000, 202_598, 2**40])
    for seed, epoch, purpose in ((0, 0, 1), (7, 3, 2), (2**31, 500, 103)):
        right = [expected(int(i), seed, epoch, purpose) for i in index]
        assert keyed_bits(index, seed, epoch, purpose).tolist() == right
        assert keyed_bits(torch.from_numpy(index), seed, epoch, purpose).tolist() == right
        assert uniform(index, seed, epoch, purpose).tolist() == [bits / 2**24 for bits in right]
        assert below(30, index, seed, epoch, purpose).tolist() == [bits * 30 >> 24 for bits in right]


def test_the_order_of_an_epoch_and_a_files_part_are_what_they_always_were():
    assert epoch_order(10, 1, 2).tolist() == [4, 8, 0, 9, 5, 7, 2, 6, 3, 1]
    assert domain_order(4, 4, 1, 2).tolist() == [[3, 2], [0, 1], [1, 3], [2, 0]]
    parts = keyed_split([f"x{i}.png" for i in range(20)], {"val": 0.1, "test": 0.1})
    assert (parts["val"], parts["test"]) == ([1, 18], [0, 17])
