"""Sentences during training: which ones, on whose scale each is drawn and heard, how loud, and where they are written."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab import images
from genlab.callbacks import sentences as callback
from genlab.callbacks.pictures import Pictures
from genlab.callbacks.sentences import Sentences, sheet
from genlab.contracts import Domains
from genlab.sound.drawn import drawn
from genlab.speech.voice import voices

from speaking import Same, rms, spec_of


class Shifted(Same):
    """A to B is lighter, B to A darker."""

    def translate(self, x, direction):
        super().translate(x, direction)
        return (x + 0.1 if direction == "AtoB" else x - 0.05).clamp(0, 1)


def utterance(width, seed):
    dice = torch.Generator().manual_seed(seed)
    return torch.rand(1, 1, 32, width, generator=dice) * 0.4 + 0.3


def batches(*widths):
    """Whole files, one of each speaker at a time; None: the speaker has no more."""
    for number, (a, b) in enumerate(widths):
        rows = [
            utterance(width, 10 * number + side) if width else torch.empty(0, 1, 32, 32)
            for side, width in enumerate((a, b))
        ]
        yield Domains(*rows, *(torch.full((len(x),), number) for x in rows))


@pytest.fixture
def kept():
    found = Sentences(spec_of())
    done = [found.keep(batch) for batch in batches((40, 60), (44, 48), (99, 99))]
    assert done == [False, True, True]
    return found


def test_the_first_sentences_of_each_speaker_are_kept_and_long_ones_cut(kept):
    assert [x.shape[-1] for x in kept.sources["AtoB"]] == [40, 44]
    assert [x.shape[-1] for x in kept.sources["BtoA"]] == [60, 48]
    found = Sentences(spec_of())
    found.keep(next(batches((4000, 40))))
    assert found.sources["AtoB"][0].shape == (1, 1, 32, 248)  # four seconds


def test_a_speaker_with_one_sentence_has_one():
    found = Sentences(spec_of())
    assert [found.keep(batch) for batch in batches((40, 60), (None, 48))] == [False, False]
    found.translate(Same())
    assert {name: sheet.shape[-1] for name, sheet in found.sheets().items()} == {
        "translate_AtoB": (40 + 4) * 9,  # the longer side has 900 pixels or more
        "translate_BtoA": (2 * 60 + 6) * 8,
    }


def test_the_sheet_has_source_above_translation_above_the_way_back_in_colours(kept, monkeypatch):
    monkeypatch.setattr(images, "enlarged", lambda picture, at_least: picture)
    kept.translate(Shifted())
    found = images.to_uint8(kept.sheets()["translate_AtoB"]).permute(1, 2, 0).numpy()
    assert found.shape == (3 * 34 + 2, 2 * 46 + 2, 3)
    for row, shift in enumerate((0.0, 0.1, 0.05)):
        for column in range(2):
            image = kept.sources["AtoB"][column][0, 0].numpy() + np.float32(shift)
            top, left = 2 + 34 * row, 2 + 46 * column
            shown = found[top : top + 32, left : left + 44].astype(int)
            assert np.abs(shown - drawn(image, 44)).max() <= 6  # a level of rounding


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_each_is_heard_in_the_voice_whose_it_is_and_as_loud_as_its_source(kept, direction):
    kept.translate(Shifted())
    made, (own, other) = kept.sounds(), voices(spec_of(), direction)
    source, there, back = kept.said[direction][1]
    for name, expected in {"translated": other.sound(there), "back": own.sound(back)}.items():
        found, expected = made[f"{direction}_2_{name}"], expected[0].numpy()
        assert np.allclose(found / rms(found), expected / rms(expected), atol=1e-3)
        assert rms(found) == pytest.approx(rms(own.sound(source)[0]), rel=1e-4)
    assert np.array_equal(kept.sources_heard[f"{direction}_2"], own.sound(source)[0].numpy())


def test_sources_are_written_once_and_translations_in_every_epoch(kept, tmp_path):
    kept.translate(Same())
    first, again = kept.write(tmp_path, 1), kept.write(tmp_path, 12)
    names = [f"{way}_{number}" for way in ("AtoB", "BtoA") for number in (1, 2)]
    assert set(first) == {f"{name}_{what}" for name in names for what in ("source", "translated", "back")}
    assert set(again) == {f"{name}_{what}" for name in names for what in ("translated", "back")}
    assert again["BtoA_2_back"].name == "BtoA_2_back_000012.wav"
    assert len(list(tmp_path.iterdir())) == 20


def test_pictures_of_a_set_of_speech_come_with_sounds_in_the_run_and_for_its_loggers(tmp_path, monkeypatch):
    monkeypatch.setattr(callback, "COUNT", 1)
    told = []
    logger = SimpleNamespace(log_picture=lambda *given: told.append(given), log_sound=lambda *given: told.append(given))
    data = SimpleNamespace(
        prepared=SimpleNamespace(spec=spec_of()), as_in_evaluation=lambda split, device: batches((40, 40))
    )
    trainer = SimpleNamespace(
        datamodule=data, current_epoch=2, max_epochs=3, should_stop=False, is_global_zero=True, loggers=[logger]
    )
    pictures, model = Pictures(1, 8), Shifted()
    model.batches_seen = 77
    pictures.attach(tmp_path / "images")
    pictures.on_train_start(trainer, model)
    pictures.on_train_epoch_end(trainer, model)
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        f"translate_{way}_000003.png" for way in ("AtoB", "BtoA")
    ]
    wanted = {f"{way}_1_{what}" for way in ("AtoB", "BtoA") for what in ("source", "translated", "back")}
    sounds = {name: path for name, path, step in told if path.suffix == ".wav"}
    assert set(sounds) == wanted
    assert all(path.parent == tmp_path / "sounds" and path.is_file() for path in sounds.values())
    assert {step for *_, step in told} == {77} and len(told) == 8


def test_sheets_of_unequal_sentences_are_padded_with_white(monkeypatch):
    monkeypatch.setattr(images, "enlarged", lambda picture, at_least: picture)
    said = [callback.Said(*[torch.zeros(1, 1, 8, width)] * 3) for width in (4, 9)]
    found = sheet(said)
    assert found.shape == (3, 3 * 10 + 2, 2 * 11 + 2)
    assert found[:, 2:10, 6:11].eq(1).all() and found[:, 2:10, 2:6].max() < 0.1
