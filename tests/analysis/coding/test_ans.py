"""A stack of symbols takes the bits that their probabilities say, and gives back exactly what was put in."""

import numpy as np
import pytest

from genlab.analysis.coding.ans import LOW, Stack


def table(seed, symbols, precision):
    """Frequencies of some symbols, and where each begins."""
    dice = np.random.default_rng(seed)
    cuts = np.unique(dice.integers(1, 2**precision, 4 * symbols))[-(symbols - 1) :]
    starts = np.concatenate([[0], cuts, [2**precision]])
    return starts, np.diff(starts)


@pytest.mark.parametrize("precision", [1, 8, 16, 28, 32])
def test_what_is_pushed_comes_back_and_the_message_is_as_before(precision):
    symbols = 2 if precision == 1 else 40
    starts, freq = table(0, symbols, precision)
    first = [7, 8, 2**31 + 5, 9]
    stack, dice = Stack(first), np.random.default_rng(1)
    sent = dice.integers(0, symbols, 500).tolist()
    for s in sent:
        stack.push(int(starts[s]), int(freq[s]), precision)
        assert LOW <= stack.head < LOW * LOW
    read = Stack(stack.words)
    for s in reversed(sent):
        got = int(np.searchsorted(starts, read.peek(precision), "right")) - 1
        read.drop(int(starts[got]), int(freq[got]), precision)
        assert got == s
        assert LOW <= read.head < LOW * LOW
    assert read.words == Stack(first).words


def test_a_message_is_as_long_as_its_symbols_are_unlikely():
    precision = 20
    starts, freq = table(2, 30, precision)
    p = freq / 2**precision
    stack = Stack([0, 1])
    sent = np.random.default_rng(3).choice(30, 4000, p=p)
    before = stack.bits
    for s in sent:
        stack.push(int(starts[s]), int(freq[s]), precision)
    assert stack.bits - before == pytest.approx(-np.log2(p[sent]).sum(), rel=1e-3)


def test_a_symbol_that_is_certain_costs_nothing():
    stack = Stack([1, 2, 3])
    before = stack.words
    for _ in range(1000):
        stack.push(0, 2**16, 16)
    assert stack.words == before


def test_an_empty_message_has_nothing_to_take():
    stack = Stack([0, 1])
    with pytest.raises(IndexError):
        for _ in range(3):
            stack.drop(0, 1, 32)


def test_random_words_give_uniform_numbers():
    words = np.random.default_rng(4).integers(0, 2**32, 3000).tolist()
    stack, seen = Stack(words), []
    for _ in range(4000):
        seen.append(stack.peek(4))
        stack.drop(seen[-1], 1, 4)
    counts = np.bincount(seen, minlength=16)
    assert abs(counts - 250).max() < 5 * 250**0.5
