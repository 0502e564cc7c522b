"""The file of directions that an analysis leaves in a run: the newest that fits is taken, and no other harms."""

import os

import numpy as np
import pytest

from genlab.pages.demo.directions import Directions, newest_directions


def write(run, name, when=0, **arrays):
    path = run / "analyze" / name / "directions.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, **arrays)
    os.utime(path, (when, when))
    return path


def test_a_run_without_any_has_none(tmp_path):
    assert newest_directions(tmp_path, 3) == Directions((), ())


def test_names_and_steps_of_the_newest(tmp_path):
    write(tmp_path, "old", 1000, names=np.array(["Male"]), directions=np.ones((1, 3)))
    write(
        tmp_path,
        "new",
        2000,
        names=np.array(["Smiling", "<b>"]),
        directions=np.arange(6, dtype=np.float32).reshape(2, 3),
    )
    assert newest_directions(tmp_path, 3) == Directions(("Smiling", "<b>"), ((0, 1, 2), (3, 4, 5)))


@pytest.mark.parametrize(
    "arrays",
    [
        {"names": np.array(["a"]), "directions": np.ones((1, 4))},
        {"names": np.array(["a", "b"]), "directions": np.ones((1, 3))},
        {"names": np.array(["a"]), "directions": np.array([[1, np.nan, 0]])},
        {"names": np.array(["a"])},
        {"names": np.array([{"a": 1}], dtype=object), "directions": np.ones((1, 3))},
    ],
    ids=["of other codes", "fewer than names", "not finite", "absent", "a pickle"],
)
def test_one_that_does_not_fit_gives_way_to_the_one_before_and_is_named(arrays, tmp_path, capsys):
    write(tmp_path, "good", 1000, names=np.array(["Male"]), directions=np.ones((1, 3)))
    path = write(tmp_path, "bad", 2000, **arrays)
    assert newest_directions(tmp_path, 3).names == ("Male",)
    assert f"{path} is left out" in capsys.readouterr().err


def test_a_cut_file_is_left_out(tmp_path, capsys):
    path = write(tmp_path, "cut", names=np.array(["Male"]), directions=np.ones((1, 3)))
    path.write_bytes(path.read_bytes()[:60])
    assert newest_directions(tmp_path, 3) == Directions()
    assert "is left out" in capsys.readouterr().err
