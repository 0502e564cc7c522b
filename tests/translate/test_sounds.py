"""Sounds through a checkpoint as users do it: names, depth, length, what cannot be read, what is refused."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.apps.command import main as door
from genlab.contracts import ConfigError, GenlabError
from genlab.runs.load import load_run
from genlab.sound import reading
from genlab.sound.mel import log_mel
from genlab.sound.reading import header, read
from genlab.speech.voice import voices as both
from genlab.translate import sounds as translation

import exhibits
import speaking
import voices
from making import picture, ramp
from speaking import rms
from vowels import vowels, write_wav

sf = pytest.importorskip("soundfile", reason="the extra speech is not installed")


@pytest.fixture(scope="module")
def runs(folders, cache, tmp_path_factory):
    """Run directories of a model of speech and of one of pictures."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLAB_CACHE", str(cache))
        made = exhibits.run_of("cyclegan", root, folders["unpaired_folders"])
        return {"speech": speaking.run_of(folders["speech_folders"], root / "speech"), "pictures": made}


@pytest.fixture
def translate(runs, tmp_path):
    """``translate("speech", …)`` translates ``tmp_path/in`` to ``tmp_path/out``; the exit code."""

    def run(model, *overrides):
        usual = [f"ckpt={runs[model]}", f"input={tmp_path}/in", f"output={tmp_path}/out", "device=cpu"]
        given = {override.partition("=")[0] for override in overrides}
        return door.run("translate", [*(o for o in usual if o.partition("=")[0] not in given), *overrides])

    return run


def stored(path, sound, rate, subtype):
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, sound, rate, subtype=subtype)
    return path


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


KINDS = {
    "a.wav": (16_000, 1, "PCM_16", 0.9),
    "b c/low.wav": (8000, 1, "PCM_U8", 0.5),
    "b c/high.flac": (48_000, 2, "PCM_24", 0.61),
    "float.wav": (44_100, 1, "FLOAT", 0.7),
    "short.wav": (22_050, 1, "PCM_16", 0.1),
}


def test_every_sound_under_its_own_name_with_its_rate_length_depth_and_loudness(translate, tmp_path, capfd):
    for name, (rate, channels, subtype, seconds) in KINDS.items():
        sound = np.repeat(vowels(seconds, rate, peak=0.2)[:, None], channels, 1)
        stored(tmp_path / "in" / name, sound, rate, subtype)
    assert translate("speech") == 0
    assert names(tmp_path / "out") == sorted([*KINDS, "sheet.png"])
    for name, (rate, _, subtype, _) in KINDS.items():
        before, after = (tmp_path / place / name for place in ("in", "out"))
        own, found = header(before), header(after)
        assert (found.sample_rate, found.samples, found.stored, found.channels) == (rate, own.samples, subtype, 1)
        assert rms(read(after)) == pytest.approx(rms(read(before)), rel=0.02 if subtype == "PCM_U8" else 1e-3)
    said = capfd.readouterr().err
    assert "sounds    5 in" in said and "done      5 sounds in" in said
    assert "1 of 5: 2 channels in: their mean is translated, and comes out as one channel" in said


def test_what_is_written_is_the_source_on_its_scale_through_the_model_on_the_targets(translate, runs, tmp_path):
    """Every step by itself, in both directions."""
    hum = 0.01 * np.sin(np.arange(14_400) / 3)  # so that there is no pause, in which the way back is silent
    source = write_wav(tmp_path / "in" / "a.wav", vowels(0.9, peak=0.2) + hum)
    loaded = load_run(runs["speech"])
    levels = torch.from_numpy(log_mel([read(source)], loaded.spec.sound)[0])
    for direction in ("AtoB", "BtoA"):
        assert translate("speech", f"direction={direction}") == 0
        own, other = both(loaded.spec, direction)
        with torch.no_grad():
            made = other.sound(loaded.model.translate(own.image(levels), direction), levels.shape[1] * 256 - 1)[0]
        found = read(tmp_path / "out" / "a.wav")
        expected = made.numpy()[: len(found)]
        expected = expected * rms(read(source)) / rms(expected)
        assert rms(found - expected) < 0.02 * rms(expected), direction


@pytest.mark.skipif(bool(voices.missing()), reason=str(voices.missing()))
def test_a_sentence_of_a_synthesiser_comes_back_at_its_rate(translate, tmp_path):
    voices.speak(voices.VOICES[0], voices.sentences(1)[0], tmp_path / "in" / "said.wav")
    assert translate("speech", f"input={tmp_path}/in/said.wav") == 0
    before, after = header(tmp_path / "in" / "said.wav"), header(tmp_path / "out" / "said.wav")
    assert before == after and before.sample_rate == 22_050
    assert np.abs(read(tmp_path / "out" / "said.wav")).max() > 0.01


def test_silence_comes_out_silent_and_that_is_said(translate, tmp_path, capfd):
    write_wav(tmp_path / "in" / "hush.wav", np.zeros(5000))
    assert translate("speech") == 0
    assert not read(tmp_path / "out" / "hush.wav").any()
    assert "1 of 1: silent: there is nothing to hear in it" in capfd.readouterr().err


def test_odd_files_are_named_the_rest_is_done_and_nothing_is_left_of_them(translate, tmp_path, capfd):
    write_wav(tmp_path / "in" / "a.wav", vowels(0.3))
    whole = write_wav(tmp_path / "in" / "cut.wav", vowels(0.5)).read_bytes()
    (tmp_path / "in" / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "empty.wav").write_bytes(b"")
    (tmp_path / "in" / "text.wav").write_text("no sound at all, but a letter")
    stored(tmp_path / "in" / "nan.wav", np.full(900, np.nan), 16_000, "FLOAT")
    assert translate("speech") == 3
    assert names(tmp_path / "out") == ["a.wav", "sheet.png"]
    said = capfd.readouterr().err
    assert "cut.wav: its header promises 16,000 bytes of sound, and 50 % of it is there" in said
    assert "empty.wav: the file is empty" in said
    assert "text.wav: " in said and "nan.wav: it has numbers that are not finite" in said
    assert "4 that cannot be read" in said
    with pytest.raises(GenlabError, match=r"cut\.wav cannot be read as a sound.*data\.on_error=skip") as caught:
        translate("speech", "data.on_error=stop", f"output={tmp_path}/other")
    assert caught.value.exit_code == 2
    assert names(tmp_path / "other") == ["a.wav"]


def test_what_was_there_is_replaced_and_a_file_of_the_input_never(translate, tmp_path):
    write_wav(tmp_path / "in" / "a.wav", vowels(0.3))
    write_wav(tmp_path / "out" / "a.wav", np.zeros(9))
    assert translate("speech") == 0
    assert header(tmp_path / "out" / "a.wav").samples == 4800
    with pytest.raises(ConfigError, match="would be overwritten"):
        translate("speech", f"input={tmp_path}/in/a.wav", f"output={tmp_path}/in")


def test_one_file_s_translation_does_not_depend_on_the_others(translate, tmp_path):
    for i in range(2):
        write_wav(tmp_path / "in" / f"{i}.wav", vowels(0.4 + 0.2 * i, seed=i))
    assert translate("speech", "batch_size=4") == 0
    assert translate("speech", f"input={tmp_path}/in/1.wav", f"output={tmp_path}/alone") == 0
    assert (tmp_path / "out" / "1.wav").read_bytes() == (tmp_path / "alone" / "1.wav").read_bytes()


def test_the_sheet_shows_both_spectrograms_in_colours(translate, tmp_path):
    write_wav(tmp_path / "in" / "a.wav", vowels(0.9))
    assert translate("speech") == 0
    pixels = np.asarray(Image.open(tmp_path / "out" / "sheet.png").convert("RGB")).astype(int)
    assert (np.ptp(pixels, axis=2) > 60).mean() > 0.01  # magma's violet and orange; the rest of the page is grey


def test_the_bar_ends_at_the_number_of_sounds_and_moves_inside_a_long_one(translate, tmp_path, monkeypatch):
    moves = []
    monkeypatch.setattr(translation, "progress", lambda *_, **__: nullcontext(moves.append))
    monkeypatch.setattr("genlab.speech.pieces.LONGEST", 1.0)
    write_wav(tmp_path / "in" / "a.wav", vowels(4))
    (tmp_path / "in" / "b.wav").write_bytes(b"no sound")
    assert translate("speech") == 3
    assert sum(moves) == pytest.approx(2)
    assert sum(move > 1e-9 for move in moves) >= 5
    assert header(tmp_path / "out" / "a.wav").samples == 64_000


def test_a_folder_of_both_gives_each_model_its_own(translate, tmp_path, capfd):
    picture(tmp_path / "in" / "a.png", ramp(8, 8))
    write_wav(tmp_path / "in" / "b.wav", vowels(0.2))
    assert translate("speech") == 0
    assert names(tmp_path / "out") == ["b.wav", "sheet.png"]
    assert "left alone: 1 .png" in capfd.readouterr().err
    assert translate("pictures", f"output={tmp_path}/other") == 0
    assert names(tmp_path / "other") == ["a.png", "sheet.png"]
    assert "left alone: 1 .wav" in capfd.readouterr().err


def test_channels_that_cancel_each_other_are_said(translate, tmp_path, capfd):
    sound = vowels(0.3)
    stored(tmp_path / "in" / "a.wav", np.stack([sound, -sound], 1), 16_000, "PCM_16")
    assert translate("speech") == 0
    said = capfd.readouterr().err
    assert "1 of 1: its channels cancel each other in their mean" in said and "silent" not in said


def test_a_name_that_the_font_of_the_sheet_lacks_is_no_warning(translate, tmp_path, recwarn):
    write_wav(tmp_path / "in" / "日本語 🎙.wav", vowels(0.2))
    assert translate("speech") == 0
    assert names(tmp_path / "out") == ["sheet.png", "日本語 🎙.wav"]
    assert not [one for one in recwarn if "Glyph" in str(one.message)]


# what is typed beside the usual words, and the words that must be in the message; {} is the test's folder
MISTAKES = {
    "pictures input={}/in/b.wav": [
        "has 1 sound, and the model was trained on pictures",
        "Type: input=PATH of pictures",
    ],
    "pictures input={}/sounds": ["has 1 sound", "ckpt=RUN of a model of speech: data=speech_folders"],
    "speech input={}/in/a.png": ["has 1 picture, and the model was trained on sounds", "WAV FLAC"],
    "speech input={}/nothing": ["no picture or sound", "Type: input=PATH of a folder with pictures or sounds"],
    "speech input={}/nowhere.wav": ["there is no such file or folder"],
    "speech memory=tiles": ["memory=tiles", "sounds go in pieces"],
    "speech output={}/in/notes.txt": ["cannot be written"],
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_and_leaves_nothing(mistake, translate, tmp_path):
    picture(tmp_path / "in" / "a.png", ramp(8, 8))
    write_wav(tmp_path / "in" / "b.wav", vowels(0.2))
    write_wav(tmp_path / "sounds" / "b.wav", vowels(0.2))
    (tmp_path / "in" / "notes.txt").write_text("of the recording")
    (tmp_path / "nothing").mkdir()
    before = names(tmp_path)
    with pytest.raises(GenlabError) as caught:
        translate(*mistake.replace("{}", str(tmp_path)).split())
    assert caught.value.exit_code == 2
    for words in MISTAKES[mistake]:
        assert words in str(caught.value), str(caught.value)
    assert names(tmp_path) == before


def test_without_the_packages_it_is_said_what_to_install(translate, tmp_path, monkeypatch):
    write_wav(tmp_path / "in" / "b.wav", vowels(0.2))
    monkeypatch.setattr(reading.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"soundfile and soxr are not installed\n.*pip install 'genlab\[speech\]'"):
        translate("speech")


def test_check_only_writes_nothing(translate, tmp_path, capfd):
    write_wav(tmp_path / "in" / "b.wav", vowels(0.2))
    assert translate("speech", "check_only=true") == 0
    assert "all checks passed" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
