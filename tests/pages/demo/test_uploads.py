"""Pictures that come in: refused by bytes before they are read, by pixels before they are decoded, by kind before both."""

import io
import tempfile

import numpy as np
import pytest
from PIL import Image

from genlab.data.files import decode
from genlab.data.files.decode import Reading
from genlab.pages.demo import uploads
from genlab.pages.demo.refused import Refused
from genlab.pages.demo.uploads import Limits, cut_to_fit, is_picture, made_smaller, received

from exhibits import SVG, file_of, png

LIMITS = Limits(100_000, 10_000)
GREY = Reading(1)


def refused(content, limits=LIMITS, size=None):
    with pytest.raises(Refused) as caught, received(io.BytesIO(content), size or len(content), limits):
        pass
    assert not list(uploads.Path(tempfile.gettempdir()).iterdir())
    return caught.value


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


class Unread(io.RawIOBase):
    def read(self, count=-1):
        raise AssertionError("it is read")


def test_a_large_file_is_refused_before_a_byte_is_read():
    with pytest.raises(Refused) as caught, received(Unread(), 100_000_000, LIMITS):
        pass
    assert caught.value.status == 413
    assert "100 MB, and this page takes 100 kB at most" in caught.value.message


def test_a_picture_of_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(decode, "read", lambda *_: pytest.fail("it is decoded"))
    error = refused(png(40_000, 40_000))
    assert error.status == 413
    assert "40,000 x 40,000 pixels, and this page takes 10,000 at most" in error.message
    refused(png(101, 100))
    with received(io.BytesIO(png(100, 100)), len(png(100, 100)), LIMITS) as path:
        assert path.is_file()


@pytest.mark.parametrize(
    "content", [b"a text\n" * 9, SVG, b"GIF", b"RIFF1234WAVE", b"%PDF-1.7", b"\0", b"II*\0" + bytes(9)]
)
def test_what_is_no_picture_is_refused_by_its_first_bytes(content):
    error = refused(content)
    assert error.status == 415
    assert "no picture that can be read here: JPEG, PNG, WebP" in error.message


NOISE = np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8)


@pytest.mark.parametrize("content", [png(20, 20), file_of(NOISE, "JPEG")[:-2000], b"\xff\xd8\xff" + bytes(99)])
def test_a_damaged_picture_is_refused_in_words_without_a_path(content):
    with pytest.raises(Refused) as caught, received(io.BytesIO(content), len(content), LIMITS) as path:
        cut_to_fit(path, (8, 8), GREY)
    assert caught.value.status == 415
    assert "damaged" in caught.value.message
    assert "/" not in caught.value.message
    assert not list(uploads.Path(tempfile.gettempdir()).iterdir())


def test_a_file_that_comes_in_part_is_refused():
    whole = file_of(np.zeros((30, 30), np.uint8))
    assert "only in part" in refused(whole[:-5], size=len(whole)).message


def test_an_empty_file_is_refused():
    with pytest.raises(Refused, match="empty"), received(Unread(), 0, LIMITS):
        pass


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF"])
def test_every_kind_that_is_promised_is_taken(kind):
    rows = np.arange(24, dtype=np.uint8)[:, None] * np.full((1, 24), 10, np.uint8)
    content = file_of(rows, kind)
    assert is_picture(content[:16])
    with received(io.BytesIO(content), len(content), LIMITS) as path:
        made = cut_to_fit(path, (24, 24), GREY)
    assert made.shape == (1, 24, 24)
    assert np.abs(made[0].astype(int) - rows).max() < 30
    assert not path.exists()


def test_the_middle_is_cut_out_and_large_ones_are_made_smaller(tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 255
    Image.fromarray(wide).save(path := tmp_path / "wide.png")
    assert (cut_to_fit(path, (20, 20), GREY) == 255).all()
    assert made_smaller(path, 30, Reading(3)).shape == (3, 10, 30)
    assert np.array_equal(made_smaller(path, 60, GREY)[0], wide)


def test_memory_holds_a_piece_of_a_file_at_a_time(monkeypatch):
    monkeypatch.setattr(uploads, "PIECE", 1000)
    counted, content = [], file_of(NOISE)

    class Counting(io.BytesIO):
        def read(self, count=-1):
            counted.append(count)
            return super().read(count)

    with received(Counting(content), len(content), LIMITS) as path:
        assert path.read_bytes() == content
    assert max(counted) <= 1000
