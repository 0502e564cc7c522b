"""The way of a sound through a model: whose statistics, how long, how loud, in how much memory, and what silence becomes."""

import tracemalloc

import numpy as np
import pytest
import torch

from genlab.metrics.log_spectral_distance import log_spectral_distance
from genlab.sound import griffin_lim
from genlab.sound.mel import log_mel
from genlab.sound.reading import Header
from genlab.speech import pieces as cutting
from genlab.speech.translation import VoiceTranslation, exactly, translated
from genlab.speech.voice import voices

from speaking import FORM, HIGH, LOW, Noisy, Same, rms, spec_of
from vowels import vowels

pytest.importorskip("soxr", reason="the extra speech is not installed")


def heard(model, sound, rate=16000, spec=None, direction="AtoB", watch=id, step=65536):
    """What comes of a sound, and how much louder it could not be made."""
    spec = spec_of() if spec is None else spec
    sound = np.asarray(sound, np.float32)
    parts = [sound[i : i + step] for i in range(0, len(sound), step)]
    with translated(
        Header(rate, 1, "PCM_16", len(sound)), parts, VoiceTranslation(model, spec, direction, watch)
    ) as made:
        found = np.concatenate([*made.blocks()])
        assert np.array_equal(found, np.concatenate([*made.blocks()]))  # again and again
        return found, made


def spectrum(sound):
    return griffin_lim.transform(torch.from_numpy(np.asarray(sound, np.float32))[None], FORM).abs()


# ---- whose scale ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("direction", "own", "other"), [("AtoB", LOW, HIGH), ("BtoA", HIGH, LOW)])
def test_the_model_sees_the_source_on_the_sources_scale_and_is_read_on_the_targets(direction, own, other):
    model, sound, seen = Same(), vowels(0.7), []
    way = VoiceTranslation(model, spec_of(), direction, seen.append)
    made = np.concatenate([*way.sounds([sound.astype(np.float32)])])
    levels = log_mel([sound.astype(np.float32)], FORM)[0]
    black, white = (np.array(x, np.float32)[:, None] for x in zip(*own, strict=True))
    image = np.clip((levels - black) / (white - black), 0, 1)
    assert np.allclose(model.given[0][0][0, 0], image, atol=1e-5)
    assert model.given[0][1] == direction
    black, white = (np.array(x, np.float32)[:, None] for x in zip(*other, strict=True))
    expected = griffin_lim.sound_of(torch.from_numpy(image * (white - black) + black)[None], FORM, 32, len(made))
    loud = rms(expected)
    assert np.allclose(made[:10_000], expected[0, :10_000], atol=0.05 * loud)
    assert np.allclose(seen[0].before, image, atol=1e-5) and np.allclose(seen[0].after, image, atol=1e-5)


def test_what_is_seen_is_the_image_before_and_after_the_model():
    class Inverted(Same):
        def translate(self, x, direction):
            return 1 - x

    seen = []
    heard(Inverted(), vowels(0.7), watch=seen.append)
    assert np.allclose(seen[0].after, 1 - seen[0].before, atol=1e-6)


def test_a_model_that_changes_nothing_between_equal_speakers_gives_the_sound_that_its_spectrogram_has():
    """Within the decibels of the way without a model (tests/sound/test_griffin_lim.py)."""
    wide = tuple((-12.0, 1.0) for _ in range(32))
    sound = vowels(2)
    made, _ = heard(Same(), sound, spec=spec_of(wide, wide))
    there, here = spectrum(sound), spectrum(made)
    assert float(log_spectral_distance(there, here, 1e-3)) < 8  # of 32 bands
    assert (
        float(log_spectral_distance(there, here.roll(20, -1), 1e-3))
        > float(log_spectral_distance(there, here, 1e-3)) + 3
    )


# ---- rate, length, loudness -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("seconds", [0.1, 0.83])
def test_a_sound_comes_back_as_long_and_as_loud_as_it_was(rate, seconds):
    sound = vowels(seconds, rate, peak=0.2)
    made, told = heard(Same(), sound, rate)
    assert len(made) == len(sound) and made.dtype == np.float32
    assert rms(made) == pytest.approx(rms(sound), rel=1e-4)
    assert told.lacking == 0 and not told.silent


@pytest.mark.parametrize("samples", [1, 2, 255, 256, 257, 511, 5000])
def test_every_length_is_kept_to_the_sample(samples):
    made, _ = heard(Same(), 0.1 * np.cos(np.arange(samples)))
    assert len(made) == samples and np.isfinite(made).all()


def test_what_is_too_long_is_cut_and_what_is_lacking_is_silent():
    def cut(samples):
        return np.concatenate([*exactly([np.ones(3, np.float32), np.ones(4, np.float32)], samples)]).tolist()

    assert [cut(2), cut(5), cut(7)] == [[1] * 2, [1] * 5, [1] * 7]
    assert cut(9) == [1] * 7 + [0, 0]


def test_time_stays_where_it_was_at_another_rate():
    """A burst in silence, at 48 kHz."""
    sound = np.zeros(48_000)
    sound[30_000:33_000] = 0.3 * vowels(3000 / 48_000, 48_000, peak=1.0) + 0.1 * np.sin(np.arange(3000) / 9)
    made, _ = heard(Same(), sound, 48_000, spec_of(LOW, LOW))
    power = made**2
    assert abs(float((power * np.arange(48_000)).sum() / power.sum()) - 31_500) < 1500


def test_a_sound_that_would_leave_full_scale_is_quieter_and_that_is_told():
    loud = np.sign(np.sin(np.arange(16_000) / 20))  # nothing else is as loud within full scale
    made, told = heard(Same(), loud)
    assert np.abs(made).max() == pytest.approx(1, abs=1e-5)
    assert told.lacking == pytest.approx(20 * np.log10(rms(loud) / rms(made)), abs=0.01)
    assert told.lacking > 1


# ---- silence ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.0, 1e-6])
def test_silence_comes_back_as_silence_whatever_the_model_makes_of_it(level):
    model = Noisy()
    made, told = heard(model, level * np.cos(np.arange(9000)), 22_050)
    assert len(made) == 9000 and not made.any()
    assert told.silent
    assert model.given == []


def test_a_pause_of_digital_silence_stays_one():
    sound = np.concatenate([vowels(0.5), np.zeros(16_000), vowels(0.5)])
    made, told = heard(Noisy(), sound)
    assert not made[8000 + 600 : 24_000 - 600].any()
    assert rms(made[:8000]) > 0.01 and np.isfinite(made).all() and not told.silent


# ---- short and long ---------------------------------------------------------------------------------------------------


def test_what_is_shorter_than_a_crop_is_repeated_as_in_training():
    model = Same()
    heard(model, vowels(0.1))
    (image, _), count = model.given[0], FORM.frames(1600)
    assert image.shape[-1] == 32
    assert torch.equal(image[..., count : 2 * count], image[..., :count])


@pytest.fixture
def short(monkeypatch):
    """Pieces of a second at most."""
    monkeypatch.setattr(cutting, "LONGEST", 1.0)


def test_a_long_sound_goes_in_pieces_and_comes_back_in_one(short):
    wide = tuple((-12.0, 1.0) for _ in range(32))
    sound, model, seen = vowels(5), Same(), []
    made, _ = heard(model, sound, spec=spec_of(wide, wide), watch=seen.append)
    assert len(model.given) >= 5 and len(made) == len(sound)
    way = VoiceTranslation(model, spec_of(wide, wide), "AtoB")
    assert (
        sum(map(len, way.sounds([sound.astype(np.float32)]))) == FORM.frames(len(sound)) * 256 - 1
    )  # none is lost or doubled
    assert np.concatenate([one.before for one in seen], 1).shape == (32, FORM.frames(len(sound)))
    assert np.allclose(
        np.concatenate([one.before for one in seen], 1), (log_mel([sound], FORM)[0] + 12) / 13, atol=1e-3
    )
    there, here = spectrum(sound), spectrum(made)
    assert float(log_spectral_distance(there, here, 1e-3)) < 8


def test_how_a_sound_is_read_changes_nothing(short):
    one, other = (heard(Same(), vowels(2.3), step=step)[0] for step in (500, 65536))
    assert np.allclose(one, other, atol=1e-5)


def test_memory_does_not_grow_with_the_length(short, monkeypatch):
    monkeypatch.setattr("genlab.speech.voice.ITERATIONS", 1)
    most = {}
    for seconds in (3, 60):
        part = vowels(1).astype(np.float32)
        way = VoiceTranslation(Same(), spec_of(), "AtoB")
        way.model.given = type("Forgetful", (), {"append": lambda *_: None})()
        tracemalloc.start()
        with translated(Header(16_000, 1, "PCM_16", 16_000 * seconds), (part for _ in range(seconds)), way) as made:
            count = sum(len(block) for block in made.blocks())
        most[seconds] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == 16_000 * seconds
    assert most[60] < most[3] + 2_000_000  # 60 s of samples are 4 MB, of windows at a time 16 MB


def test_directions_are_each_others_way_back():
    there, back = voices(spec_of(), "AtoB"), voices(spec_of(), "BtoA")
    assert there == back[::-1]
