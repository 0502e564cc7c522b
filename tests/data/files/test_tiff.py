"""TIFF in full: every plane order, compression, depth and orientation gives the numbers that were written."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from genlab.contracts import Unreadable
from genlab.data.files.decode import header, read

DICE = np.random.default_rng(0)
TURNED = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.swapaxes(np.rot90(a, 2), 0, 1),
    8: lambda a: np.rot90(a, 1),
}  # as the TIFF specification describes tag 274, in numpy's words


def random(kind, channels, height=13, width=17):
    return DICE.integers(0, np.iinfo(kind).max, (height, width, channels), endpoint=True).astype(kind)


def written(path, values, planes="contig", **more):
    """A TIFF of [H, W, C]: grey or RGB, with alpha for 2 or 4 channels."""
    channels = values.shape[-1]
    alpha = {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
    order = values[..., 0] if channels == 1 else values if planes == "contig" else values.transpose(2, 0, 1)
    plan = {} if channels == 1 else {"planarconfig": planes}
    kind = "rgb" if channels > 2 else "minisblack"
    tifffile.imwrite(path, np.ascontiguousarray(order), photometric=kind, **(plan | alpha | more))
    return path


@pytest.mark.parametrize("compression", [None, "lzw", "adobe_deflate", "packbits", "zstd"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_every_orientation_in_every_compression_and_mode(kind, planes, compression, tmp_path):
    for channels in (1, 2, 3, 4):
        for turn, turned in TURNED.items():
            values = random(kind, channels)
            tags = [(274, 3, 1, turn, True)]
            path = written(tmp_path / "a.tif", values, planes, compression=compression, extratags=tags)
            pixels, right = read(path), turned(values)
            colours = 3 if channels > 2 else 1
            assert np.array_equal(pixels.colours, right[..., :colours])
            assert header(path).size == right.shape[1::-1]
            if channels in (2, 4):
                assert np.array_equal(np.rint(pixels.alpha * np.iinfo(kind).max), right[..., -1])


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_files_of_eight_bits_are_as_pillow_reads_them(mode, tmp_path):
    picture = Image.fromarray(random(np.uint8, 3)).convert(mode)
    picture.save(tmp_path / "a.tif")
    shown = "L" if mode in ("1", "L", "LA") else "RGB"
    assert np.array_equal(read(tmp_path / "a.tif").colours.squeeze(), np.asarray(picture.convert(shown)))
    assert (read(tmp_path / "a.tif").alpha is None) == (mode not in ("RGBA", "LA"))


def test_a_fourth_band_is_transparency_only_if_it_says_so(tmp_path):
    values = random(np.uint16, 4)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["unspecified"])
    pixels = read(tmp_path / "a.tif")
    assert pixels.alpha is None
    assert np.array_equal(pixels.colours, values[..., :3])
    assert pixels.notes == ("bands that are neither colour nor transparency: left out",)


def test_colours_multiplied_by_alpha_are_divided_by_it(tmp_path):
    colours, alpha = random(np.uint8, 3), np.full((13, 17, 1), 128, np.uint8)
    dark = np.rint(colours * (128 / 255)).astype(np.uint8)
    both = np.concatenate([dark, alpha], -1)
    tifffile.imwrite(tmp_path / "a.tif", both, photometric="rgb", extrasamples=["assocalpha"])
    assert np.abs(read(tmp_path / "a.tif").colours.astype(int) - colours).max() <= 1


def test_white_may_be_zero_and_bits_may_be_few(tmp_path):
    values = random(np.uint16, 1)
    tifffile.imwrite(tmp_path / "a.tif", values[..., 0], photometric="miniswhite")
    assert np.array_equal(read(tmp_path / "a.tif").colours, 65_535 - values)
    Image.fromarray(random(np.uint8, 1)[..., 0] > 127).save(tmp_path / "b.tif")
    assert set(np.unique(read(tmp_path / "b.tif").colours)) == {0, 255}


@pytest.mark.parametrize(
    ("bands", "options", "words"),
    [
        (5, {"photometric": "minisblack", "planarconfig": "separate"}, "5 bands, and nothing says which are red"),
        (3, {"photometric": "ycbcr"}, "YCBCR"),
        (3, {"photometric": "cielab"}, "CIELAB"),
    ],
)
def test_what_cannot_be_read_right_is_refused(bands, options, words, tmp_path):
    values = random(np.uint8, bands)
    values = values.transpose(2, 0, 1) if "planarconfig" in options else values
    tifffile.imwrite(tmp_path / "a.tif", np.ascontiguousarray(values), **options)
    with pytest.raises(Unreadable, match=words):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "lzw", "jpeg", "adobe_deflate"])
def test_a_file_that_was_cut_short_is_refused(compression, tmp_path):
    path = written(tmp_path / "a.tif", random(np.uint8, 3, 64, 64), compression=compression)
    content = path.read_bytes()
    for share in (0.3, 0.6, 0.95):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(Unreadable):
            read(path)


def test_a_damaged_header_is_an_unreadable_file(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0" + b"\xff" * 40)
    for reader in (read, header):
        with pytest.raises(Unreadable):
            reader(tmp_path / "a.tif")
