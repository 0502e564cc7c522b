"""``prepare.py``: what it finds out about a set, what it says, and the page it draws."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genlab.apps.command.main import run
from genlab.apps.prepare.report import report
from genlab.config.compose import compose
from genlab.contracts import ConfigError, DataError, DataSpec
from genlab.data.files.listing import look_in
from genlab.data.report.contact_sheet import SIDE, draw, spread, words
from genlab.data.report.survey import survey
from genlab.data.store.columns import Ragged
from genlab.data.store.source import PreparedData
from genlab.figures import filled

import vowels

REPO = Path(__file__).resolve().parents[2]
REAL = REPO.parent / "shared" / "data"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the original files are not beside this checkout")
GREY = [f"trainB/n02391049_{n}.jpg" for n in (226, 2341, 2361, 2757, 7503, 8008, 9726)]


@pytest.fixture
def prepare(tmp_path, cache, monkeypatch, capsys):
    """Run the command in this process; its exit code and what it printed."""
    monkeypatch.setenv("GENLAB_CACHE", str(cache))
    monkeypatch.setenv("GENLAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def command(*overrides):
        code = run("prepare", list(overrides))
        return code, capsys.readouterr().out

    return command


def picture(path, size=(20, 16), mode="RGB", seed=0, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4), np.uint8)
    Image.fromarray(noise, "RGBA").convert(mode).save(path, **more)


# ---- the survey -----------------------------------------------------------------------------------------------------


@real
def test_horse2zebra_holds_what_is_known_of_it():
    seen = survey({part: look_in(REAL / "horse2zebra" / part).files for part in ("trainA", "trainB", "testA", "testB")})
    assert {part: len(pictures) for part, pictures in seen.parts.items()} == {
        "trainA": 426,
        "trainB": 425,
        "testA": 120,
        "testB": 140,
    }
    assert {p.size for p in seen.every} == {(256, 256)}
    assert seen.grey() == GREY
    assert seen.unreadable() == []
    assert seen.copies_between() == [{"trainA": "trainA/n02381460_3811.jpg", "testA": "testA/n02381460_1160.jpg"}]
    within = seen.copies_within()
    assert [[name.removeprefix("trainA/n02381460_") for name in names] for names in within["trainA"]] == [
        ["2921.jpg", "3854.jpg"],
        ["4107.jpg", "7495.jpg"],
        ["601.jpg", "86.jpg"],
    ]
    assert not within["trainB"] + within["testA"] + within["testB"]


def test_a_survey_tells_colours_sizes_and_damage(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying
    picture(tmp_path / "a.jpg", (20, 10), exif=exif)
    for name, mode in {"grey.png": "L", "palette.png": "P", "clear.png": "RGBA", "print.tif": "CMYK"}.items():
        picture(tmp_path / name, mode=mode, seed=3)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    seen = survey({"train": sorted(tmp_path.iterdir()), "val": []})
    by_name = {p.name: p for p in seen.every}
    assert by_name["a.jpg"].size == (10, 20)
    assert seen.grey() == ["grey.png"]
    assert seen.others() == {"P": 1, "RGBA": 1, "CMYK": 1}
    assert seen.unreadable() == ["bad.png"]
    assert survey({}).every == []


def test_a_file_in_two_parts_is_no_copy_of_itself(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png", seed=1)
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    assert survey({"val": files, "test": files}).copies_between() == []


def test_a_file_that_goes_away_is_named(tmp_path):
    picture(tmp_path / "a.png")
    assert survey({"train": [tmp_path / "a.png", tmp_path / "gone.png"]}).unreadable() == ["gone.png"]


# ---- the command ----------------------------------------------------------------------------------------------------


@real
def test_the_report_on_horse2zebra(prepare):
    code, said = prepare("data=horse2zebra", f"paths.data={REAL}", "data.load_size=32", "data.crop_size=32")
    assert code == 0
    lines = {tuple(line.split()) for line in said.splitlines()}
    assert ("trainA", "426", "all", "256x256", "0", "426", "0", "19.2") in lines
    assert ("trainB", "425", "all", "256x256", "7", "418", "0", "18.9") in lines
    assert ("testA", "120", "all", "256x256", "0", "120", "0", "5.1") in lines
    assert ("testB", "140", "all", "256x256", "0", "140", "0", "6.4") in lines
    assert "grey       7: " + " ".join(GREY) in said
    assert "trains and measures: trainA/n02381460_3811.jpg = testA/n02381460_1160.jpg" in said
    assert "store/horse2zebra-" in said


@pytest.fixture
def mine(tmp_path):
    """Two classes of pictures in three splits, with a damaged file, grey ones, a copy within and copies across."""
    root = tmp_path / "mine"
    for i in range(12):
        picture(root / "train" / f"class_{i % 2}" / f"{i}.png", (20 + i, 16), seed=i)
    for i in range(4):
        picture(root / "test" / f"class_{i % 2}" / f"{i}.png", seed=100 + i)
        picture(root / "val" / f"class_{i % 2}" / f"{i}.png", seed=200 + i)
    for place in ("train/class_1/3.png", "val/class_0/2.png"):
        picture(root / place, mode="L", seed=300)
    shutil.copy(root / "train" / "class_0" / "0.png", root / "test" / "class_0" / "same.png")
    shutil.copy(root / "train" / "class_1" / "1.png", root / "train" / "class_1" / "again.png")
    sound = (root / "train" / "class_0" / "2.png").read_bytes()
    (root / "train" / "class_0" / "2.png").write_bytes(sound[: len(sound) // 2])
    return root


def test_own_pictures_are_told_with_what_is_odd_about_them(prepare, mine):
    own = ["data=folder", f"data.path={mine}", "data.image_size=16"]
    with pytest.raises(DataError, match=r"2\.png cannot be read as a picture.*data\.on_error=skip"):
        prepare(*own)
    code, said = prepare(*own, "data.on_error=skip")
    assert code == 0
    assert "unreadable 1: train/class_0/2.png" in said
    assert "grey       2: train/class_1/3.png val/class_0/2.png" in said
    assert "copies     1 in train: train/class_1/1.png = train/class_1/again.png" in said
    assert "warning    the same picture trains and measures: train/class_0/0.png = test/class_0/same.png" in said
    assert "20x16 … 26x16 … 31x16" in said
    assert ["class_0", "5", "2", "3"] in [line.split() for line in said.splitlines()]


def test_pairs_without_a_partner_are_named(prepare, tmp_path):
    for i in range(12):
        picture(tmp_path / "set" / "A" / f"{i}.png", seed=i)
        picture(tmp_path / "set" / "B" / f"{i}.png", seed=50 + i)
    picture(tmp_path / "set" / "B" / "only.png", seed=99)
    own = ["data=paired_folders", f"data.path={tmp_path}/set", "data.load_size=16", "data.crop_size=16"]
    with pytest.raises(DataError, match=r"B/only\.png"):
        prepare(*own)
    code, said = prepare(*own, "data.on_error=skip")
    assert code == 0
    assert "alone      1: B/only.png" in said
    assert "unreadable none" in said


def test_a_set_without_picture_files_is_told_by_its_values(prepare, data_root):
    code, said = prepare("data=digits")
    assert code == 0
    assert ["train", "1,437", "image", "0", "…", "255", "77.8"] in [line.split() for line in said.splitlines()]
    assert "store      none" in said
    code, said = prepare("data=mnist", f"paths.data={data_root}", "data.limit=100")
    assert "counts     train 100   val 50   test 121" in said
    assert "store/mnist-" in said


def test_check_only_prepares_nothing(prepare, tmp_path):
    code, said = prepare("data=horse2zebra", "check_only=true", "show=x.png")
    assert (code, said) == (0, "all checks passed; nothing was prepared\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("show", "words"),
    [
        ("sheet.jpg", r"must be the name of a \.png file.*show=sheet\.png"),
        ("folder.png", "is a folder"),
        ("file/sheet.png", "cannot be written"),
        ("file/deep/sheet.png", "cannot be written"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_before_the_work(show, words, prepare, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    monkeypatch.setattr("genlab.data.sets.digits.Digits.prepare", lambda *_: pytest.fail("the work was begun"))
    with pytest.raises(ConfigError, match=rf"(?s)show=.*{words}"):
        prepare("data=digits", f"show={tmp_path}/{show}")


def test_keys_of_other_commands_are_refused():
    for mistake in ("model=vae", "trainer.max_epochs=3", "sho=x.png", "+data.foo=1"):
        with pytest.raises(ConfigError):
            compose("prepare", [mistake])


def test_it_never_imports_torch(tmp_path, data_root):
    environment = os.environ | {"GENLAB_CACHE": str(tmp_path / "cache"), "GENLAB_DATA": str(data_root)}
    command = [sys.executable, "-X", "importtime", str(REPO / "src" / "prepare.py"), "data=mnist", "show=deep/page.png"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "PIL" in imported
    assert not {"torch", "lightning"} & imported
    assert Image.open(tmp_path / "deep" / "page.png").format == "PNG"


# ---- the page -------------------------------------------------------------------------------------------------------


def prepared(kind, shape, train, **more):
    count = len(next(iter(train.values())))
    spec = DataSpec("set", kind, shape, dict.fromkeys(("train", "val", "test"), count), "0" * 64, **more)
    return PreparedData(spec, dict.fromkeys(("train", "val", "test"), train))


def images(count, *shape):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


PAGES = {
    "tiny, with classes": lambda: prepared(
        "images", (1, 8, 8), {"image": images(100, 1, 8, 8), "label": np.arange(100) % 10}, classes=10
    ),
    "one image": lambda: prepared("images", (3, 300, 200), {"image": images(1, 3, 300, 200)}),
    "attributes": lambda: prepared(
        "images",
        (3, 64, 64),
        {"image": images(40, 3, 64, 64), "label": images(40, 40) % 2},
        attributes=tuple(f"Attribute_{i}" for i in range(40)),
        levels=(2,) * 40,
    ),
    "factors": lambda: prepared(
        "images",
        (1, 64, 64),
        {"image": images(40, 1, 64, 64), "label": images(40, 2) % 7},
        attributes=("shape", "scale"),
        levels=(3, 7),
    ),
    "pairs": lambda: prepared("pairs", (3, 32, 32), {"a": images(40, 3, 32, 32), "b": images(40, 1, 32, 32)}),
    "domains of many sizes": lambda: prepared(
        "domains",
        (3, 32, 32),
        {
            "a": Ragged.of(images(3 * (12 + 400 * 7)).ravel(), np.array([[3, 3, 4], [3, 400, 7]])),
            "b": images(5, 3, 20, 30),
        },
    ),
    "points": lambda: prepared(
        "points", (2,), {"x": np.random.default_rng(0).normal(size=(500, 2)), "label": np.arange(500) % 12}, classes=12
    ),
    "one point in one dimension": lambda: prepared("points", (1,), {"x": np.zeros((1, 1), np.float32)}),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_every_kind_is_drawn(page, tmp_path):
    made = PAGES[page]()
    drawn = Image.open(draw(made, tmp_path / "new" / "page.png"))
    assert 180 < drawn.width < 1400
    assert 150 < drawn.height < 1400
    values = np.asarray(drawn.convert("L"))
    assert (values[:8] == 255).all()  # a margin
    assert values.min() < 100  # and something on it
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.png"]
    assert list(report(made, survey({})))


def test_tiny_images_are_enlarged_pixel_by_pixel(tmp_path):
    page = np.asarray(Image.open(draw(PAGES["tiny, with classes"](), tmp_path / "page.png")).convert("L"))
    times = SIDE // 8
    first = images(100, 1, 8, 8)[0, 0].repeat(times, 0).repeat(times, 1)
    windows = np.lib.stride_tricks.sliding_window_view(page[:240, :240], (8 * times, 8 * times))
    assert (windows == first).all((2, 3)).any()


def test_images_come_at_even_distance():
    assert spread(5, 32) == [0, 1, 2, 3, 4]
    assert spread(100, 3) == [0, 50, 99]
    assert len(set(spread(1000, 32))) == 32


def test_words_fit_below_their_image():
    made = replace(PAGES["attributes"]().spec, attributes=tuple(f"Big_{i}" for i in range(40)))
    lines = words(made, np.ones(40, int)).split("\n")
    assert len(lines) == 6
    assert lines[-1].endswith("…")
    assert all(line.startswith("Big\N{NO-BREAK SPACE}") for line in lines)  # no name is cut in two
    assert all(len(line) * 6 <= SIDE for line in lines)
    assert words(made, np.zeros(40, int)) == ""
    spec = DataSpec("set", "images", (1, 8, 8), {}, "", 2, ("cat", "dog"))
    assert words(spec, np.int64(1)) == "dog"
    assert filled("w" * 100, SIDE, 1).endswith("…")


# ---- sounds ---------------------------------------------------------------------------------------------------------


def test_of_sounds_lengths_rates_and_odd_files_are_said_and_spectrograms_drawn(prepare, tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="the extra speech is not installed")
    folders = vowels.two_speakers(tmp_path / "speech", train=4, rest=1)
    train = folders["a"] / "train"
    vowels.write_wav(train / "silent.wav", np.zeros(8000))
    click = np.zeros(8000)
    click[4000] = 6e-4  # -64 dB, but over no window -80
    vowels.write_wav(train / "click.wav", click)
    vowels.write_wav(train / "clipped.wav", 9 * vowels.vowels(1, 8000), 8000)
    opposed = vowels.vowels(0.6)
    soundfile.write(train / "opposed.wav", np.stack([opposed, -opposed], 1), 16_000)
    soundfile.write(train / "loud.wav", 9 * opposed, 16_000, subtype="FLOAT")
    (train / "text.wav").write_text("a letter")
    shutil.copy(train / "00.wav", folders["a"] / "test" / "again.wav")
    asked = ["data=speech_folders", *(f"data.{side}={place}" for side, place in folders.items())]
    code, out = prepare(*asked, "data.frames=32", "data.n_mels=32", "data.on_error=skip", "show=sheet.png")
    assert code == 0
    assert "unreadable 1: a/train/text.wav" in out
    assert "silent     2: a/train/click.wav a/train/silent.wav" in out
    assert "clipped    1: a/train/clipped.wav" in out
    assert "over 1     1: a/train/loud.wav" in out
    assert "cancelling 1: a/train/opposed.wav" in out
    assert "warning    the same sound trains and measures: a/train/00.wav (trainA) = a/test/again.wav (testA)" in out
    row = next(line for line in out.splitlines() if line.startswith("trainA")).split("  ")
    assert [cell.strip() for cell in row if cell] == [
        "trainA", "10", "0.5 … 0.8 … 1.1", "7.1 s", "16,000 Hz (8), 8,000 Hz (1)", "1 (8), 2 (1)",
        "16 bit (8), float (1)", "0.2",
    ]  # fmt: skip
    assert np.asarray(Image.open(tmp_path / "sheet.png")).std() > 10
    with pytest.raises(DataError, match=r"text\.wav cannot be read as a sound"):
        prepare(*asked, "data.frames=32", "data.n_mels=32")
