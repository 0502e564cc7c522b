"""The material of the speech tests: two voices that differ, over sentences that are shared out without a leak."""

import numpy as np
import pytest

from genlab.sound import reading

import voices

spoken = pytest.mark.skipif(bool(voices.missing()), reason=str(voices.missing()))


def test_sentences_are_different_and_always_the_same():
    texts = voices.sentences(600)
    assert len(set(texts)) == 600
    assert voices.sentences(50) == texts[:50]


def test_training_sentences_are_a_voices_own_and_test_sentences_are_of_both():
    said = voices.shares(voices.COUNTS)
    assert said["a", "test"] == said["b", "test"] and said["a", "val"] == said["b", "val"]
    assert 20 <= len(said["a", "test"]) <= 40 and len(said["a", "train"]) == len(said["b", "train"]) >= 200
    parts = [said["a", "train"], said["b", "train"], said["a", "val"], said["a", "test"]]
    assert len(set().union(*parts)) == sum(map(len, parts))


def pitch(sound, rate):
    """The median fundamental frequency in Hz, by the highest autocorrelation of loud windows."""
    found = []
    for window in np.lib.stride_tricks.sliding_window_view(sound, 2048)[::512]:
        if np.std(window) > 0.5 * np.std(sound):
            power = np.abs(np.fft.rfft(window * np.hanning(2048), 4096)) ** 2
            lags = np.fft.irfft(power)[: rate // 60]
            low = rate // 400
            found.append(rate / (low + lags[low:].argmax()))
    return float(np.median(found))


@spoken
def test_the_two_voices_differ_in_pitch_and_say_the_same_in_test(tmp_path):
    pytest.importorskip("soundfile", reason="the extra speech is not installed")
    a, b = voices.make(tmp_path, train=3, val=1, test=2)
    for folder in (a, b):
        assert {split: len(list((folder / split).iterdir())) for split in voices.COUNTS} == {
            "train": 3,
            "val": 1,
            "test": 2,
        }
    low, high = (pitch(reading.read(folder / "test" / "000.wav"), 22050) for folder in (a, b))
    assert high > 1.4 * low
    assert 60 < low < 400


@spoken
def test_the_same_bytes_at_every_call(tmp_path):
    first, again = (voices.make(tmp_path / name, train=2, val=0, test=1)[0] for name in ("one", "two"))
    for path in sorted(first.rglob("*.wav")):
        assert path.read_bytes() == (again / path.relative_to(first)).read_bytes()


@pytest.mark.skipif(bool(voices.missing(["flite:slt"])), reason=str(voices.missing(["flite:slt"])))
def test_flite_speaks_too(tmp_path):
    pytest.importorskip("soundfile", reason="the extra speech is not installed")
    voices.speak("flite:slt", voices.sentences(1)[0], tmp_path / "a.wav")
    assert reading.header(tmp_path / "a.wav").sample_rate == 16000
