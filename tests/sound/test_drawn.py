"""Spectrograms as pictures: upright, lighter where louder, and beside a short one nothing."""

import numpy as np

from genlab.sound.drawn import drawn


def test_low_bands_are_below_and_time_goes_to_the_right():
    image = np.zeros((3, 4))
    image[0, 3] = 1  # the lowest band, at the end
    shown = drawn(image).astype(int).sum(2)
    assert shown.shape == (3, 4)
    assert np.unravel_index(shown.argmax(), shown.shape) == (2, 3)


def test_every_level_is_lighter_than_the_one_before():
    """By the luminance of the eye, so that it is read in grey as well, on a light page and on a dark one."""
    steps = drawn(np.linspace(0, 1, 32)[None]).astype(float)[0] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(steps) > 1).all()
    assert steps[0] < 10 and steps[-1] > 240


def test_what_is_beyond_is_cut_off_and_beside_a_short_one_nothing_is_drawn():
    assert np.array_equal(drawn(np.array([[-3.0, 0.0, 1.0, 9.0]])), drawn(np.array([[0.0, 0.0, 1.0, 1.0]])))
    assert drawn(np.zeros((2, 9)), 5).shape == (2, 5, 3)
    page = drawn(np.zeros((2, 3)), 5)
    assert (page[:, 3:] == 255).all() and page[:, :3].max() < 10
