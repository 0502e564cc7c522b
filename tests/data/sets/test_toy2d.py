"""Points lie where their density says, with the labels it says."""

import numpy as np
import pytest

from genlab.data.sets.toy2d import DENSITIES, Toy2D


def prepared(name, tmp_path, count=5000, draw=0, limit=None):
    return Toy2D(name, count, draw, 100, limit).prepare(tmp_path, tmp_path)


@pytest.mark.parametrize("name", DENSITIES)
def test_a_split_has_points_and_labels(name, tmp_path):
    made = prepared(name, tmp_path)
    spec = made.spec
    assert (spec.kind, spec.shape, spec.sizes) == ("points", (2,), {"train": 4000, "val": 500, "test": 500})
    assert spec.classes == len(spec.class_names) == {"ring": 8, "grid": 25}.get(name, 2)
    for part in made.columns.values():
        assert part["x"].dtype == np.float32
        assert part["x"].shape == (len(part["label"]), 2)
        assert part["label"].dtype == np.int64
        assert set(part["label"]) == set(range(spec.classes))
    assert sum(len(part["x"]) for part in made.columns.values()) == 5000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "sigma"), [("ring", 0.01), ("grid", 0.05)])
def test_mixtures_have_the_published_centres_and_spread(name, sigma, tmp_path):
    made = prepared(name, tmp_path, count=50_000)
    x, label = made.columns["train"]["x"], made.columns["train"]["label"]
    if name == "ring":
        np.testing.assert_allclose(np.linalg.norm(made.modes.centres, axis=1), 1, rtol=1e-6)
    else:
        assert {tuple(c) for c in made.modes.centres} == {(a, b) for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)}
    assert made.modes.sigma == sigma
    away = x - made.modes.centres[label]
    assert away.std() == pytest.approx(sigma, rel=0.02)
    assert np.array_equal(np.linalg.norm(x[:, None] - made.modes.centres, axis=2).argmin(1), label)
    counts = np.bincount(label)
    assert np.all(abs(counts / counts.mean() - 1) < 0.15)


@pytest.mark.parametrize("name", ["moons", "spiral"])
def test_arms_are_curves_without_modes(name, tmp_path):
    made = prepared(name, tmp_path)
    x, label = made.columns["train"]["x"], made.columns["train"]["label"]
    assert made.modes is None
    sigma = DENSITIES[name].sigma
    along = np.linspace(0, 1, 2000)
    for arm in (0, 1):
        curve = DENSITIES[name].centre(np.full(2000, arm), along)
        away = np.linalg.norm(x[label == arm][:, None] - curve, axis=2).min(1)
        assert away.max() < 5 * sigma
        assert np.median(away) < sigma


def test_same_draw_same_points(tmp_path):
    one, same, other = (prepared("ring", tmp_path, draw=draw) for draw in (0, 0, 1))
    assert one.spec.digest == same.spec.digest != other.spec.digest
    assert np.array_equal(one.points["test"], same.points["test"])


def test_a_limit_shortens_the_training_part_only(tmp_path):
    assert prepared("grid", tmp_path, limit=7).spec.sizes == {"train": 7, "val": 500, "test": 500}
