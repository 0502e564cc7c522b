"""Errors of reconstructions as the literature counts them, PCA's line against one fitted for every size, images shown."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from genlab.analysis.reconstructions.compared import chosen, linear_output, reconstruction, spread
from genlab.analysis.reconstructions.linear import pca_errors
from genlab.analysis.reconstructions.rows import LONGEST, draw_rows, shortened
from genlab.contracts import Affine, Code, DataSpec, Images
from genlab.figures import figure
from genlab.nets.principal_components import moments, principal_components

STREAM = torch.Generator().manual_seed(0)
TRAIN, TEST = torch.rand(40, 1, 2, 3, generator=STREAM), torch.rand(12, 1, 2, 3, generator=STREAM)


class Double:
    """Reconstructs twice the image, clipped; its code has three numbers."""

    def encode(self, x, *, label=None):
        return Code(x.flatten(1)[:, :3])

    def reconstruct(self, x, *, label=None):
        return (2 * x).clamp(0, 1)


class LinearDouble(Double):
    """The same as matrices."""

    def affine(self):
        return Affine(torch.eye(6), torch.zeros(6), 2 * torch.eye(6), torch.zeros(6))


def subject(model=None, labels=None):
    parts = {"train": TRAIN, "test": TEST}
    labels = torch.arange(12) % 3 if labels is None else labels

    def held_out(split, count):
        x = parts[split][:count]
        for start, end in ((0, 5), (5, 9), (9, len(x))):
            part = slice(start, end)
            yield Images(x[part], labels[part] if split == "test" else None, torch.arange(len(x))[part])

    spec = DataSpec("x", "images", (1, 2, 3), {}, "", 3, ("a", "b", "c"))
    loaded = SimpleNamespace(spec=spec, config=OmegaConf.create({"choices": {"model": "double"}}))
    return SimpleNamespace(model=model or Double(), split="test", loaded=loaded, held_out=held_out)


def test_the_squared_error_is_the_sum_over_pixels_and_the_mean_over_images():
    found = reconstruction(subject(), "run", 12, [0, 7, 11])
    wanted = ((2 * TEST).clamp(0, 1) - TEST).double().square().sum((1, 2, 3))
    assert found.row["squared_error"] == pytest.approx(float(wanted.mean()), rel=1e-6)
    assert found.row["squared_error_se"] == pytest.approx(float(wanted.std()) / 12**0.5, rel=1e-6)
    assert found.row["mse"] == pytest.approx(float(wanted.mean()) / 6, rel=1e-6)
    assert found.row["dimension"] == 3
    assert torch.equal(found.shown, (2 * TEST[[0, 7, 11]]).clamp(0, 1))


def test_a_linear_model_is_measured_before_its_output_is_clipped_to_a_picture():
    found = reconstruction(subject(LinearDouble()), "run", 12, [0])
    assert found.row["squared_error"] == pytest.approx(float(TEST.square().sum((1, 2, 3)).mean()), rel=1e-6)
    assert found.row["squared_error_clipped"] < found.row["squared_error"]
    assert torch.allclose(linear_output(LinearDouble(), TEST), 2 * TEST)


def test_the_line_of_pca_is_what_pca_of_each_size_leaves():
    errors = pca_errors(subject(), 40, 12, 6)
    x = TEST.flatten(1).double()
    for k in range(7):
        found = principal_components(moments(TRAIN.flatten(1)), 6)
        basis, centred = found.basis[:, :k], x - found.mean
        left = centred - centred @ basis @ basis.T
        assert float(errors[k]) == pytest.approx(float(left.square().sum(1).mean()), abs=1e-9)
    assert float(errors[6]) == pytest.approx(0, abs=1e-9)


def test_images_too_large_for_a_covariance_have_no_line(monkeypatch):
    monkeypatch.setattr("genlab.analysis.reconstructions.linear.MOST_PIXELS", 5)
    assert len(pca_errors(subject(), 40, 12, 3)) == 0


def test_one_of_each_class_is_shown_first_in_the_order_of_the_classes():
    classes = np.array([2, 2, 0, 2, 1, 0])
    assert spread(6, classes, 3) == [2, 4, 0]
    assert spread(6, classes, 5) == [2, 4, 0, 5, 1]
    assert spread(6, None, 4) == [0, 1, 2, 3]
    assert spread(2, None, 4) == [0, 1]
    found = chosen(subject(labels=torch.tensor([1, 1, 0, 2, 0, 1, 2, 1, 1, 1, 1, 1])), 12, 3)
    assert (found.places, found.captions) == ([2, 0, 3], ["a", "b", "c"])
    assert torch.equal(found.image, TEST[[2, 0, 3]])


def test_rows_are_drawn_from_above_and_long_names_lose_their_beginning():
    axes = figure(600, 300).add_subplot()
    rows = [("first", "", torch.zeros(2, 1, 4, 4)), ("second", "", torch.ones(2, 1, 4, 4))]
    draw_rows(axes, rows, ["x", "y"])
    extents = [image.get_extent() for image in axes.images]
    assert extents[0][3] > extents[2][3]  # the first row is above the second
    assert extents[1][0] > extents[0][0]
    assert [bool(image.get_array().max() > 0) for image in axes.images] == [False, False, True, True]
    assert shortened("a" * 50 + "end").endswith("aend")
    assert len(shortened("a" * 50)) == LONGEST
