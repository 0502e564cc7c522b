"""From file to file: depth, transparency and colours, and what is said where they cannot be kept."""

import numpy as np
import pytest
from PIL import Image

from genlab.data.files.decode import Unreadable, opened
from genlab.data.files.picture_io import Picture, read, write
from genlab.data.files.sixteen_bit import write_png, write_tiff

from making import ramp

DICE = np.random.default_rng(0)


def deep(channels, height=13, width=17):
    return DICE.integers(0, 65_536, (height, width, channels)).astype(np.uint16)


def through(source, suffix=None, channels=3):
    """Read, and write the same values: the file that a network which changes nothing would make."""
    picture = read(source, channels)
    made = source.with_name(f"made{suffix or source.suffix}")
    with open(made, "wb") as file:
        notes = write(picture.values, picture, file, made.suffix)
    return made, [*picture.notes, *notes]


@pytest.mark.parametrize(
    ("ending", "mode"), [(e, m) for e in ("png", "tif", "bmp", "webp") for m in ("L", "RGB") if (e, m) != ("webp", "L")]
)
def test_eight_bits_come_back_as_they_were(ending, mode, tmp_path):
    Image.fromarray(ramp(20, 11)).convert(mode).save(tmp_path / f"a.{ending}", lossless=True)
    made, notes = through(tmp_path / f"a.{ending}", channels=len(mode))
    with Image.open(made) as file:
        assert np.array_equal(np.asarray(file), np.asarray(Image.open(tmp_path / f"a.{ending}")))
    assert notes == []


@pytest.mark.parametrize(("ending", "kind"), [("png", np.uint16), ("tif", np.uint16), ("tif", np.int32)])
def test_sixteen_bit_greys_come_back_as_they_were(ending, kind, tmp_path):
    values = deep(1)[..., 0]
    Image.fromarray(values.astype(kind)).save(tmp_path / f"a.{ending}")
    made, notes = through(tmp_path / f"a.{ending}", channels=1)
    with Image.open(made) as file:
        assert file.mode.startswith("I;16")
        assert np.array_equal(np.asarray(file), values)
    assert notes == []


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("ending", "depth", "top"), [("png", "8 bits", 255), ("png", "16 bits", 65_535), ("tif", "16 bits", 65_535)]
)
def test_what_a_network_made_is_written_as_the_nearest_level(ending, depth, top, channels, tmp_path):
    levels = np.linspace(1, top - 1, 16 * 15 * channels).round().reshape(channels, 15, 16)
    for off in (-0.4, 0.4):
        with open(tmp_path / f"a.{ending}", "wb") as file:
            write(((levels + off) / top).astype(np.float32), Picture(levels, depth=depth), file, f".{ending}")
        written = read(tmp_path / f"a.{ending}", channels)
        assert written.depth == depth
        assert np.array_equal(np.rint(written.values.astype(np.float64) * top), levels)


def test_transparency_of_sixteen_bits_becomes_the_nearest_of_eight(tmp_path):
    levels = np.arange(256).reshape(16, 16)
    for off in (-128, 0, 128):  # up to half a level of 257
        alpha = np.clip(levels * 257 + off, 0, 65_535).astype(np.uint16)
        picture = Picture(np.zeros((3, 16, 16), np.float32), alpha, "16 bits")
        with open(tmp_path / "a.webp", "wb") as file:
            assert write(picture.values, picture, file, ".webp") == ["WEBP holds 8 bits only"]
        assert np.array_equal(np.asarray(Image.open(tmp_path / "a.webp").getchannel("A")), levels)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colours_come_back_as_they_were(ending, channels, tmp_path):
    values = deep(channels)
    if channels == 4:
        values[..., 3] = np.where(values[..., 3] < 30_000, 65_535, 40_000)
        values[values[..., 3] < 65_535] = (65_535, 65_535, 65_535, 40_000)  # white stays white over white
    with open(tmp_path / f"a.{ending}", "wb") as file:
        (write_png if ending == "png" else write_tiff)(file, values)
    made, notes = through(tmp_path / f"a.{ending}")
    assert made.read_bytes() == (tmp_path / f"a.{ending}").read_bytes()
    assert notes == []


def test_a_grey_picture_of_sixteen_bits_becomes_sixteen_bits_of_colour(tmp_path):
    values = deep(1)
    Image.fromarray(values[..., 0]).save(tmp_path / "a.png")
    made, notes = through(tmp_path / "a.png")
    assert np.array_equal(np.rint(read(made, 3).values[1] * 65_535), values[..., 0])
    assert notes == ["grey in, colour out: the model was trained on colour"]


def test_fractions_stay_fractions(tmp_path):
    values = DICE.random((9, 8)).astype(np.float32)
    Image.fromarray(values).save(tmp_path / "a.tif")
    made, _ = through(tmp_path / "a.tif", channels=1)
    assert np.array_equal(np.asarray(Image.open(made)), values)
    Image.fromarray(values * 9).save(tmp_path / "a.tif")
    with pytest.raises(Unreadable, match=r"do not lie in \[0, 1\]"):
        read(tmp_path / "a.tif", 1)


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_transparency_is_carried_over_and_the_network_sees_white_below_it(ending, tmp_path):
    alpha = np.linspace(0, 255, 12).astype(np.uint8)[:, None].repeat(10, 1)
    Image.fromarray(np.dstack([ramp(10, 12), alpha])).save(tmp_path / f"a.{ending}", lossless=True, exact=True)
    made, notes = through(tmp_path / f"a.{ending}")
    with Image.open(made) as file:
        assert np.array_equal(np.asarray(file.getchannel("A")), alpha)
        assert (np.asarray(file)[0, :, :3] == 255).all()
    assert notes == []
    made, notes = through(tmp_path / f"a.{ending}", ".jpg")
    assert "JPEG holds no transparency" in notes[0]


def test_a_palette_with_transparency_becomes_colours_with_transparency(tmp_path):
    palette = Image.fromarray(ramp(16, 16)).convert("P")
    palette.save(tmp_path / "a.png", transparency=int(np.asarray(palette)[0, 0]))
    made, _ = through(tmp_path / "a.png")
    with Image.open(made) as file, Image.open(tmp_path / "a.png") as source:
        assert file.mode == "RGBA"
        assert np.array_equal(np.asarray(file.getchannel("A")), np.asarray(source.convert("RGBA").getchannel("A")))
        opaque = np.asarray(file.getchannel("A")) == 255
        assert np.array_equal(np.asarray(file)[opaque][:, :3], np.asarray(opened(tmp_path / "a.png", 3))[opaque])


def test_pictures_are_turned_upright_and_only_their_first_frame_is_taken(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ramp(20, 10)).save(tmp_path / "a.png", exif=exif)
    assert read(tmp_path / "a.png", 3).values.shape == (3, 20, 10)
    frames = [Image.fromarray(ramp(8, 8, blue)) for blue in (0, 255)]
    frames[0].save(tmp_path / "b.tif", save_all=True, append_images=frames[1:])
    picture = read(tmp_path / "b.tif", 3)
    assert picture.values[2].max() == 0
    assert picture.notes == ("several frames or pages: the first one only",)


def test_what_the_other_number_of_channels_does_is_said(tmp_path):
    Image.fromarray(ramp(8, 8)).save(tmp_path / "a.png")
    picture = read(tmp_path / "a.png", 1)
    assert np.array_equal(picture.values * 255, np.asarray(Image.fromarray(ramp(8, 8)).convert("L"))[None])
    assert "luminance" in picture.notes[0]
