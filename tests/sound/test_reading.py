"""Files of every rate, depth and kind come as the same sound; what is no sound says so."""

import shutil
import struct
import tracemalloc

import numpy as np
import pytest

from genlab.contracts import ConfigError, Unreadable
from genlab.sound import reading
from genlab.sound.levels import Meter, full_scale

from vowels import vowels

soundfile = pytest.importorskip("soundfile", reason="the extra speech is not installed")
pytest.importorskip("soxr", reason="the extra speech is not installed")

INTEGERS = {"PCM_U8": 2**-7, "PCM_S8": 2**-7, "PCM_16": 2**-15, "PCM_24": 2**-23, "PCM_32": 2**-24}
STEPS = INTEGERS | dict.fromkeys(("FLOAT", "DOUBLE"), 2**-24)  # float32 has 24 bits


def write(path, sound, rate=16000, subtype="PCM_16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, subtype)
    return path


@pytest.mark.parametrize("ending", ["wav", "flac"])
@pytest.mark.parametrize("subtype", STEPS)
def test_every_depth_gives_the_sound_to_half_a_step(tmp_path, ending, subtype):
    if not soundfile.check_format(ending.upper(), subtype):
        pytest.skip(f"{ending} knows no {subtype}")
    sound = vowels(0.5)
    path = write(tmp_path / f"a.{ending}", sound, subtype=subtype)
    assert np.abs(reading.read(path) - sound).max() <= STEPS[subtype]
    said = reading.header(path)
    assert (said.sample_rate, said.channels, said.samples, said.seconds) == (16000, 1, 8000, 0.5)
    assert said.depth == {"PCM": f"{subtype[-2:].strip('US_')} bit"}.get(subtype[:3], "float")


def test_channels_are_averaged(tmp_path):
    left, right = vowels(0.3, seed=1), vowels(0.3, seed=2)
    path = write(tmp_path / "a.wav", np.stack([left, right, 0 * left], 1), subtype="FLOAT")
    assert np.allclose(reading.read(path), (left + right) / 3, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_a_sine_stays_itself_at_another_rate(tmp_path, rate):
    time = np.arange(rate) / rate
    path = write(tmp_path / "a.wav", np.stack([0.5 * np.sin(2 * np.pi * 440 * time)] * 2, 1), rate, "PCM_24")
    found = reading.read(path, 16000)
    assert abs(len(found) - 16000) <= 1
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(found)) / 16000)
    assert np.abs(found - expected)[200:-200].max() < 1e-3


def test_what_a_lower_rate_cannot_hold_is_gone_and_does_not_fold(tmp_path):
    time = np.arange(48000) / 48000
    path = write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 11000 * time), 48000, "FLOAT")
    assert np.abs(reading.read(path, 16000))[500:-500].max() < 1e-4


def damaged(folder):
    """Files that are no whole sounds, and words that must be said of each."""
    whole, flac = write(folder / "a.wav", vowels(2)), write(folder / "a.flac", vowels(2))
    content, kinds = whole.read_bytes(), {}
    kinds["empty.wav"] = (b"", "the file is empty")
    kinds["text.wav"] = (b"not a sound, but a letter\n" * 40, "is neither WAV nor FLAC, whatever its name")
    kinds["header.wav"] = (content[:44], "0 % of it is there")
    kinds["half.wav"] = (content[: 44 + 32000], "64,000 bytes of sound, and 50 % of it is there: copy it again")
    kinds["cut.flac"] = (flac.read_bytes()[:9000], "it breaks off")
    long = bytearray(flac.read_bytes())
    long[21], long[22:26] = long[21] & 0xF0, bytes(4)  # 36 bits of STREAMINFO: the length is not known
    kinds["unknown.flac"] = (bytes(long), "does not say how long it is")
    kinds["byte.wav"] = (content[:-1], "99 % of it is there")
    kinds["no_rate.wav"] = (content[:24] + bytes(4) + content[28:], "its header has numbers that cannot be")
    kinds["rate.wav"] = (content[:24] + struct.pack("<I", 1) + content[28:], "says 1 samples per second")
    kinds["no_sound.wav"] = (content[:40] + struct.pack("<I", 0), "it has a header and no sound")
    for name, (text, words) in kinds.items():
        (folder / name).write_bytes(text)
        yield folder / name, words
    endless = vowels(0.2)
    endless[100] = np.nan
    yield write(folder / "nan.wav", endless, subtype="FLOAT"), "numbers that are not finite"
    integers = write(folder / "integers.wav", 32_768 * vowels(0.2, peak=0.5), subtype="FLOAT")
    yield integers, "go up to 16,384, where 1 is full scale: divide them, by 32,768 if"
    yield folder / "gone.wav", "No such file"


def test_what_is_no_whole_sound_is_named_with_the_reason(tmp_path):
    for path, words in damaged(tmp_path):
        with pytest.raises(Unreadable) as error:
            reading.read(path, 16000)
        said = str(error.value)
        assert str(path) in said and "cannot be read as a sound" in said and "data.on_error=skip" in said, said
        assert words in said
        assert error.value.exit_code == 2


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF])
def test_a_writer_to_a_pipe_does_not_know_the_length(tmp_path, size):
    """Synthesisers and converters that write to a pipe leave a size that no file has."""
    content = write(tmp_path / "a.wav", vowels(1)).read_bytes()
    (tmp_path / "b.wav").write_bytes(content[:40] + struct.pack("<I", size) + content[44:])
    assert np.array_equal(reading.read(tmp_path / "b.wav"), reading.read(tmp_path / "a.wav"))


def test_a_short_sound_is_a_sound(tmp_path):
    for seconds in (0.1, 1 / 16000):
        path = write(tmp_path / "a.wav", vowels(seconds))
        assert len(reading.read(path, 16000)) == round(seconds * 16000)
        assert len(reading.read(path, 22050)) == pytest.approx(seconds * 22050, abs=1)


def test_five_minutes_take_no_more_memory_than_ten_seconds(tmp_path):
    def peak(seconds):
        with soundfile.SoundFile(tmp_path / "a.wav", "w", 48000, 2, "PCM_16") as file:
            for _ in range(seconds):
                file.write(np.zeros((48000, 2)))
        tracemalloc.start()
        count = sum(map(len, reading.blocks(tmp_path / "a.wav", 16000)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert abs(count - seconds * 16000) <= 1
        return most

    assert peak(300) < peak(10) + 2**20


def test_without_the_packages_the_words_to_type_are_said(monkeypatch):
    monkeypatch.setattr(reading, "PACKAGES", ("soundfile", "there_is_no_such_package"))
    with pytest.raises(ConfigError, match=r"there_is_no_such_package is not installed(.|\n)*genlab\[speech\]"):
        reading.require_installed("data=speech_folders")


def test_a_package_that_is_there_and_cannot_be_loaded_is_said(monkeypatch, tmp_path):
    for name, raised in (
        ("broken_by_import", "ImportError('hidden')"),
        ("broken_by_library", "OSError('no libsndfile')"),
    ):
        (tmp_path / f"{name}.py").write_text(f"raise {raised}")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(reading, "PACKAGES", (name,))
        with pytest.raises(ConfigError, match=rf"{name} cannot be loaded \(\w(.|\n)*pip install 'genlab\[speech\]'"):
            reading.require_installed("data=speech_folders")


def metered(path, bits):
    meter = Meter(full_scale(bits))
    for _ in reading.blocks(path, meter=meter):
        pass
    return meter


@pytest.mark.parametrize("subtype, bits", [("PCM_U8", 8), ("PCM_16", 16), ("PCM_24", 24), ("FLOAT", None)])
def test_a_clipped_sound_is_told_from_a_loud_one(tmp_path, subtype, bits):
    loud = write(tmp_path / "loud.wav", vowels(1, peak=1.0), subtype=subtype)
    clipped = write(tmp_path / "clipped.wav", np.clip(vowels(1, peak=1.4), -1, 1), subtype=subtype)
    assert metered(loud, bits).clipped <= (3 if bits == 8 else 0)
    assert metered(clipped, bits).clipped > 10
    assert metered(loud, bits).peak == pytest.approx(1, abs=0.01)


def test_floats_beyond_full_scale_are_not_clipped(tmp_path):
    meter = metered(write(tmp_path / "a.wav", vowels(1, peak=5.0), subtype="FLOAT"), None)
    assert (meter.beyond, meter.clipped) == (True, 0)
    assert not metered(write(tmp_path / "b.wav", vowels(1, peak=1.0)), 16).beyond


def test_channels_that_cancel_each_other_are_told_from_silence(tmp_path):
    left, hum = vowels(0.5), 1e-3 * np.sin(np.arange(8000) / 3)
    for right, cancels in ((-left, True), (hum - left, True), (0 * left, False), (-0.9 * left, False)):
        assert metered(write(tmp_path / "a.wav", np.stack([left, right], 1)), 16).cancels == cancels
    assert not metered(write(tmp_path / "b.wav", np.zeros((800, 2))), 16).cancels


def test_a_row_of_full_samples_is_seen_across_two_blocks():
    whole, pieces = Meter(), Meter()
    sound = np.array([[0.1], [1.0], [1.0], [1.0], [-1.0], [0.2], [1.0], [1.0], [0.0]])
    whole.see(sound)
    for row in sound:
        pieces.see(row[None])
    assert whole.clipped == pieces.clipped == 2


def test_a_folder_is_listed_by_endings(tmp_path):
    for name in ("a.wav", "b.FLAC", "c.mp3", "d.txt"):
        shutil.copy(write(tmp_path / "x.wav", vowels(0.1)), tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir() if reading.is_sound(p)) == ["a.wav", "b.FLAC", "x.wav"]
