"""Translated speech as it is measured: by models of which it is known what they make of a voice."""

import numpy as np
import pytest
from torch import distributed

from evaluators import ALONE
from genlab.callbacks.evaluators.parallel import parallel_note, parallel_rows
from genlab.contracts import ConfigError
from genlab.metrics.speech.compared import compared
from genlab.metrics.speech.mel_cepstrum import is_speech, mel_cepstrum
from genlab.metrics.speech.pitch import log_pitch, pitch, pitch_sums
from genlab.metrics.speech.summary import NAMES
from genlab.sound.reading import read

import listening
from vowels import two_speakers, vowels, write_wav

pytest.importorskip("soundfile", reason="the extra speech is not installed")
pytest.importorskip("soxr", reason="the extra speech is not installed")


@pytest.fixture
def measured(composed, prepared, cache, voices):
    """``measured(model, …)``: the numbers of the test, and what measured them."""

    def measure(model, *more, of=None):
        cfg = composed("model=cyclegan", "data=speech_folders", "data.a=a", "data.b=b", *ALONE, *more)
        return listening.measured(cfg, model, of or prepared, cache)

    return measure


def levels(prepared, side, row, split="test"):
    return prepared.columns[split][side][row][0].astype(np.float64)


def test_a_model_that_says_the_targets_own_recording_is_perfect(measured, prepared):
    values, evaluate = measured(listening.Parrot(prepared))
    assert {name for name in NAMES if name not in values} == set()
    for way, target in (("AtoB", "b"), ("BtoA", "a")):
        assert values[f"mel_mcd_{way}"] == pytest.approx(0, abs=0.1)  # numbers beyond black and white are cut off
        assert values[f"mel_mcd_gain_percent_{way}"] > 95
        assert values[f"speaker_rate_{way}"] == 1
        assert values[f"gv_ratio_{way}"] == pytest.approx(1, abs=0.03)
        assert values[f"log_f0_mean_{way}"] == pytest.approx(values[f"log_f0_mean_{target}"], abs=0.02)
        assert values[f"log_f0_std_{way}"] == pytest.approx(values[f"log_f0_std_{target}"], abs=0.02)
    assert evaluate.counts["test/mel_mcd_AtoB"] == 4


def test_a_model_that_does_nothing_puts_a_voice_on_the_others_scale(measured, prepared):
    values, _ = measured(listening.Same())
    for way, source, target in (("AtoB", "a", "b"), ("BtoA", "b", "a")):
        assert values[f"mel_mcd_{way}"] == pytest.approx(values[f"mel_mcd_scaled_{way}"], rel=1e-4)
        assert values[f"speaker_rate_{way}"] == values[f"speaker_rate_scaled_{way}"]
        apart = [compared(levels(prepared, source, i), levels(prepared, target, i), 13) for i in range(4)]
        assert values[f"mel_mcd_before_{way}"] == pytest.approx(np.mean([one.mel_mcd for one in apart]))
        assert values[f"mel_lsd_before_{way}"] == pytest.approx(np.mean([one.mel_lsd for one in apart]))
        black, white = (np.array(x)[:, None] for x in zip(*prepared.spec.scale(source), strict=True))
        low, high = (np.array(x)[:, None] for x in zip(*prepared.spec.scale(target), strict=True))
        moved = [
            ((levels(prepared, source, i) - black) / (white - black)).clip(0, 1) * (high - low) + low for i in range(4)
        ]
        found = [compared(x, levels(prepared, target, i), 13).mel_mcd for i, x in enumerate(moved)]
        assert values[f"mel_mcd_scaled_{way}"] == pytest.approx(np.mean(found))


def test_pitch_and_variance_of_the_recordings_are_their_own(measured, prepared, voices):
    """The pitch is that of the sound files, though it is heard through spectrograms."""
    values, evaluate = measured(listening.Same())
    for side in ("a", "b"):
        files = sorted((voices[side] / "test").iterdir())
        mean, deviation, _ = log_pitch(sum(pitch_sums(pitch(read(file), 16000)) for file in files))
        assert values[f"log_f0_mean_{side}"] == pytest.approx(mean, abs=0.03)
        assert values[f"log_f0_std_{side}"] == pytest.approx(deviation, abs=0.03)
        own = [levels(prepared, side, i) for i in range(4)]
        expected = np.mean([mel_cepstrum(x[:, is_speech(x)], 13).var(1) for x in own], 0)
        assert [row[f"real_{side}"] for row in evaluate.tables["global_variance"]] == pytest.approx(expected, rel=1e-6)
    assert len(evaluate.tables["speech"]) == 8
    assert values["speaker_accuracy"] == 1


def test_a_model_that_says_one_frame_throughout_is_seen_by_its_variance(measured):
    values, _ = measured(listening.Grey())
    assert values["gv_ratio_AtoB"] == pytest.approx(0, abs=1e-9)
    assert "log_f0_mean_BtoA" in values or values["voiced_BtoA"] == 0


def test_the_mean_is_over_the_pairs_of_frames(prepared):
    """Of a sentence said twice as slowly, and 2 dB apart: 2 dB, though there are twice as many pairs as frames."""
    x = levels(prepared, "a", 0)
    band = (np.arange(len(x)) + 0.5) / len(x)
    y = x + 2 * np.sqrt(2) * np.log(10) / 20 * np.cos(np.pi * 2 * band)[:, None]
    assert compared(x, np.repeat(y, 2, 1), 13).mel_mcd == pytest.approx(2, rel=0.1)


def test_the_classifier_learns_from_training_recordings_alone(prepared):
    listener = listening.Listener(prepared, 13, 1)
    column = prepared.columns["train"]["a"]
    frames = [
        mel_cepstrum(x[:, is_speech(x)], 20) for x in (levels(prepared, "a", i, "train") for i in range(len(column)))
    ]
    assert np.allclose(listener.speaker("a").mean, np.concatenate(frames, 1).mean(1))


def test_nothing_is_measured_of_pictures(composed, folders, cache):
    from genlab.apps.command.paths import prepare

    cfg = composed("model=cyclegan", "data=unpaired_folders", f"data.path={folders['unpaired_folders']}", *ALONE)
    fitting = listening.fitting(cfg, listening.Same(), prepare(cfg), cache)
    assert "speech" not in fitting and "target_rate" in fitting


def test_fewer_utterances_are_measured_where_fewer_are_asked_for(measured):
    values, evaluate = measured(listening.Same(), "metrics.test_samples=3")
    assert evaluate.counts["test/speaker_rate_AtoB"] == 3
    assert len(evaluate.tables["speech"]) == 6 and "mel_mcd_AtoB" in values


def test_more_coefficients_than_bands_are_refused(measured):
    with pytest.raises(ConfigError, match=r"metrics\.speech\.coefficients=63, or fewer"):
        measured(listening.Same(), "metrics.speech.coefficients=64")


def test_error_bars_stand_beside_the_numbers_of_enough_utterances(measured, monkeypatch):
    monkeypatch.setattr("genlab.callbacks.evaluators.speech.FEWEST", 4)
    values, _ = measured(listening.Same(), "metrics.bootstrap=2")
    assert 0 < values["mel_mcd_AtoB_se"] < 1 and 0 < values["log_f0_mean_a_se"] < 0.1
    assert values["speaker_accuracy"] == 1 and "speaker_accuracy_se" not in values
    monkeypatch.setattr("genlab.callbacks.evaluators.speech.FEWEST", 5)
    assert not [name for name in measured(listening.Same(), "metrics.bootstrap=2")[0] if name.endswith("_se")]


def test_recordings_are_listened_to_once(measured, monkeypatch):
    heard = []
    monkeypatch.setattr(
        listening.Listener, "heard", lambda self, x, own=listening.Listener.heard: heard.append(1) or own(self, x)
    )
    _, evaluate = measured(listening.Same())
    assert len(heard) == 16  # eight recordings and their translations
    listening.test(evaluate, listening.Same())
    assert len(heard) == 24


# ---- which sentences are the same -----------------------------------------------------------------------------------


def test_files_of_one_name_are_one_sentence(tmp_path):
    folders = two_speakers(tmp_path, train=3, rest=3)
    (folders["b"] / "test" / "01.wav").rename(folders["b"] / "test" / "09.wav")
    (folders["b"] / "test" / "deep").mkdir()
    (folders["b"] / "test" / "02.wav").rename(folders["b"] / "test" / "deep" / "02.wav")
    found = listening.prepared(folders, tmp_path / "cache")
    assert found.files["test"] == {
        "a": ["a/test/00.wav", "a/test/01.wav", "a/test/02.wav"],
        "b": ["b/test/00.wav", "b/test/09.wav", "b/test/deep/02.wav"],
    }
    assert parallel_rows(found, "test") == {"a": {0: 0, 2: 2}, "b": {0: 0, 2: 2}}
    (folders["b"] / "test" / "again").mkdir()
    write_wav(folders["b"] / "test" / "again" / "00.wav", vowels(1))  # a name that comes twice says nothing
    found = listening.prepared(folders, tmp_path / "cache")
    assert parallel_rows(found, "test") == {"a": {2: 3}, "b": {3: 2}}


def test_a_silent_file_has_no_row_and_no_name(tmp_path):
    folders = two_speakers(tmp_path, train=3, rest=3)
    write_wav(folders["a"] / "test" / "01.wav", np.zeros(16000))
    found = listening.prepared(folders, tmp_path / "cache")
    assert found.files["test"]["a"] == ["a/test/00.wav", "a/test/02.wav"]
    assert parallel_rows(found, "test")["a"] == {0: 0, 1: 2}
    again = listening.prepared(folders, tmp_path / "cache")  # from the store
    assert again.files == found.files


def test_without_files_of_one_name_there_is_no_distance_and_it_is_said_once(tmp_path, measured):
    folders = two_speakers(tmp_path, train=3, rest=3)
    for split in ("val", "test"):
        for file in (folders["b"] / split).iterdir():
            file.rename(file.with_name(f"b{file.name}"))
    found = listening.prepared(folders, tmp_path / "cache")
    values, evaluate = measured(listening.Same(), of=found)
    assert not [name for name in values if name.startswith("mel_")] and "speaker_rate_AtoB" in values
    said = [note for note in evaluate.notes if "mel_mcd" in note]
    assert said == [
        "mel_mcd is left out: no file of A's test recordings has the name of one of B's, as the same sentence would"
    ]


def test_it_is_said_where_equal_names_are_other_sentences(prepared, tmp_path, measured):
    assert "so one sentence (metrics.speech.parallel=false where not)" in parallel_note(prepared, "test", 13, 4096)
    folders = two_speakers(tmp_path, train=3, rest=4)
    names = sorted((folders["b"] / "test").iterdir())
    for i, file in enumerate(names):  # every sentence under the name of the next
        file.rename(file.with_suffix(f".{(i + 3) % 4}"))
    for file in list((folders["b"] / "test").iterdir()):
        file.rename(file.with_name(f"0{file.suffix[1:]}.wav"))
    found = listening.prepared(folders, tmp_path / "cache")
    assert "seem to be others: then type metrics.speech.parallel=false" in parallel_note(found, "test", 13, 4096)
    values, evaluate = measured(listening.Same(), "metrics.speech.parallel=false", of=found)
    assert not [name for name in values if name.startswith("mel_")]
    assert not [note for note in evaluate.notes if "mel_mcd" in note]


def test_a_recording_that_is_too_long_is_not_aligned(measured, prepared, monkeypatch):
    sizes = [[levels(prepared, side, i).shape[1] for i in range(4)] for side in "ab"]
    longest = sorted(map(max, *sizes))[1]
    monkeypatch.setattr("genlab.callbacks.evaluators.listening.LONGEST", longest)
    values, evaluate = measured(listening.Same())
    assert (
        evaluate.counts["test/mel_mcd_AtoB"] == sum(max(pair) <= longest for pair in zip(*sizes, strict=True)) in (2, 3)
    )
    assert evaluate.counts["test/speaker_rate_AtoB"] == 4 and np.isfinite(values["mel_mcd_AtoB"])


# ---- two ranks --------------------------------------------------------------------------------------------------------


def test_two_ranks_measure_the_same_as_one(voices, cache, trainings, tmp_path, composed):
    """Rank 1 gets the names of the files from rank 0."""
    expected, _ = listening.measured(
        listening.configured(composed), listening.Same(), listening.prepared(voices, cache), cache
    )
    cfg, prepared = listening.configured(composed), listening.prepared(voices, cache)
    found = listening.on_two_ranks(trainings, cfg, prepared, tmp_path)
    assert found[1] == {}
    assert found[0].keys() == expected.keys()
    for name, value in expected.items():
        assert found[0][name] == pytest.approx(value, rel=1e-9), name
    assert not distributed.is_initialized()
