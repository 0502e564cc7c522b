"""Sounds in the report: those of the last epoch, in one file, within the room that there is, and played in a browser."""

import base64

import numpy as np
import pytest

import run_folders
from genlab.pages.report.content import read_content
from genlab.pages.report.page import page
from genlab.pages.report.record import read_record
from genlab.pages.report.sounds import read_sounds
from genlab.sound.writing import as_wav

NAMES = [
    f"{way}_{number}_{what}"
    for way in ("AtoB", "BtoA")
    for number in (1, 2)
    for what in ("source", "translated", "back")
]
EVIL = "<script>alert(1)<\N{FRACTION SLASH}script>"


def with_sounds(root, name="a", epochs=(1, 12), seconds=0.2, leave=()):
    """A run with sounds; the first sample of each tells which it is."""
    folder = run_folders.write(root, name)
    (folder / "sounds").mkdir()
    for number, kind in enumerate(one for one in NAMES if one not in leave):
        for epoch in (None,) if kind.endswith("source") else epochs:
            wave = 0.3 * np.sin(np.arange(round(16_000 * seconds)) / 9)
            wave[0] = (number + 100 * (epoch or 0)) / 32_767
            ending = "" if epoch is None else f"_{epoch:06d}"
            (folder / "sounds" / f"{kind}{ending}.wav").write_bytes(as_wav(wave, 16_000))
    return folder


def first_sample(sound):
    return int(np.frombuffer(base64.b64decode(sound.content)[44:46], "<i2")[0])


def test_of_every_sentence_source_translation_and_the_way_back_of_the_last_epoch(tmp_path):
    (some,) = read_sounds([read_record(with_sounds(tmp_path), "a")]).sentences.values()
    assert [(one.direction, one.number) for one in some] == [("AtoB", 1), ("AtoB", 2), ("BtoA", 1), ("BtoA", 2)]
    for place, sentence in enumerate(some):
        assert [(one.what, one.epoch) for one in sentence.sounds] == [
            ("source", None),
            ("translated", 12),
            ("back", 12),
        ]
        assert [first_sample(one) for one in sentence.sounds] == [3 * place, 1201 + 3 * place, 1202 + 3 * place]


def test_the_first_sentence_of_every_run_comes_before_the_second_of_any_and_room_is_kept(tmp_path):
    records = [read_record(with_sounds(tmp_path, name), name) for name in "abc"]
    size = read_sounds(records).sentences[0][0].size
    found = read_sounds(records, room=7 * size)
    assert {run: len(some) for run, some in found.sentences.items()} == {0: 3, 1: 2, 2: 2}
    assert found.left == 5
    assert all({one.number for one in some} >= {1} for some in found.sentences.values())
    assert sum(one.size for some in found.sentences.values() for one in some) <= 7 * size
    assert read_sounds(records, room=0).left == 12


def test_what_is_no_sound_is_named_and_the_rest_is_there(tmp_path):
    folder = with_sounds(tmp_path)
    (folder / "sounds" / "AtoB_1_back_000012.wav").write_text("no sound")
    (folder / "sounds" / "AtoB_2_back_000012.wav").write_bytes(as_wav(np.zeros(500_001), 16_000))
    (folder / "sounds" / "mine.wav").write_text("of somebody else")
    content = read_content([folder], "x")
    assert [len(one.sounds) for one in content.sounds.sentences[0]] == [2, 2, 3, 3]
    assert content.records[0].faults == (
        "sounds/AtoB_1_back_000012.wav is no sound",
        "sounds/AtoB_2_back_000012.wav is no sound",
    )


def test_a_page_with_sounds_may_play_what_is_inside_and_one_without_may_not(tmp_path):
    plain = page(read_content([run_folders.write(tmp_path, "plain")], "x"))
    spoken = page(read_content([with_sounds(tmp_path)], "x"))
    assert "media-src" not in plain and "<audio" not in plain
    assert "img-src data:; media-src data:; style-src" in spoken
    assert spoken.count("<audio ") == spoken.count('src="data:audio/wav;base64,') == 12
    assert spoken == page(read_content([tmp_path / "a"], "x"))


def test_the_distance_to_the_target_s_own_recordings_comes_before_fid_of_spectrograms(browser, tmp_path):
    """In the table, and among the charts that are open at first."""
    names = [
        f"{what}_{way}"
        for what in ("fid_classifier_20", "kid_classifier_20", "mel_mcd")
        for way in ("AtoB", "BtoA", "mean")
    ]
    rows = [{"step": step} | {f"val/{name}": 1 / step for name in names} for step in (10, 20)]
    folder = run_folders.write(tmp_path, "a", {f"test/{name}": 1.0 for name in names}, rows=rows)
    content = read_content([folder], "x")
    assert content.metrics[:4] == [
        *(f"test/mel_mcd_{way}" for way in ("mean", "AtoB", "BtoA")),
        "test/fid_classifier_20_AtoB",
    ]
    path = tmp_path / "report.html"
    path.write_text(page(content))
    tab = browser.open(f"file://{path}")
    tab.until("document.querySelectorAll('#which button').length === 9")
    opened = tab.run("[...document.querySelectorAll('#which [aria-pressed=true]')].map((chip) => chip.textContent)")
    assert {f"val/mel_mcd_{way}" for way in ("AtoB", "BtoA", "mean")} < set(opened)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_players_play_one_at_a_time_with_keys_and_without_a_request(width, dark, browser, tmp_path):
    runs = [with_sounds(tmp_path, name) for name in ("a", EVIL)]
    path = tmp_path / "report.html"
    path.write_text(page(read_content(runs, "x")))
    tab = browser.open(f"file://{path}", width, 900, dark)
    every = "[...document.querySelectorAll('.sounds audio')]"
    tab.run(f"{every}.forEach((player) => {{ player.preload = 'auto'; }})")  # a telephone waits for a touch
    tab.until(f"{every}.length === 24 && {every}.every((player) => player.readyState > 0)")
    assert tab.run(f"{every}.map((player) => player.duration)") == pytest.approx([0.2] * 24, abs=1e-3)
    assert tab.run(f"{every}[0].getAttribute('aria-label')").startswith("source of A → B, sentence 1, ")
    assert tab.run("document.documentElement.scrollWidth") <= width
    tab.run(f"{every}[1].loop = true; {every}[1].focus()")
    tab.press(" ", " ")
    tab.until(f"!{every}[1].paused && {every}[1].currentTime > 0")
    tab.run(f"{every}[4].loop = true; {every}[4].focus()")
    tab.press(" ", " ")
    tab.until(f"!{every}[4].paused && {every}[1].paused")
    tab.run(
        "document.querySelector('#filter').value = 'alert'; document.querySelector('#filter').dispatchEvent(new Event('input'))"
    )
    shown = "[...document.querySelectorAll('.sounds figure')].filter((one) => !one.hidden)"
    tab.until(f"{shown}.length === 1")
    assert "alert" in tab.run(f"{shown}[0].querySelector('figcaption').textContent")
    assert tab.said() == []
    assert tab.asked() == [f"file://{path}"]
