"""Points on a line: of the density that the set states, with the labels of their Gaussians, the same in every run."""

import numpy as np
import pytest
from scipy import stats

from genlab.contracts import ConfigError
from genlab.data.sets.toy1d import Toy1D


def prepared(tmp_path, centres=(-1.0, 0.5, 2.0), sigma=0.2, count=5000, draw=0, limit=None):
    return Toy1D(list(centres), sigma, count, draw, 100, limit).prepare(tmp_path, tmp_path)


def test_a_split_has_points_of_one_dimension_and_labels(tmp_path):
    made = prepared(tmp_path)
    spec = made.spec
    assert (spec.kind, spec.shape, spec.sizes) == ("points", (1,), {"train": 4000, "val": 500, "test": 500})
    assert spec.class_names == ("at -1", "at 0.5", "at 2")
    for part in made.columns.values():
        assert (part["x"].dtype, part["label"].dtype) == (np.float32, np.int64)
        assert part["x"].shape == (len(part["label"]), 1)
    assert not list(tmp_path.iterdir())


def test_the_points_of_a_label_are_those_of_its_gaussian(tmp_path):
    made = prepared(tmp_path, count=50_000)
    x, label = made.columns["train"]["x"][:, 0], made.columns["train"]["label"]
    assert made.modes.sigma == 0.2
    for mode, centre in enumerate(made.modes.centres[:, 0]):
        own = x[label == mode]
        assert len(own) == pytest.approx(len(x) / 3, rel=0.05)
        assert stats.kstest(own, stats.norm(centre, 0.2).cdf).pvalue > 0.01


def test_same_draw_same_points(tmp_path):
    one, same, other = (prepared(tmp_path, draw=draw) for draw in (0, 0, 1))
    assert one.spec.digest == same.spec.digest != other.spec.digest


def test_a_limit_shortens_the_training_part_only(tmp_path):
    assert prepared(tmp_path, limit=7).spec.sizes == {"train": 7, "val": 500, "test": 500}


@pytest.mark.parametrize("typed", ["data.centres=[]", "data.sigma=0", "data.centres=[a]"])
def test_a_line_without_a_density_is_refused(typed, composed):
    with pytest.raises(ConfigError, match=typed.partition("=")[0]):
        composed("model=gan", "data=toy1d", typed)
