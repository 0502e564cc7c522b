"""Sizes by the names that users of the reference code know."""

import pytest
from PIL import Image

from genlab.data.files.preprocess import Recipe


@pytest.mark.parametrize(
    ("name", "training", "evaluation", "crop"),
    [
        ("resize_and_crop", (286, 286), (256, 256), (256, 256)),
        ("scale_width", (288, 144), (288, 144), None),  # 286x143, each side moved to the nearest multiple of 4
        ("scale_width_and_crop", (512, 256), (512, 256), (256, 256)),  # 286x143 is too low for a cut of 256
        ("crop", (600, 300), (600, 300), (256, 256)),
        ("none", (600, 300), (600, 300), None),
    ],
)
def test_a_picture_of_600_by_300(name, training, evaluation, crop):
    recipe = Recipe(name, 286, 256)
    assert recipe.size(600, 300, training=True) == training
    assert recipe.size(600, 300, training=False) == evaluation
    assert recipe.crop == crop


def test_whole_pictures_have_sides_that_a_network_can_halve_twice():
    recipe = Recipe("none", 286, 256)
    assert recipe.size(601, 299, True) == (600, 300)
    assert recipe.size(1, 1000, True) == (4, 1000)


def test_a_picture_too_small_to_cut_is_enlarged_in_proportion():
    assert Recipe("crop", 286, 256).size(128, 200, True) == (256, 400)


@pytest.mark.parametrize("training", [True, False])
def test_scaling_is_pillows_bicubic(training):
    picture = Image.effect_noise((90, 60), 80)
    scaled = Recipe("resize_and_crop", 36, 30).apply(picture, training, Image.Resampling.BICUBIC)
    size = (36, 36) if training else (30, 30)
    assert scaled.tobytes() == picture.resize(size, Image.Resampling.BICUBIC).tobytes()


def test_a_picture_of_the_right_size_is_left_alone():
    picture = Image.new("RGB", (256, 256))
    assert Recipe("resize_and_crop", 286, 256).apply(picture, False, Image.Resampling.BICUBIC) is picture
