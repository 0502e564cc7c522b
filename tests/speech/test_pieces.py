"""Long sounds in pieces: all of it once, cut where it is quiet, and together again without a seam."""

import numpy as np
import pytest

from genlab.speech import pieces as cutting
from genlab.speech.pieces import around, joined, pieces, quietest

from speaking import FORM


@pytest.fixture
def short(monkeypatch):
    """Pieces of 50 windows at most, which share 4 on either side of a cut."""
    monkeypatch.setattr(cutting, "LONGEST", 50 * FORM.seconds(1))
    monkeypatch.setattr(cutting, "AROUND", 4 * FORM.seconds(1))


def coming(total, step, level=None):
    """Windows that come in parts of ``step``; the first band of each has its number."""
    frames = np.zeros((total, FORM.n_mels), np.float32)
    frames[:, 0] = np.arange(total)
    level = np.ones(total, np.float32) if level is None else level
    return ((frames[i : i + step], level[i : i + step]) for i in range(0, total, step))


@pytest.mark.parametrize("total", [1, 7, 50, 58, 59, 100, 333])
@pytest.mark.parametrize("step", [1, 17, 1000])
def test_every_window_is_own_to_one_piece_and_neighbours_share_what_is_around_the_cut(total, step, short):
    found = list(pieces(coming(total, step), FORM))
    assert np.concatenate([one.frames[0, one.own] for one in found]).tolist() == list(range(total))
    assert [one.last for one in found] == [False] * (len(found) - 1) + [True]
    for before, after in zip(found, found[1:], strict=False):
        assert np.array_equal(before.frames[:, -8:], after.frames[:, :8])
    assert all(one.frames.shape[1] == len(one.level) <= 58 + 8 for one in found)
    assert (len(found) == 1) == (total <= 58)


def test_how_it_comes_changes_no_cut(short):
    dice = np.random.default_rng(0).random(400).astype(np.float32)
    one, other = ([x.own for x in pieces(coming(400, step, dice), FORM)] for step in (3, 400))
    assert one == other


def test_a_cut_is_where_it_is_quiet():
    level = np.ones(100, np.float32)
    level[61:69] = 0.01
    assert quietest(level, 40, 90, 4) == 65
    assert 40 <= quietest(np.ones(100), 40, 90, 4) < 90


@pytest.mark.parametrize("cuts", [[], [30], [20, 45], [20, 45, 70]])
def test_pieces_of_one_sound_are_that_sound_again(cuts):
    """The weights of the fade sum to 1 everywhere."""
    sound, shared = np.random.default_rng(0).standard_normal(100).astype(np.float32), 8
    bounds = [0, *cuts, 100]
    parts = [
        sound[max(0, a - 4) : min(100, b + 4)] if b < 100 else sound[max(0, a - 4) :]
        for a, b in zip(bounds, bounds[1:], strict=False)
    ]
    before = [part.copy() for part in parts]
    assert np.allclose(np.concatenate([*joined(parts, shared)]), sound, atol=1e-6)
    assert all(np.array_equal(part, own) for part, own in zip(parts, before, strict=True))


def test_one_piece_fades_into_the_other_over_all_that_they_share():
    made = np.concatenate([*joined([np.zeros(20, np.float32), np.ones(20, np.float32)], 10)])
    assert len(made) == 30
    assert made[:10].max() == 0 and made[20:].min() == 1
    assert np.allclose(np.diff(made[9:21]), [0.05, *[0.1] * 9, 0.05])


def test_a_sound_shorter_than_what_is_shared_stays_whole():
    assert np.concatenate([*joined([np.ones(3, np.float32)], 8)]).tolist() == [1, 1, 1]


def test_a_quarter_of_a_second_is_shared():
    assert around(FORM) == 16
