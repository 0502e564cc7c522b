"""Pictures: small again what was enlarged, on white what is clear, as many epochs as there is room for."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

import run_folders
from genlab.pages.report import pictures
from genlab.pages.report.pictures import read_pictures
from genlab.pages.report.record import read_record
from genlab.pages.report.webp import factor, pack

STRIP = [f"images/samples_{epoch:06d}.png" for epoch in range(1, 41)]


def unpacked(packed):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(packed.content))).convert("RGB"))


@pytest.fixture
def record(tmp_path):
    """A run with these pictures."""

    def made(*names, run="a"):
        return read_record(run_folders.write(tmp_path, run, pictures=names), run)

    return made


@pytest.mark.parametrize("times", [1, 2, 3, 7])
def test_a_picture_that_was_enlarged_is_small_again(times, tmp_path):
    small = np.random.default_rng(0).integers(0, 255, (14, 22, 3), np.uint8)
    Image.fromarray(small.repeat(times, 0).repeat(times, 1)).save(tmp_path / "a.png")
    packed = pack(tmp_path / "a.png")
    assert (packed.width, packed.height, packed.enlarged) == (22, 14, times > 1)
    assert np.abs(unpacked(packed).astype(int).mean((0, 1)) - small.mean((0, 1))).max() < 4


def test_what_was_not_enlarged_stays_as_it_is():
    picture = np.zeros((20, 20), np.uint8)
    picture[3, 5] = 9
    assert factor(picture) == 1
    assert factor(picture.repeat(4, 0).repeat(4, 1)) == 4


def test_what_is_clear_becomes_white(tmp_path):
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert unpacked(pack(tmp_path / "a.png")).min() > 250


def test_large_pictures_are_made_smaller(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 1201), np.uint8)).save(tmp_path / "a.png")
    assert (pack(tmp_path / "a.png", 400).width, pack(tmp_path / "a.png", 400).height) == (400, 100)


def test_a_strip_has_its_first_and_last_epoch_and_so_many_between_evenly(record):
    found = read_pictures([record(*STRIP)])
    (strip,) = found.kinds["samples"]
    epochs = [number for number, _ in strip.frames]
    assert (len(epochs), epochs[0], epochs[-1]) == (pictures.EACH, 1, 40)
    assert max(np.diff(epochs)) <= 2
    assert (found.there, found.held) == (40, pictures.EACH)


def test_every_picture_of_few_is_there_and_those_of_no_epoch_too(record):
    found = read_pictures([record(*STRIP[:3], "images/codes.png", "tables/kl.png")])
    assert list(found.kinds) == ["samples", "codes", "kl"]
    assert [number for number, _ in found.kinds["samples"][0].frames] == [1, 2, 3]
    assert found.kinds["codes"][0].frames[0][0] is None
    assert found.held == found.there == 5


def test_room_is_for_generated_pictures_first_and_what_has_none_is_named(record):
    one = record(*STRIP, *(f"images/score_{name}.png" for name in "abcdef"))
    size = len(read_pictures([one]).kinds["samples"][0].frames[-1][1].content)
    found = read_pictures([one], room=5 * size)
    assert len(found.kinds["samples"][0].frames) >= pictures.LEAST
    assert found.left
    assert set(found.left).isdisjoint(found.kinds)
    assert sum(len(f.content) for strips in found.kinds.values() for s in strips for _, f in s.frames) <= 5.5 * size


def test_a_file_that_is_no_picture_gives_way_to_the_one_before(record):
    one = record(*STRIP[:3])
    (one.path / STRIP[2]).write_bytes(b"\x89PNG\r\n\x1a\n cut")
    (one.path / STRIP[0]).write_bytes(b"")
    (strip,) = read_pictures([one]).kinds["samples"]
    assert [number for number, _ in strip.frames] == [2]
    assert sorted(strip.broken) == [STRIP[0], STRIP[2]]


def test_a_run_without_a_picture_that_can_be_read_has_no_strip(record):
    one = record("images/samples_000001.png")
    (one.path / "images/samples_000001.png").write_bytes(b"")
    assert read_pictures([one]).kinds == {}
