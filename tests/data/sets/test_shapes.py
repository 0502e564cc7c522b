"""The shapes are what their factors say: whole, in place, and nothing moves but what was asked to."""

import numpy as np
import pytest
import torch

from genlab.contracts import ConfigError, DataSpec
from genlab.data.sets.shapes import FACTORS, Shapes
from genlab.data.store.binarize import binarized
from genlab.models.base.pixels import Pixels

ALL = ["square", "ellipse", "heart"]
SHAPE, SCALE, TURN, X, Y = range(5)


def shapes(count=None, draw=0, size=64, **levels):
    usual = {"shapes": ALL, "scales": 6, "orientations": 40, "x_positions": 32, "y_positions": 32}
    drawn = {"image_size": size, "count": count, "subset_seed": draw, "binarize": None}
    return Shapes(**usual | levels, **drawn, batch_size=8, limit=None)


def varied(factor, source, base=(2, 3, 4, 16, 16)):
    """Images in which only one factor changes, [levels, H, W] bool."""
    levels = np.tile(base, (source.levels[factor], 1))
    levels[:, factor] = np.arange(source.levels[factor])
    return source.render(levels)[:, 0] > 0


def centroids(images):
    """Centre of the white pixels, [N] x and [N] y, in pixels from the upper left corner."""
    places = np.arange(images.shape[-1]) + 0.5
    area = images.sum((1, 2))
    return (images.sum(1) @ places) / area, (images.sum(2) @ places) / area


def axes(images):
    """Direction of the longest axis, from the second moments: [N] radians in (-pi/2, pi/2], counter-clockwise."""
    cx, cy = centroids(images)
    y, x = np.mgrid[: images.shape[1], : images.shape[2]] + 0.5
    dx, dy = x - cx[:, None, None], cy[:, None, None] - y
    xx, yy, xy = ((images * p).sum((1, 2)) for p in (dx * dx, dy * dy, dx * dy))
    return 0.5 * np.arctan2(2 * xy, xx - yy)


def test_the_set_says_that_its_pixels_are_black_and_white_and_they_are(tmp_path):
    prepared = shapes(300, size=16).prepare(tmp_path, tmp_path)
    for split, images in prepared.images.items():
        assert set(np.unique(images)) == {0, 255}, split
    assert prepared.spec.binarized == "stored"
    assert Pixels("bernoulli", 1.0, "linear", binarized=prepared.spec.binarized).is_mass
    for how in ("stored", "dynamic", "static", "threshold"):
        some = torch.from_numpy(np.array(prepared.images["train"][:50]))
        assert torch.equal(binarized(some, torch.arange(50), how, (0, 0)), some)


def test_images_are_binary_and_whole():
    source = shapes()
    corners = np.array([(s, 5, t, x, y) for s in range(3) for t in range(40) for x in (0, 31) for y in (0, 31)])
    images = source.render(corners)
    assert images.dtype == np.uint8
    assert images.shape == (480, 1, 64, 64)
    assert set(np.unique(images)) == {0, 255}
    middle = corners.copy()
    middle[:, 3:] = 16
    areas = (images > 0).sum((1, 2, 3)) / (source.render(middle) > 0).sum((1, 2, 3))
    assert np.all(abs(areas - 1) < 0.06)  # a piece cut off would be missed; where pixels fall changes a few


@pytest.mark.parametrize("shape", range(3))
def test_a_window_around_the_shape_sees_all_of_it(shape):
    """What it left out would be missing from the area."""
    source = shapes(size=256)
    image = source.render(np.array([[shape, 5, 3, 16, 16]]))[0, 0] > 0
    radius = 0.2 * 256
    area = {0: 2.0, 1: np.pi / 2, 2: 3.6611 / 1.2935**2}[shape] * radius**2
    assert image.sum() == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize(("factor", "moved", "still"), [(X, 0, 1), (Y, 1, 0)])
def test_places_move_the_centre_along_one_axis_only(factor, moved, still):
    images = varied(factor, shapes())
    centre = centroids(images)
    steps = np.diff(centre[moved])
    assert np.all(steps > 0.5)
    assert centre[moved][-1] - centre[moved][0] == pytest.approx(64 * 0.6, abs=0.3)  # radius to side - radius
    assert np.ptp(centre[still]) < 0.3
    area = images.sum((1, 2))
    assert np.ptp(area) < 0.08 * area.mean()


@pytest.mark.parametrize("shape", range(3))
def test_scale_grows_the_area_by_its_square_and_moves_nothing(shape):
    images = varied(SCALE, shapes(size=128), base=(shape, 0, 7, 16, 16))
    area = images.sum((1, 2))
    assert np.all(np.diff(area) > 0)
    np.testing.assert_allclose(area / area[-1], np.linspace(0.5, 1, 6) ** 2, rtol=0.05)
    assert all(np.ptp(centre) < 0.5 for centre in centroids(images))


def test_orientation_turns_the_axes_and_nothing_else():
    images = varied(TURN, shapes(size=128), base=(1, 5, 0, 16, 16))  # an ellipse
    asked = 2 * np.pi * np.arange(40) / 40
    error = (axes(images) - asked + np.pi / 2) % np.pi - np.pi / 2
    assert np.all(abs(error) < 0.03)
    area = images.sum((1, 2))
    assert np.ptp(area) < 0.03 * area.mean()
    assert all(np.ptp(centre) < 0.3 for centre in centroids(images))


def test_symmetries_are_those_that_are_written_down():
    for shape, period in {0: 10, 1: 20, 2: 40}.items():
        images = varied(TURN, shapes(), base=(shape, 5, 0, 16, 16))
        assert len(np.unique(images[:period], axis=0)) == period
        np.testing.assert_array_equal(images, np.tile(images[:period], (40 // period, 1, 1)))


def test_the_shape_is_the_first_factor():
    images = varied(SHAPE, shapes(), base=(0, 5, 0, 16, 16))
    one = shapes(shapes=["heart"]).render(np.array([[0, 5, 0, 16, 16]]))[0, 0] > 0
    assert np.array_equal(images[2], one)
    assert images[1].sum() < images[0].sum()


def test_one_level_is_the_middle():
    source = shapes(scales=1, orientations=1, x_positions=1, y_positions=1)
    images = source.render(np.array([[0, 0, 0, 0, 0]]))[0] > 0
    assert [centre[0] for centre in centroids(images)] == pytest.approx([32, 32])


def test_same_recipe_same_bytes_another_draw_others(tmp_path):
    one, other, same = (
        shapes(count=200, draw=draw).prepare(tmp_path, tmp_path / cache)
        for draw, cache in ((0, "a"), (1, "a"), (0, "b"))
    )
    assert one.spec.digest == same.spec.digest != other.spec.digest
    assert one.spec.sizes == {"train": 160, "val": 20, "test": 20}
    assert np.array_equal(one.images["train"], same.images["train"])
    assert not np.array_equal(one.labels["train"], other.labels["train"])


def test_labels_are_the_factors_and_no_combination_comes_twice(tmp_path):
    source = shapes(count=300)
    prepared = source.prepare(tmp_path, tmp_path)
    spec = prepared.spec
    assert (spec.attributes, spec.levels, spec.shape) == (FACTORS, (3, 6, 40, 32, 32), (1, 64, 64))
    assert DataSpec.from_plain(spec.plain()) == spec
    labels = np.concatenate([prepared.labels[split] for split in ("train", "val", "test")])
    assert labels.dtype == np.int64
    assert labels.shape == (300, 5)
    assert len(np.unique(labels, axis=0)) == 300
    assert np.array_equal(prepared.images["val"], source.render(prepared.labels["val"]))


def test_the_whole_grid_comes_in_order(tmp_path):
    source = shapes(orientations=2, x_positions=2, y_positions=3, scales=2, size=16)
    prepared = source.prepare(tmp_path, tmp_path)
    assert sum(prepared.spec.sizes.values()) == 3 * 2 * 2 * 2 * 3
    places = np.ravel_multi_index(tuple(prepared.labels["train"].T), source.levels)
    assert np.all(np.diff(places) > 0)


def test_more_than_there_are_is_refused_with_the_words_to_type():
    with pytest.raises(ConfigError, match="only 737,280 combinations.*\n.*data.count=null"):
        shapes(count=737_281)
