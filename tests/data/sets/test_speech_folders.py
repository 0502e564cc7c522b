"""Two speakers: what a pixel of their spectrograms is, where crops come from, and what is said of odd files."""

import numpy as np
import pytest
import torch

from genlab.config.signature import signature
from genlab.contracts import ConfigError, DataError, DataSpec, MelFormat
from genlab.data.files.spectrograms import Moments, fitted
from genlab.data.report.contact_sheet import coloured, draw
from genlab.data.sets.speech_folders import SpeechFolders
from genlab.data.store.columns import Crop, gather
from genlab.data.store.module import StoreData
from genlab.data.store.resident import Resident
from genlab.data.store.scale import unit
from genlab.sound.mel import log_mel
from genlab.sound.reading import read

from vowels import two_speakers, vowels, write_wav

soundfile = pytest.importorskip("soundfile", reason="the extra speech is not installed")
pytest.importorskip("soxr", reason="the extra speech is not installed")

COMMON = {
    "sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 32, "f_min": 0.0, "f_max": 8000.0, "frames": 32,
    "trim": 40.0, "spread": 4.0, "on_error": "stop", "batch_size": 2, "limit": None,
}  # fmt: skip
FORM = MelFormat(16000, 512, 256, 32, 0.0, 8000.0)


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    return two_speakers(tmp_path_factory.mktemp("speech"))


def source(folders, **change):
    return SpeechFolders(**({side: str(place) for side, place in folders.items()} | COMMON | change))


@pytest.fixture
def prepared(voices, cache):
    return source(voices).prepare(cache, cache)


def frames_of(column):
    return np.concatenate([np.asarray(column[i][0], np.float64) for i in range(len(column))], 1)


# ---- the scale of a speaker -------------------------------------------------------------------------------------------


def test_black_and_white_come_from_the_speakers_own_training_files_alone(voices, cache):
    """Mean and spread of each band over the trimmed frames of train, by another way."""
    spec = source(voices, trim=None, frames=4).prepare(cache, cache).spec
    for side, folder in voices.items():
        levels = [log_mel([read(path)], FORM)[0] for path in sorted((folder / "train").iterdir())]
        every = np.concatenate(levels, 1).astype(np.float64)
        black, white = np.array(spec.scale(side)).T
        assert np.allclose((black + white) / 2, every.mean(1), atol=1e-6)
        assert np.allclose((white - black) / 8, np.maximum(every.std(1), 0.1), atol=1e-6)
    assert not np.allclose(spec.scale("a"), spec.scale("b"), atol=0.1)


def test_another_test_file_moves_no_scale_and_another_training_file_does(tmp_path):
    folders = two_speakers(tmp_path, train=3, rest=1)

    def scales():
        spec = source(folders).prepare(tmp_path, tmp_path / "cache").spec
        return spec.scale_a, spec.scale_b

    first = scales()
    write_wav(folders["a"] / "test" / "new.wav", 0.9 * vowels(1, pitch=300))
    write_wav(folders["b"] / "val" / "new.wav", 0.9 * vowels(1, pitch=300))
    assert scales() == first
    write_wav(folders["a"] / "train" / "new.wav", 0.9 * vowels(1, pitch=300))
    assert scales()[0] != first[0] and scales()[1] == first[1]


def test_moments_add_up_to_those_of_all_frames():
    dice = np.random.default_rng(0)
    parts = [dice.normal(-6, 2, (3, n)) for n in (5, 1, 40)]
    both = np.concatenate(parts, 1)
    black, white = np.array((Moments.of(parts[0]) + Moments.of(parts[1]) + Moments.of(parts[2])).scale(2)).T
    assert np.allclose(black, both.mean(1) - 2 * both.std(1)) and np.allclose(white, both.mean(1) + 2 * both.std(1))
    black, white = np.array(Moments.of(np.full((1, 9), -11.5)).scale(4)).T
    assert np.allclose(white - black, 0.8)  # a band without sound: its spread is no zero to divide by


def test_a_pixel_is_the_level_between_black_and_white():
    scale = ((-10.0, -2.0), (-8.0, 0.0))
    levels = torch.tensor([[[[-10.0, -6.0, -2.0, -99.0], [-8.0, -6.0, 0.0, 9.0]]]])
    assert unit(levels, scale).tolist() == [[[[0.0, 0.5, 1.0, 0.0], [0.0, 0.25, 1.0, 1.0]]]]
    assert unit(levels.half(), scale, torch.float64).dtype == torch.float64
    assert unit(torch.tensor([[[[0, 51, 255]]]], dtype=torch.uint8), ()).tolist() == [
        [[[0.0, pytest.approx(0.2), 1.0]]]
    ]


def test_each_side_of_a_batch_is_on_its_own_scale(prepared):
    data = StoreData(prepared, 2, 0)
    batch = next(iter(data.val_dataloader()))
    seen = data.on_after_batch_transfer(batch, 0)
    for side in ("a", "b"):
        black, white = (torch.tensor(x)[:, None] for x in zip(*prepared.spec.scale(side), strict=True))
        expected = ((getattr(batch, side).float() - black) / (white - black)).clamp(0, 1)
        assert torch.allclose(getattr(seen, side), expected, atol=1e-5)
    training = torch.cat([data.on_after_batch_transfer(one, 0).a for one in data.train_dataloader()])
    assert abs(float(training.mean()) - 0.5) < 0.1


def test_a_checkpoint_knows_the_way_back_to_sound(prepared):
    again = DataSpec.from_plain(prepared.spec.plain())
    assert again == prepared.spec
    assert again.sound == FORM
    assert isinstance(prepared.spec.plain()["scale_a"][0], list)


# ---- rows and crops ---------------------------------------------------------------------------------------------------


def test_outside_training_files_are_whole_and_in_training_cut(prepared, voices):
    data = StoreData(prepared, 3, 0)
    assert {tuple(batch.a.shape) for batch in data.train_dataloader()} == {(3, 1, 32, 32)}
    widths = [batch.a.shape[-1] for batch in data.val_dataloader()]
    assert len(set(widths)) > 1 and min(widths) > 32
    assert all(width % 4 == 0 for width in widths)


def test_a_crop_reads_its_own_frames_alone(prepared):
    """O(1): of a row of any length only the crop's frames are touched, wherever they lie; every place comes."""
    column, row = prepared.columns["train"]["a"], np.array([4])
    whole, places = column[4], set()
    for epoch in range(400):
        cut = Crop((32, 32), 0, random=True)
        top, left = cut.corners(column, row, epoch, 0)
        assert top[0] == 0
        places.add(int(left[0]))
        assert np.array_equal(gather(column, row, cut, epoch)[0], whole[:, :, left[0] : left[0] + 32])
    assert places == set(range(whole.shape[-1] - 32 + 1))
    assert gather(column, row, cut, 0).dtype == np.float16


def test_columns_on_the_device_give_the_same_crops(prepared):
    column, rows, cut = prepared.columns["train"]["b"], np.arange(5), Crop((32, 32), 3, random=True)
    there = Resident(torch.device("cpu")).images(column, rows, cut, 7, 1)
    assert np.array_equal(there.numpy(), gather(column, rows, cut, 7, 1))


def test_the_smaller_speaker_is_at_the_end_before_the_other(tmp_path):
    folders = two_speakers(tmp_path, train=2, rest=2)
    for side, count in {"a": 1, "b": 2}.items():
        for i in range(count):
            write_wav(folders[side] / "val" / f"more{i}.wav", vowels(1.9))
    prepared = source(folders).prepare(tmp_path, tmp_path / "cache")
    batches = list(StoreData(prepared, 2, 0).val_dataloader())
    assert [(len(batch.a), len(batch.b)) for batch in batches] == [(1, 1), (1, 1), (1, 1), (0, 1)]
    column, none = prepared.columns["val"]["a"], np.empty(0, np.int64)
    assert (
        Resident(torch.device("cpu")).images(column, none, None, 0, 0).shape
        == batches[-1].a.shape
        == (0, *column[0].shape)
    )
    assert batches[-1].a.dtype == torch.float16


@pytest.mark.parametrize(
    "first, end, total, least, expected",
    [
        (10, 50, 60, 32, range(10, 50)),  # as it is
        (10, 51, 60, 32, range(10, 54)),  # to a multiple of 4, by what comes after
        (18, 59, 60, 32, range(16, 60)),  # and by what comes before
        (5, 10, 60, 32, range(5, 37)),
        (0, 51, 51, 32, range(48)),  # or without its end
        (50, 55, 60, 32, range(28, 60)),
        (2, 5, 7, 16, [*range(7), *range(7), 0, 1]),  # all there is, again and again
        (0, 1, 1, 4, [0, 0, 0, 0]),
    ],
)
def test_rows_have_the_frames_that_networks_need(first, end, total, least, expected):
    assert fitted(first, end, total, least).tolist() == list(expected)


def test_silence_is_cut_off_before_a_file_is_kept(tmp_path):
    folders = two_speakers(tmp_path, train=2, rest=1)
    hush = np.zeros(16000)
    speech = np.sin(np.arange(16000) / 5)
    write_wav(folders["a"] / "val" / "00.wav", np.concatenate([hush, 0.3 * speech, hush]))
    made = {trim: source(folders, trim=trim).prepare(tmp_path, tmp_path / "cache") for trim in (40.0, None)}
    widths = {trim: one.columns["val"]["a"][0].shape[-1] for trim, one in made.items()}
    assert 62 <= widths[40.0] <= 72 and widths[None] == 188
    assert made[40.0].spec.digest != made[None].spec.digest


# ---- files of every kind ----------------------------------------------------------------------------------------------


def test_odd_files_are_counted_and_only_damaged_ones_stop(tmp_path):
    folders = two_speakers(tmp_path, train=4, rest=2)
    train = folders["a"] / "train"
    write_wav(train / "silent.wav", np.zeros(8000))
    write_wav(train / "clipped.wav", 3 * vowels(1))
    write_wav(train / "short.wav", vowels(0.1))
    opposed = vowels(0.5)
    soundfile.write(train / "opposed.wav", np.stack([opposed, -opposed], 1), 16_000)
    (train / "notes.txt").write_text("of the recording")
    spec = source(folders).prepare(tmp_path, tmp_path / "cache").spec
    said = " | ".join(spec.remarks)
    assert "1 of 20: clipped" in said and "1 of 20: silent: left out" in said and "1 of 20: shorter" in said
    assert "1 of 20: its channels cancel each other in their mean: left out" in said
    assert "A: left alone: 1 .txt" in said
    assert spec.sizes["trainA"] == 6 and spec.skipped == ()
    (train / "text.wav").write_text("no sound at all, but a letter")
    with pytest.raises(DataError, match=r"text\.wav cannot be read as a sound"):
        source(folders).prepare(tmp_path, tmp_path / "cache")
    spec = source(folders, on_error="skip").prepare(tmp_path, tmp_path / "cache").spec
    assert spec.skipped == ("a/train/text.wav",) and spec.sizes["trainA"] == 6


def test_missing_splits_are_cut_from_the_training_files(tmp_path):
    for side in ("a", "b"):
        for i in range(12):
            write_wav(tmp_path / side / f"{i}.wav", vowels(0.3, seed=i))
    sizes = source({"a": tmp_path / "a", "b": tmp_path / "b"}).prepare(tmp_path, tmp_path / "cache").spec.sizes
    assert [sizes[f"{split}A"] for split in ("train", "val", "test")] == [10, 1, 1]


@pytest.mark.parametrize(
    "key", ["sample_rate", "n_fft", "hop_length", "n_mels", "f_min", "f_max", "frames", "trim", "spread"]
)
def test_what_changes_the_pixels_changes_the_digest(key, voices, tmp_path, cache):
    other = {
        "sample_rate": 22050,
        "f_min": 50.0,
        "f_max": 7000.0,
        "trim": None,
        "spread": 3.0,
        "frames": 128,
        "hop_length": 128,
    }
    changed = other.get(key, 2 * COMMON[key] if isinstance(COMMON[key], int) else 1.0)
    if key == "n_mels":
        changed = 24
    digests = {source(voices, **change).prepare(cache, cache).spec.digest for change in ({}, {key: changed})}
    assert len(digests) == 2
    assert source(voices, limit=2).prepare(cache, cache).spec.sizes["trainA"] == 2


def test_mistakes_are_said_with_the_remedy(voices, tmp_path):
    with pytest.raises(DataError, match=r"data\.b=.*there is no such folder\. Type: data\.b=DIR with your sounds"):
        source(voices | {"b": tmp_path / "nowhere"}).prepare(tmp_path, tmp_path)
    with pytest.raises(ConfigError, match="is the folder of speaker A"):
        source(voices | {"b": voices["a"]}).prepare(tmp_path, tmp_path)
    (tmp_path / "empty").mkdir()
    for inner, outer in (("b", "a"), ("a", "b")):
        nested = {inner: voices[outer] / "train", outer: voices[outer]}
        with pytest.raises(ConfigError, match=rf"data\.{inner}=.*lies in the folder of speaker {outer.upper()}"):
            source(voices | nested).prepare(tmp_path, tmp_path)
    with pytest.raises(DataError, match=r"data\.a=.*is a file, and a folder is needed\. Type: data\.a=DIR"):
        source(voices | {"a": next((voices["a"] / "train").iterdir())}).prepare(tmp_path, tmp_path)
    with pytest.raises(DataError, match=r"data\.a=.*no sounds \(WAV FLAC\).* Type: data\.a=DIR"):
        source(voices | {"a": tmp_path / "empty"}).prepare(tmp_path, tmp_path)
    with pytest.raises(ConfigError, match=r"Type: data\.n_fft="):
        source(voices, n_mels=200)
    with pytest.raises(ConfigError, match=r"Type: data\.hop_length=256, or data\.n_fft=1024"):
        source(voices, hop_length=512)
    for side in ("a", "b"):
        for i in range(3):
            write_wav(tmp_path / "hush" / side / f"{i}.wav", np.zeros(8000))
    with pytest.raises(DataError, match="sounds with something to hear"):
        source({side: tmp_path / "hush" / side for side in "ab"}).prepare(tmp_path, tmp_path)


def test_keys_are_arguments_with_ranges():
    found = signature("genlab.data.sets.speech_folders.SpeechFolders").parameters
    assert {"a", "b", "frames", "trim"} <= set(found)


# ---- pictures ---------------------------------------------------------------------------------------------------------


def test_low_bands_are_drawn_below_and_loud_ones_light():
    levels = np.array([[-10.0, -2.0], [-10.0, -10.0]])  # the low band rises
    drawn = coloured(levels, ((-10.0, -2.0),) * 2, 3).astype(int)
    assert drawn.shape == (2, 3, 3)
    assert drawn[1, 1].sum() > 400 > drawn[1, 0].sum()
    assert drawn[0, 1].sum() < 50
    assert (drawn[:, 2] == 255).all()


def test_the_sheet_is_drawn(prepared, tmp_path):
    assert draw(prepared, tmp_path / "sheet.png").stat().st_size > 10_000
