"""The plane of a film of codes: the codes themselves, or that in which the last ones vary most; by whose classes coloured."""

from types import SimpleNamespace

import numpy as np
import pytest

from genlab.contracts import DataSpec
from genlab.film.code_map import CodeFrame
from genlab.metrics import code_map
from genlab.metrics.code_map import code_scene, film_codes, view_of

DIGITS = DataSpec("digits", "images", (1, 8, 8), {"val": 6}, "", 3, tuple("abc"))
FACES = DataSpec("faces", "images", (1, 8, 8), {"val": 6}, "", attributes=("Male", "Old"), levels=(2, 2))
PAIRS = np.array([[0, 1], [1, 1], [0, 0], [1, 0], [0, 0], [1, 1]])


def prepared(spec, label):
    return SimpleNamespace(spec=spec, labels={"val": label, "train": None})


def frame(step, code):
    return CodeFrame(step, float(step), np.arange(len(code)), np.float32(code))


def test_codes_of_two_numbers_are_seen_as_they_are():
    code = np.float32([[1, 2], [-3, 5]])
    view = view_of(code)
    assert np.array_equal(view.points(code), code)
    assert (view.axes, view.about) == (("$z_1$", "$z_2$"), "")


def test_larger_codes_are_seen_where_they_vary_most():
    """Variances of 9, 4 and 1 along axes of which the largest is the third: 64 % and 29 %."""
    spread = np.float32([[2, 0, 0], [-2, 0, 0], [0, 0, 3], [0, 0, -3], [0, 1, 0], [0, -1, 0]])
    view = view_of(spread + np.float32([5, 6, 7]))
    assert view.mean == pytest.approx([5, 6, 7])
    np.testing.assert_allclose(view.basis.T, [[0, 0, 1], [1, 0, 0]], atol=1e-6)
    assert view.axes[0] == "principal component 1: 64 % of the variance"
    assert "the last frame's codes, 93 % of their variance" in view.about


def test_codes_that_are_all_one_have_a_plane_too():
    view = view_of(np.ones((5, 4), np.float32))
    assert np.abs(view.points(np.ones((5, 4)))).max() < 1e-6
    assert "0 %" in view.axes[0]


def test_images_have_the_colours_of_their_validation_labels():
    last = frame(3, [[0, 0], [1, 1]])
    label = np.array([0, 1, 2, 2, 1, 0])
    found = code_scene(prepared(DIGITS, label), "vae on digits", None, "key", last)
    assert (found.classes.tolist(), found.names, found.plain) == (label.tolist(), ("a", "b", "c"), "")
    found = code_scene(prepared(FACES, PAIRS), "", "Old", "key", last)
    assert (found.classes.tolist(), found.names) == ([1, 1, 0, 0, 0, 1], ("not Old", "Old"))
    found = code_scene(prepared(FACES, PAIRS), "", None, "key", last)
    assert (found.classes, found.plain) == (None, "One colour: key=NAME")
    found = code_scene(prepared(DataSpec("x", "images", (1, 8, 8), {}, ""), None), "", None, "key", last)
    assert (found.classes, found.plain) == (None, "One colour: the set has no labels")


def test_every_frame_is_seen_in_the_plane_of_the_last(tmp_path, monkeypatch):
    """And codes that are not finite, which have no place, are left out with the others of their frame."""
    seen = []
    monkeypatch.setattr(code_map, "write_map", lambda scene, frames, *_: seen.extend([scene, frames]) or [])
    early, late = np.diag([5, 4, 1, 0])[:, :3], np.diag([1, 4, 9, 0])[:, :3]
    frames = [frame(0, early), frame(1, late), frame(2, [[0, 0, np.nan]] * 4), frame(3, [[np.inf, 0, 0]] * 4)]
    film_codes(prepared(DIGITS, None), "", None, "key", frames, tmp_path)
    assert np.array_equal(seen[0].view.basis, view_of(np.float32(late)).basis)
    assert [one.step for one in seen[1]] == [0, 1]


def test_of_no_frames_there_is_no_film(tmp_path):
    assert film_codes(prepared(DIGITS, None), "", None, "key", [], tmp_path) == []
    assert film_codes(prepared(DIGITS, None), "", None, "key", [frame(0, [[np.nan, 0]])], tmp_path) == []
    assert not list(tmp_path.iterdir())
