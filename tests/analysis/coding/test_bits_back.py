"""Bits back: images in as many bits as log q - log p says, and back exactly; nothing is lost of what was borrowed."""

import numpy as np
import pytest
from scipy.stats import norm

from genlab.analysis.coding.ans import Stack
from genlab.analysis.coding.bits_back import CENTRES, EDGES, LATENT, PRECISION, BitsBack, borrowed, share, white

SIZE, PIXELS = 3, 40
DICE = np.random.default_rng(0)
W = DICE.normal(size=(PIXELS, SIZE))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def linear(deviation=0.6):
    """A VAE of matrices; its q(z|x) is not its posterior, as a trained one's is not."""
    return BitsBack(
        lambda x: ((2.0 * x - 1) @ W / PIXELS, np.full(SIZE, deviation)), lambda z: sigmoid(2 * W @ z - 0.3), SIZE
    )


def images(count):
    return (DICE.uniform(size=(count, PIXELS)) < 0.4).astype(np.uint8)


def test_every_image_comes_back_and_so_does_what_was_borrowed():
    coder, x, first = linear(), images(30), borrowed(SIZE, 0)
    stack = Stack(first)
    for one in x:
        coder.push(stack, one)
    read = Stack(stack.words)
    for one in x[::-1]:
        assert (coder.pop(read, PIXELS) == one).all()
    assert read.words == Stack(first).words


def test_a_message_costs_what_the_codes_it_has_drawn_cost():
    coder, x = linear(), images(100)
    stack = Stack(borrowed(SIZE, 1))
    before = stack.bits
    ideal = sum(coder.ideal(one, coder.push(stack, one)) for one in x)
    assert stack.bits - before == pytest.approx(ideal, rel=1e-3)


def test_the_mean_cost_is_the_negative_elbo():
    """Of one image many times; the ELBO by 200,000 draws of the reparameterised code."""
    coder, x = linear(), (np.random.default_rng(10).uniform(size=PIXELS) < 0.4).astype(np.uint8)
    mean, deviation = coder.posterior(x)
    z = mean + deviation * np.random.default_rng(2).normal(size=(200_000, SIZE))
    p = sigmoid(2 * z @ W.T - 0.3)
    log_p = np.log(np.where(x == 1, p, 1 - p)).sum(1) + norm.logpdf(z).sum(1)
    bound = -(log_p - norm.logpdf(z, mean, deviation).sum(1)).mean() / np.log(2)
    stacks = [Stack(borrowed(SIZE, seed)) for seed in range(1000)]
    before = sum(stack.bits for stack in stacks)
    for stack in stacks:  # each has clean bits to draw from: those that this image has left behind are not uniform
        coder.push(stack, x)
    of_one_code = 13  # bits, the standard deviation
    assert (sum(stack.bits for stack in stacks) - before) / 1000 == pytest.approx(
        bound, abs=3 * of_one_code / 1000**0.5
    )


def test_a_code_that_says_nothing_costs_nothing():
    """q is the prior and the pixels do not look at z: 40 pixels of probability 1/2 are 40 bits."""
    coder = BitsBack(lambda x: (np.zeros(SIZE), np.ones(SIZE)), lambda z: np.full(PIXELS, 0.5), SIZE)
    stack = Stack(borrowed(SIZE, 4))
    before = stack.bits
    for one in images(50):
        coder.push(stack, one)
    assert stack.bits - before == pytest.approx(50 * PIXELS, abs=2)


def test_no_interval_of_a_posterior_is_empty_and_all_are_of_the_prior_s_mass():
    narrow = BitsBack(lambda x: (np.array([0.0, 3.0, -9.0]), np.array([1e-4, 1e-2, 5.0])), lambda z: z, SIZE)
    starts = narrow.intervals(np.zeros(1))
    assert starts.shape == (SIZE, 2**LATENT + 1)
    assert (np.diff(starts, axis=1) >= 1).all()
    assert (starts[:, 0] == 0).all()
    assert (starts[:, -1] == 2**PRECISION).all()
    assert np.allclose(np.diff(norm.cdf(EDGES)), 2.0**-LATENT)
    assert ((EDGES[:-1] < CENTRES) & (EDGES[1:] > CENTRES)).all()


def test_pixels_that_are_certain_can_still_be_otherwise():
    freq = white(np.array([0.0, 1.0, 0.5]))
    assert freq == [1, 2**PRECISION - 1, 2 ** (PRECISION - 1)]
    for one in freq:
        (first, wide), (second, rest) = share(1, one), share(0, one)
        assert (first, second, wide + rest) == (0, wide, 2**PRECISION)
