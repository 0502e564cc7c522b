"""What packaged networks say of translated speech: by models of which it is known what they make of a voice."""

import numpy as np
import pytest

import judging
from evaluators import ALONE
from genlab.callbacks.evaluators.judges import Opinion, SpeakerSimilarity
from genlab.contracts import ConfigError
from genlab.metrics.directions import direction
from genlab.metrics.speech.dnsmos import DNSMOS

import listening

for package in ("soundfile", "soxr", "onnxruntime"):
    pytest.importorskip(package, reason="an extra is not installed")


@pytest.fixture
def measured(composed, prepared, cache, monkeypatch, tmp_path):
    """``measured(name, model)``: the numbers of one evaluator in the test, and what measured them."""
    judging.install(monkeypatch, tmp_path)

    def measure(name, model, *more):
        chosen = f"metrics=[default,{name}]"
        cfg = composed("model=cyclegan", "data=speech_folders", "data.a=a", "data.b=b", chosen, *ALONE, *more)
        return listening.measured(cfg, model, prepared, cache, name)

    return measure


def test_a_model_that_says_the_targets_own_recording_is_judged_like_the_target(measured, prepared):
    values, evaluate = measured("dnsmos", listening.Parrot(prepared))
    for score in ("sig", "bak", "ovrl"):
        assert values[f"dnsmos_{score}_AtoB"] == pytest.approx(values[f"dnsmos_{score}_b"], abs=0.02)
        assert values[f"dnsmos_{score}_BtoA"] == pytest.approx(values[f"dnsmos_{score}_a"], abs=0.02)
    assert evaluate.counts["test/dnsmos_ovrl_AtoB"] == 4
    values, _ = measured("speaker_similarity", listening.Parrot(prepared))
    assert values["speaker_cosine_AtoB"] == pytest.approx(values["speaker_cosine_b"], abs=1e-3)
    assert values["speaker_cosine_BtoA"] == pytest.approx(values["speaker_cosine_a"], abs=1e-3)


def test_every_number_that_is_named_comes_and_no_other(measured, prepared):
    for name, judge in (("dnsmos", Opinion), ("speaker_similarity", SpeakerSimilarity)):
        values, evaluate = measured(name, listening.Same())
        now, (one,) = evaluate.stages["test"]
        assert isinstance(one, judge)
        assert values.keys() == one.names(now)


def test_cosines_are_to_the_common_voice_of_training_recordings(measured, prepared, monkeypatch):
    """Vectors that tell the split, the speaker and the place of a recording: (1, 0) is A's, (0, 1) B's; the test's tilt."""

    def recorded(self, now, split, side, index):
        if split == "train":
            return np.eye(2)[0 if side == "a" else 1]
        return np.array([0.8, 0.6] if side == "a" else [0.6, 0.8])

    monkeypatch.setattr(SpeakerSimilarity, "recorded", recorded)
    monkeypatch.setattr(SpeakerSimilarity, "heard", lambda self, now, log_mel: np.array([0.28, 0.96]))
    values, _ = measured("speaker_similarity", listening.Same())
    assert values["speaker_cosine_AtoB"] == pytest.approx(0.96)
    assert values["speaker_cosine_BtoA"] == pytest.approx(0.28)
    assert values["speaker_cosine_before_AtoB"] == values["speaker_cosine_before_BtoA"] == pytest.approx(0.6)
    assert values["speaker_cosine_a"] == values["speaker_cosine_b"] == pytest.approx(0.8)


def test_a_sound_of_another_rate_is_heard_at_16_khz(composed, voices, cache, monkeypatch, tmp_path):
    judging.install(monkeypatch, tmp_path)
    lengths = []
    monkeypatch.setattr(Opinion, "judged", lambda self, sound: lengths.append(len(sound)) or np.zeros(3))
    cfg = composed("model=cyclegan", "data=speech_folders", "data.a=a", "data.b=b", "metrics=[default,dnsmos]", *ALONE)
    found = {}
    for rate in (8000, 16_000):
        monkeypatch.setitem(listening.FORM, "sample_rate", rate)
        monkeypatch.setitem(listening.FORM, "hop_length", 256 * rate // 16_000)
        monkeypatch.setitem(listening.FORM, "f_max", 3600.0)
        lengths.clear()
        listening.measured(cfg, listening.Same(), listening.prepared(voices, cache), cache, "dnsmos")
        found[rate] = sorted(lengths)
    np.testing.assert_allclose(found[8000], found[16_000], rtol=0.1)


def test_an_opinion_is_of_an_utterance_with_a_pause_before_and_after(monkeypatch, tmp_path):
    """Files are trimmed to the speech, and repeated to the length that the network hears."""
    judging.install(monkeypatch, tmp_path)
    heard = []
    monkeypatch.setattr(DNSMOS, "scores", lambda self, sound: heard.append(sound) or np.zeros(3))
    Opinion(every_n_epochs=1, headline=[], val_samples=1, test_samples=1, iterations=1).judged(np.ones(1000))
    assert heard[0].tolist() == [0.0] * 3200 + [1.0] * 1000 + [0.0] * 3200


def test_what_is_missing_is_told_with_the_words_to_type(measured, prepared, monkeypatch, tmp_path):
    (tmp_path / "resemblyzer" / "pretrained.pt").write_bytes(b"another")
    with pytest.raises(ConfigError, match=r"not the file that the numbers are of .*\n.*--force-reinstall Resemblyzer"):
        measured("speaker_similarity", listening.Same())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="onnxruntime is not installed\n    Type: pip install onnxruntime"):
        measured("dnsmos", listening.Same())
    with pytest.raises(ConfigError, match="Resemblyzer is not installed\n    Type: pip install --no-deps Resemblyzer"):
        measured("speaker_similarity", listening.Same())


def test_two_ranks_say_what_one_does(composed, measured, prepared, trainings, tmp_path):
    cfg = composed("model=cyclegan", "data=speech_folders", "data.a=a", "data.b=b", "metrics=[default,dnsmos]", *ALONE)
    expected, _ = measured("dnsmos", listening.Same())
    found = listening.on_two_ranks(trainings, cfg, prepared, tmp_path, "dnsmos")
    assert found[1] == {}
    assert found[0] == pytest.approx(expected, rel=1e-9)


def test_which_end_is_the_good_one():
    assert [direction(f"test/{name}") for name in ("dnsmos_ovrl_AtoB", "speaker_cosine_BtoA")] == [1, 1]
    assert [
        direction(f"test/{name}") for name in ("dnsmos_ovrl_a", "speaker_cosine_b", "speaker_cosine_before_AtoB")
    ] == [
        0,
        0,
        0,
    ]
