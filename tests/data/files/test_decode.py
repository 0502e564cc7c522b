"""Depths, palettes and transparency: what reaches the network is what a person sees."""

import numpy as np
import pytest
from PIL import Image

from genlab.contracts import Unreadable
from genlab.data.files.decode import Reading, covering, header, opened, read

from making import ramp

GREY, COLOUR = Reading(1), Reading(3)


def levels():
    return np.arange(0, 65_536, 64, np.uint16).reshape(32, 32)


def seen(path, reading):
    return np.asarray(opened(path, reading)[0])


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_sixteen_bits_are_scaled_and_not_cut_off(ending, tmp_path):
    path = tmp_path / f"deep.{ending}"
    Image.fromarray(levels()).save(path)
    assert header(path).grey
    assert np.array_equal(seen(path, GREY), np.rint(levels() / 257).astype(np.uint8))
    assert seen(path, COLOUR).shape == (32, 32, 3)


def test_a_tiff_of_numbers_between_0_and_1_is_read_and_others_need_a_range(tmp_path):
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "good.tif")
    assert np.array_equal(seen(tmp_path / "good.tif", GREY), np.rint(values * 255).astype(np.uint8))
    Image.fromarray(values * 100 - 50).save(tmp_path / "open.tif")
    with pytest.raises(Unreadable, match=r"go from -50 to 50, .*data.range=\[BLACK,WHITE\]"):
        opened(tmp_path / "open.tif", GREY)
    assert np.array_equal(seen(tmp_path / "open.tif", Reading(1, (-50, 50))), seen(tmp_path / "good.tif", GREY))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_range_makes_its_white_white_and_leaves_files_of_8_bits_alone(ending, tmp_path):
    Image.fromarray(levels() // 16).save(tmp_path / f"deep.{ending}")  # 12 bits
    Image.fromarray(ramp(8, 8)).save(tmp_path / f"flat.{ending}")
    twelve = Reading(1, (0, 4095))
    assert np.array_equal(
        seen(tmp_path / f"deep.{ending}", twelve), np.rint(levels() // 16 / 4095 * 255).astype(np.uint8)
    )
    assert np.array_equal(seen(tmp_path / f"flat.{ending}", Reading(3, (0, 4095))), ramp(8, 8))


def test_what_is_transparent_shows_white(tmp_path):
    array = np.dstack([ramp(8, 8), np.full((8, 8), 255, np.uint8)])
    array[:4, :, 3] = 0
    Image.fromarray(array).save(tmp_path / "clear.png")
    Image.fromarray(array[..., :3]).convert("P").save(tmp_path / "palette.png", transparency=0)
    assert (seen(tmp_path / "clear.png", COLOUR)[:4] == 255).all()
    assert np.array_equal(seen(tmp_path / "clear.png", COLOUR)[4:], array[4:, :, :3])
    assert seen(tmp_path / "palette.png", COLOUR).shape == (8, 8, 3)


@pytest.mark.parametrize("ending", ["bmp", "gif", "jpg", "png", "ppm", "tga", "tif", "webp", "avif", "qoi"])
def test_every_format_gives_the_picture_that_was_written(ending, tmp_path):
    flat = np.full((16, 24, 3), (200, 100, 40), np.uint8)
    lossless = {"webp": {"lossless": True}, "jpg": {"quality": 100}, "avif": {"quality": 100}}.get(ending, {})
    Image.fromarray(flat).save(tmp_path / f"a.{ending}", **lossless)
    assert header(tmp_path / f"a.{ending}").size == (24, 16)
    assert np.abs(seen(tmp_path / f"a.{ending}", COLOUR).astype(int) - flat).max() <= 2


def test_the_content_decides_and_not_the_ending(tmp_path):
    Image.fromarray(ramp(9, 7)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert np.array_equal(seen(tmp_path / "a.jpg", COLOUR), ramp(9, 7))
    (tmp_path / "b.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 7\n")
    with pytest.raises(Unreadable):
        read(tmp_path / "b.png")


def test_a_picture_above_max_pixels_is_refused_with_the_key(tmp_path):
    for ending in ("png", "tif"):
        Image.fromarray(ramp(50, 40)).save(tmp_path / f"a.{ending}")
        with pytest.raises(Unreadable, match=r"50x40 .*data.max_pixels=1999"):
            read(tmp_path / f"a.{ending}", 1999)
        assert read(tmp_path / f"a.{ending}", 2000).colours.shape == (40, 50, 3)


def test_a_picture_of_more_than_a_hundred_megapixels_is_read(tmp_path):
    Image.new("1", (20_000, 10_000)).save(tmp_path / "large.png")
    assert header(tmp_path / "large.png").size == (20_000, 10_000)
    assert read(tmp_path / "large.png", None).colours.shape == (10_000, 20_000, 1)


@pytest.mark.parametrize(("mode", "words"), [("CMYK", "CMYK"), ("L", None), ("RGB", None), ("P", None), ("LA", None)])
def test_what_is_not_used_of_a_file_is_noted(mode, words, tmp_path):
    Image.fromarray(ramp(8, 8)).convert(mode).save(tmp_path / "a.tif")
    assert [note for note in read(tmp_path / "a.tif").notes if words and words in note] == list(
        read(tmp_path / "a.tif").notes
    )
    assert bool(read(tmp_path / "a.tif").notes) == bool(words)


def test_a_profile_other_than_srgb_and_further_frames_are_noted(tmp_path):
    from PIL import ImageCms

    profiles = {name: ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes() for name in ("sRGB", "LAB")}
    for name, profile in profiles.items():
        Image.fromarray(ramp(8, 8)).save(tmp_path / f"{name}.png", icc_profile=profile)
    assert read(tmp_path / "sRGB.png").notes == ()
    assert "colour profile other than sRGB" in read(tmp_path / "LAB.png").notes[0]
    frames = [Image.fromarray(ramp(8, 8, blue)) for blue in (0, 255)]
    for ending in ("gif", "tif", "webp"):
        frames[0].save(tmp_path / f"b.{ending}", save_all=True, append_images=frames[1:])
        assert "the first one only" in read(tmp_path / f"b.{ending}").notes[0]


def test_a_ppm_of_sixteen_bits_says_that_eight_are_read(tmp_path):
    (tmp_path / "a.ppm").write_bytes(b"P6 4 4 65535\n" + bytes(range(96)))
    assert read(tmp_path / "a.ppm").notes == ("PPM: more than 8 bits in a format of which 8 are read",)
    (tmp_path / "b.ppm").write_bytes(b"P6 4 4 255\n" + bytes(range(48)))
    assert read(tmp_path / "b.ppm").notes == ()


def test_ten_bits_of_an_avif_say_that_eight_are_read(tmp_path):
    import imagecodecs

    deep = np.random.default_rng(0).integers(0, 1024, (16, 16, 3)).astype(np.uint16)
    (tmp_path / "a.avif").write_bytes(imagecodecs.avif_encode(deep, bitspersample=10))
    assert read(tmp_path / "a.avif").notes == ("AVIF: more than 8 bits in a format of which 8 are read",)
    Image.fromarray(ramp(16, 16)).save(tmp_path / "b.avif")
    assert read(tmp_path / "b.avif").notes == ()


def test_a_crop_takes_the_middle_of_the_original(tmp_path):
    Image.fromarray(ramp(100, 60)).save(tmp_path / "wide.png")
    whole = ramp(100, 60).transpose(2, 0, 1)
    picture, _ = opened(tmp_path / "wide.png", COLOUR)
    assert np.array_equal(covering(picture, (20, 20), COLOUR, crop=20), whole[:, 20:40, 40:60])


def test_nearest_makes_no_new_colours(tmp_path):
    labels = np.random.default_rng(0).choice(np.array([0, 90, 255], np.uint8), (40, 40))
    Image.fromarray(labels).save(tmp_path / "labels.png")
    picture, _ = opened(tmp_path / "labels.png", GREY)
    assert set(np.unique(covering(picture, (16, 16), Reading(1, resample="nearest")))) <= {0, 90, 255}
    assert len(np.unique(covering(picture, (16, 16), GREY))) > 3
