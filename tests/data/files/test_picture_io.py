"""From file to file: depth, transparency and colours, and what is said where they cannot be kept."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from genlab.data.files.decode import Reading, opened
from genlab.data.files.picture_io import Picture, deep_png, name_of, read, write
from genlab.data.files.tiff import write_tiff

from making import ramp

DICE = np.random.default_rng(0)


def deep(channels, height=13, width=17):
    return DICE.integers(0, 65_536, (height, width, channels)).astype(np.uint16)


def through(source, suffix=None, channels=3, span=None):
    """Read, and write the same values: the file that a network which changes nothing would make."""
    picture = read(source, Reading(channels, span))
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
        assert file.mode.startswith("I")
        assert np.array_equal(np.asarray(file), values)
    assert notes == []


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("ending", "kind", "top"), [("png", np.uint8, 255), ("png", np.uint16, 65_535), ("tif", np.uint16, 65_535)]
)
def test_what_a_network_made_is_written_as_the_nearest_level(ending, kind, top, channels, tmp_path):
    levels = np.linspace(1, top - 1, 16 * 15 * channels).round().reshape(channels, 15, 16)
    for off in (-0.4, 0.4):
        with open(tmp_path / f"a.{ending}", "wb") as file:
            like = Picture(levels, dtype=np.dtype(kind), span=(0, top), bands=channels)
            write(((levels + off) / top).astype(np.float32), like, file, f".{ending}")
        written = read(tmp_path / f"a.{ending}", Reading(channels))
        assert written.dtype == kind
        assert np.array_equal(np.rint(written.values.astype(np.float64) * top), levels)


def test_transparency_of_sixteen_bits_becomes_the_nearest_of_eight(tmp_path):
    levels = np.arange(256).reshape(16, 16)
    for off in (-128, 0, 128):  # up to half a level of 257
        alpha = (np.clip(levels * 257 + off, 0, 65_535) / 65_535).astype(np.float32)
        picture = Picture(np.ones((3, 16, 16), np.float32), alpha, np.dtype(np.uint16), (0, 65_535))
        with open(tmp_path / "a.webp", "wb") as file:
            assert write(picture.values, picture, file, ".webp") == ["WEBP holds 8 bits only"]
        assert np.array_equal(np.asarray(Image.open(tmp_path / "a.webp").getchannel("A")), levels)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_sixteen_bits_with_alpha_and_in_colour_come_back_as_they_were(ending, channels, tmp_path):
    values, alpha = deep(channels), channels in (2, 4)
    if alpha:
        values[..., -1] = values[..., -1] // 2 + 32_768  # more than half: no number is lost below the transparency
    with open(tmp_path / f"a.{ending}", "wb") as file:
        file.write(deep_png(values, {})) if ending == "png" else write_tiff(file, values, alpha, {})
    made, notes = through(tmp_path / f"a.{ending}", channels=3 if channels > 2 else 1)
    assert made.read_bytes() == (tmp_path / f"a.{ending}").read_bytes()
    assert notes == []


def test_a_grey_picture_of_sixteen_bits_becomes_sixteen_bits_of_colour(tmp_path):
    values = deep(1)
    Image.fromarray(values[..., 0]).save(tmp_path / "a.png")
    made, notes = through(tmp_path / "a.png")
    assert np.array_equal(np.rint(read(made, Reading(3)).values[1] * 65_535), values[..., 0])
    assert notes == ["grey in: widened to colour, on which the model was trained"]


@pytest.mark.parametrize(
    ("kind", "span"),
    [(np.float32, None), (np.float64, None), (np.int16, (-3000, 3000)), (np.uint16, (0, 4095)), (np.int32, (-9, 9))],
)
def test_numbers_of_every_kind_come_back_in_the_range_that_the_model_was_trained_on(kind, span, tmp_path):
    values = DICE.random((9, 8)).astype(kind) if span is None else DICE.integers(*span, (9, 8)).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", values)
    made, notes = through(tmp_path / "a.tif", channels=1, span=span)
    assert tifffile.imread(made).dtype == kind
    assert np.abs(tifffile.imread(made).astype(float) - values).max() <= (6e-8 if span is None else 0)
    assert notes == []


def test_numbers_outside_the_range_are_cut_off_and_said(tmp_path):
    Image.fromarray(np.array([[0, 4095, 9999]], np.uint16)).save(tmp_path / "a.png")
    made, notes = through(tmp_path / "a.png", channels=1, span=(0, 4095))
    assert np.asarray(Image.open(made)).tolist() == [[0, 4095, 4095]]
    assert "outside the 0 … 4095" in notes[0]


def test_half_transparent_colours_come_back_without_a_fringe(tmp_path):
    colour = np.full((8, 8, 4), (120, 30, 70, 128), np.uint8)
    Image.fromarray(colour).save(tmp_path / "a.png")
    made, _ = through(tmp_path / "a.png")
    assert np.array_equal(np.asarray(Image.open(made)), colour)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_profile_resolution_and_place_on_the_map_are_kept(kind, ending, tmp_path):
    from PIL import ImageCms

    keep = {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), "dpi": (300.0, 300.0)}
    place = (33550, 12, 3, (0.5, 0.5, 0.0))
    values = DICE.integers(0, np.iinfo(kind).max, (9, 8, 3)).astype(kind)
    with open(tmp_path / f"a.{ending}", "wb") as file:
        if ending == "tif":
            write_tiff(file, values, False, keep | {"geo": (place,)})
        elif kind == np.uint16:
            file.write(deep_png(values, keep))
        else:
            Image.fromarray(values).save(file, format="png", **keep)
    made, notes = through(tmp_path / f"a.{ending}")
    with Image.open(made) as file:
        assert file.info["icc_profile"] == keep["icc_profile"]
        assert file.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert ending == "png" or file.tag_v2[33550] == place[3]
    assert notes == []


def test_a_profile_that_does_not_fit_is_left_out_and_said(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(ramp(8, 8)).save(tmp_path / "a.png", icc_profile=profile)
    made, notes = through(tmp_path / "a.png", channels=1)
    assert "icc_profile" not in Image.open(made).info
    assert "does not fit" in notes[-1]


def test_a_place_on_the_map_is_left_out_of_a_picture_that_was_turned(tmp_path):
    values = DICE.integers(0, 256, (9, 8, 3)).astype(np.uint8)
    tags = [(33550, 12, 3, (0.5, 0.5, 0.0), True), (274, 3, 1, 6, True)]
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extratags=tags)
    made, notes = through(tmp_path / "a.tif")
    assert 33550 not in Image.open(made).tag_v2
    assert "left out" in notes[0]
    assert np.array_equal(np.asarray(Image.open(made)), np.rot90(values, -1))


def test_cmyk_comes_out_as_rgb_and_is_said(tmp_path):
    Image.fromarray(ramp(8, 8)).convert("CMYK").save(tmp_path / "a.jpg", quality=100)
    made, notes = through(tmp_path / "a.jpg")
    assert Image.open(made).mode == "RGB"
    assert notes[0].startswith("CMYK: read as RGB")


def test_other_exif_is_left_out(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0132] = "Camera", "2020:01:01 00:00:00"
    Image.fromarray(ramp(8, 8)).save(tmp_path / "a.jpg", exif=exif)
    assert not Image.open(through(tmp_path / "a.jpg")[0]).getexif()


def test_a_format_that_is_not_written_becomes_a_png_beside_its_name(tmp_path):
    assert name_of(Path("x/a.gif")) == Path("x/a.gif.png")
    assert name_of(Path("x/a.jfif")) == Path("x/a.jfif")
    Image.fromarray(ramp(8, 8)).convert("P").save(tmp_path / "a.gif")
    made, notes = through(tmp_path / "a.gif")
    assert Image.open(made).format == "PNG"
    assert ".gif is not written" in notes[0]


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_transparency_is_carried_over_and_the_network_sees_white_below_it(ending, tmp_path):
    alpha = np.linspace(0, 255, 12).astype(np.uint8)[:, None].repeat(10, 1)
    Image.fromarray(np.dstack([ramp(10, 12), alpha])).save(tmp_path / f"a.{ending}", lossless=True, exact=True)
    made, notes = through(tmp_path / f"a.{ending}")
    with Image.open(made) as file:
        assert np.array_equal(np.asarray(file.getchannel("A")), alpha)
        shown = alpha > 0
        assert np.array_equal(np.asarray(file)[shown][:, :3], ramp(10, 12)[shown])
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
        assert np.array_equal(
            np.asarray(file)[opaque][:, :3], np.asarray(opened(tmp_path / "a.png", Reading(3))[0])[opaque]
        )


def test_pictures_are_turned_upright_and_only_their_first_frame_is_taken(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ramp(20, 10)).save(tmp_path / "a.png", exif=exif)
    assert read(tmp_path / "a.png", Reading(3)).values.shape == (3, 20, 10)
    frames = [Image.fromarray(ramp(8, 8, blue)) for blue in (0, 255)]
    frames[0].save(tmp_path / "b.tif", save_all=True, append_images=frames[1:])
    picture = read(tmp_path / "b.tif", Reading(3))
    assert picture.values[2].max() == 0
    assert picture.notes == ("several frames or pages: the first one only",)


def test_what_the_other_number_of_channels_does_is_said(tmp_path):
    Image.fromarray(ramp(8, 8)).save(tmp_path / "a.png")
    picture = read(tmp_path / "a.png", Reading(1))
    assert np.array_equal(picture.values * 255, np.asarray(Image.fromarray(ramp(8, 8)).convert("L"))[None])
    assert "luminance" in picture.notes[0]
