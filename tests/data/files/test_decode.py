"""Depths, palettes and transparency: what reaches the network is what a person sees."""

import numpy as np
import pytest
from PIL import Image

from genlab.data.files.decode import Unreadable, decode, mode_of, opened

from making import ramp


def levels():
    return np.arange(0, 65_536, 64, np.uint16).reshape(32, 32)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_scaled_and_not_cut_off(ending, tmp_path):
    path = tmp_path / f"deep.{ending}"
    Image.fromarray(levels()).save(path)
    assert mode_of(path) == "L"
    seen = np.asarray(opened(path, 1))
    assert np.array_equal(seen, np.rint(levels() / 257).astype(np.uint8))
    assert np.asarray(opened(path, 3)).shape == (32, 32, 3)


def test_a_tiff_of_numbers_between_0_and_1_is_read_and_others_are_refused(tmp_path):
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "good.tif")
    assert np.array_equal(np.asarray(opened(tmp_path / "good.tif", 1)), np.rint(values * 255).astype(np.uint8))
    Image.fromarray(values * 100).save(tmp_path / "bad.tif")
    with pytest.raises(Unreadable, match=r"do not lie in \[0, 1\]"):
        opened(tmp_path / "bad.tif", 1)


def test_what_is_transparent_shows_white(tmp_path):
    array = np.dstack([ramp(8, 8), np.full((8, 8), 255, np.uint8)])
    array[:4, :, 3] = 0
    Image.fromarray(array).save(tmp_path / "clear.png")
    Image.fromarray(array[..., :3]).convert("P").save(tmp_path / "palette.png", transparency=0)
    seen = np.asarray(opened(tmp_path / "clear.png", 3))
    assert (seen[:4] == 255).all()
    assert np.array_equal(seen[4:], array[4:, :, :3])
    assert np.asarray(opened(tmp_path / "palette.png", 3)).shape == (8, 8, 3)


def test_a_crop_takes_the_middle_of_the_original(tmp_path):
    Image.fromarray(ramp(100, 60)).save(tmp_path / "wide.png")
    whole = ramp(100, 60).transpose(2, 0, 1)
    assert np.array_equal(decode(tmp_path / "wide.png", (3, 20, 20), crop=20), whole[:, 20:40, 40:60])
