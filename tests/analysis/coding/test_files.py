"""JPEG and PNG as they are written, without what every file has; and what they take at some PSNR."""

import io
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.analysis.coding.files import EXACT, LEVELS, Point, bits_at, jpeg, jpeg_data, png, png_data, points, read

import photographs

GREY = np.asarray(next(photographs.cuts("china", 1)).convert("L").resize((40, 24)))
COLOUR = np.asarray(next(photographs.cuts("china", 1)).convert("RGB").resize((40, 24)))


@pytest.mark.parametrize("image", [GREY, COLOUR], ids=["grey", "colour"])
def test_the_data_of_a_png_unpack_to_its_rows(image):
    file = png(image, 256)
    found, place = b"", 8
    while place < len(file):
        size = int.from_bytes(file[place : place + 4], "big")
        found += file[place + 8 : place + 8 + size] if file[place + 4 : place + 8] == b"IDAT" else b""
        place += size + 12
    assert png_data(file) == len(found)
    assert len(zlib.decompress(found)) == image.nbytes + len(image)  # each row has its filter
    assert (np.asarray(Image.open(io.BytesIO(file))) == image).all()


@pytest.mark.parametrize("image", [GREY, COLOUR], ids=["grey", "colour"])
def test_the_data_of_a_jpeg_are_all_but_its_tables(image):
    """Of the same image of one colour, there is next to nothing; the tables are those of every quality."""
    flat = jpeg_data(jpeg(np.full_like(image, 128), 50))
    assert flat < 40 < jpeg_data(jpeg(image, 50))
    heads = {len(jpeg(image, quality)) - jpeg_data(jpeg(image, quality)) for quality in (5, 50, 95)}
    assert len(heads) == 1


@pytest.mark.parametrize("levels", LEVELS)
def test_a_png_of_few_levels_shows_these(levels):
    few = np.rint(np.rint(GREY / 255 * (levels - 1)) * 255 / (levels - 1)).astype(np.uint8)
    again = read([png(few, levels)], "L")[0, 0].numpy() * 255
    assert np.abs(again - few).max() <= 1
    assert len(np.unique(again.round())) <= levels


def test_every_setting_of_both_is_measured_and_more_bits_show_more():
    x = torch.from_numpy(GREY.copy())[None, None]
    found = [*points(x)]
    for codec in ("JPEG", "PNG"):
        own = [one for one in found if one.codec == codec]
        assert own[-1].bits == max(one.bits for one in own)
        assert own[-1].psnr == max(one.psnr for one in own)
        assert all(one.file_bits > one.bits for one in own)
    assert found[-1].psnr == EXACT
    assert found[-1].file_bits == 8 * len(png(GREY, 256)) / GREY.size


def test_bits_at_a_psnr_lie_on_the_line_between_the_settings_that_count():
    made = [Point("PNG", 0, bits, bits, psnr) for bits, psnr in ((1.0, 20.0), (2.0, 30.0), (2.5, 25.0), (4.0, 40.0))]
    assert bits_at(made, 25.0) == (1.5, True)
    assert bits_at(made, 35.0) == (3.0, True)
    assert bits_at(made, 10.0) == (1.0, False)
