"""A speaker's scale: what a pixel means, there and back, and whose it is in each direction."""

import numpy as np
import pytest
import torch

from genlab.sound.griffin_lim import sound_of
from genlab.speech.voice import ITERATIONS, Voice, gated, voices

from speaking import FORM, HIGH, LOW, spec_of


def test_half_way_between_black_and_white_is_the_mean_of_the_band_and_back():
    voice = Voice.of(spec_of(), "a")
    black, white = torch.tensor(LOW).T
    levels = torch.stack([black, (black + white) / 2, white, black + 0.3 * (white - black)], 1)
    image = voice.image(levels)
    assert image.shape == (1, 1, 32, 4)
    assert torch.allclose(image[0, 0], torch.tensor([0.0, 0.5, 1.0, 0.3]).expand(32, 4), atol=1e-5)
    assert torch.allclose(voice.levels(image)[0], levels, atol=1e-5)


def test_what_is_beyond_black_and_white_is_cut_off():
    image = Voice.of(spec_of(), "b").image(torch.tensor([[-99.0, 99.0]] * 32))
    assert image[0, 0].tolist() == [[0.0, 1.0]] * 32


@pytest.mark.parametrize(("direction", "own", "other"), [("AtoB", LOW, HIGH), ("BtoA", HIGH, LOW)])
def test_each_direction_begins_with_one_speaker_and_ends_with_the_other(direction, own, other):
    source, target = voices(spec_of(), direction)
    assert (source.scale, target.scale) == (own, other)


def test_the_sound_of_an_image_is_that_of_the_levels_it_stands_for():
    image = torch.from_numpy(np.random.default_rng(0).random((2, 1, 32, 9), np.float32))
    black, white = (torch.tensor(x)[:, None] for x in np.array(HIGH, np.float32).T)
    expected = sound_of(image[:, 0] * (white - black) + black, FORM, ITERATIONS)
    made = Voice.of(spec_of(), "b").sound(image)
    assert made.shape == (2, 8 * 256)
    assert torch.allclose(made, expected, atol=1e-4)
    assert not torch.allclose(Voice.of(spec_of(), "a").sound(image), expected, atol=1e-2)


def test_where_nothing_was_to_hear_nothing_is_heard_and_between_it_fades():
    heard = torch.tensor([True, True, False, False, True])
    made = gated(torch.ones(19), heard, 4)
    assert made[:5].eq(1).all() and made[8:13].eq(0).all()
    assert made[4:9].tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert made[12:17].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert made[16:].eq(1).all()
