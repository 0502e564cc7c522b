"""Frames come back as they were kept, and those of after a checkpoint are forgotten."""

import numpy as np
import pytest

from genlab.contracts import DataError
from genlab.film.frame import Frame
from genlab.film.kept import chosen, forget_after, keep, kept, read, thinned


def frame(step):
    dice = np.random.default_rng(step)
    box = np.array([[-1, -1], [1, 1]], np.float32)
    return Frame(step, box, dice.random((4, 4), np.float32), dice.random((5, 2), np.float32))


def test_a_frame_comes_back_as_it_was(tmp_path):
    again = read(Frame, keep(frame(300), tmp_path / "frames"))
    assert again.step == 300
    assert type(again.step) is int
    for name in ("box", "belief", "fake", "z", "image"):
        assert np.array_equal(getattr(again, name), getattr(frame(300), name)), name


def test_frames_are_in_the_order_of_their_steps_and_later_ones_are_forgotten(tmp_path):
    assert list(kept(tmp_path / "frames")) == []
    for step in (1000, 0, 20_000, 300):
        keep(frame(step), tmp_path)
    (tmp_path / "notes.npz").touch()
    assert list(kept(tmp_path)) == [0, 300, 1000, 20_000]
    forget_after(tmp_path, 1000)
    assert list(kept(tmp_path)) == [0, 300, 1000]
    assert [one.step for one in chosen(Frame, tmp_path, 2)] == [0, 1000]


def test_a_frame_that_is_cut_is_named_with_the_remedy(tmp_path):
    path = keep(frame(0), tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=f"{path.name} cannot be read.*Delete it"):
        read(Frame, path)


@pytest.mark.parametrize(("count", "most"), [(5, 9), (9, 9), (100, 7), (1000, 120), (3, 2), (3, 1)])
def test_of_many_frames_some_are_left_out_evenly_and_the_ends_stay(count, most):
    steps = list(range(0, 10 * count, 10))
    left = thinned(steps, most)
    assert len(left) == min(count, most) == len(set(left))
    assert left[-1] == steps[-1]
    assert left[0] == steps[0] or most == 1
    gaps = np.diff(left) / 10
    assert not len(gaps) or gaps.max() - gaps.min() <= 1
