"""A model of speech on the page: what a sound becomes, what is refused, many at once, and all of it in a browser."""

import base64
import http.client
import io
import shutil
import threading
import wave
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.apps.command import main as door
from genlab.contracts import ConfigError
from genlab.pages.demo.examples import spoken
from genlab.pages.demo.sounds import is_sound
from genlab.runs.load import load_run
from genlab.sound import reading
from genlab.sound.drawn import drawn
from genlab.sound.writing import as_wav
from genlab.speech.translation import VoiceTranslation, translated
from genlab.speech.voice import Voice

import speaking
from exhibits import answer, file_of, pixels, served, told, upload
from speaking import rms, spec_of
from vowels import vowels

sf = pytest.importorskip("soundfile", reason="the extra speech is not installed")


@pytest.fixture(scope="module")
def run(folders, cache, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLAB_CACHE", str(cache))
        return speaking.run_of(folders["speech_folders"], tmp_path_factory.mktemp("run") / "speech")


@pytest.fixture(scope="module")
def server(run, cache):
    with served(run, "max_megabytes=0.3", "max_seconds=2", "examples=2", f"paths.cache={cache}") as one:
        yield one


def stored(sound, rate=16_000, form="WAV", subtype="PCM_16"):
    content = io.BytesIO()
    sf.write(content, sound, rate, format=form, subtype=subtype)
    return content.getvalue()


def sound_in(uri):
    """Samples and rate of a sound in an answer."""
    assert uri.startswith("data:audio/wav;base64,")
    with wave.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_767, file.getframerate()


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
@pytest.mark.parametrize(("rate", "form"), [(16_000, "WAV"), (22_050, "FLAC")])
def test_a_sound_comes_back_in_the_other_voice_with_both_spectrograms(direction, rate, form, server, run, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(stored(vowels(0.7, rate, peak=0.2), rate, form))
    status, got = upload(server, "/translate", path.read_bytes(), direction=direction)
    assert status == 200
    sound, loaded, seen = reading.read(path), load_run(run), []
    way = VoiceTranslation(loaded.model, loaded.spec, direction, seen.append)
    with translated(reading.header(path), [sound], way) as made:
        expected = np.concatenate([*made.blocks()])
    found, own_rate = sound_in(got["sound"])
    assert (len(found), own_rate) == (len(sound), rate)
    assert rms(found - expected) < 1e-3 * rms(expected)
    assert rms(found) == pytest.approx(rms(sound), rel=0.01)
    assert np.abs(sound_in(got["heard"])[0] - sound).max() < 1e-3
    for uri, image in ((got["seen"], seen[0].before), (got["made"], seen[0].after)):
        assert np.array_equal(pixels(uri), drawn(image))
    assert got["note"] == ""


def test_silence_comes_back_silent_and_that_is_said(server):
    _, got = upload(server, "/translate", stored(np.zeros(5000)), direction="AtoB")
    assert not sound_in(got["sound"])[0].any() and got["note"].startswith("silent")


WHOLE = stored(vowels(0.5))


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"a text\n" * 100, 415, "This is no sound that can be read here: WAV or FLAC"),
        (file_of(np.zeros((8, 8), np.uint8)), 415, "no sound"),
        (b"", 400, "empty"),
        (WHOLE[: len(WHOLE) // 2], 415, "The sound is damaged: its header promises 16,000 bytes"),
        (stored(np.full(900, np.nan), subtype="FLOAT"), 415, "damaged: it has numbers that are not finite."),
        (stored(9e3 * vowels(0.2), subtype="FLOAT"), 415, "samples go up to 4,500, where 1 is full scale"),
        (stored(vowels(2.5)), 413, "has 2 seconds, and this page takes 2 at most"),
        (stored(np.zeros(160_000)), 413, "this page takes 300 kB at most"),
    ],
    ids=["text", "picture", "empty", "cut", "not finite", "integers", "long", "large"],
)
def test_what_cannot_be_taken_is_told_in_words_and_the_page_lives_on(content, status, words, server):
    got, said = upload(server, "/translate", content, direction="AtoB")
    assert (got, words in said["error"]) == (status, True), said
    assert upload(server, "/translate", stored(vowels(0.1)), direction="AtoB")[0] == 200


def test_files_are_known_by_their_first_bytes():
    assert is_sound(WHOLE) and is_sound(stored(np.zeros(9), form="FLAC")) and is_sound(b"RF64\xff\xff\xff\xffWAVE")
    assert not any(map(is_sound, (b"", b"RIFF1234WEBP", b"ID3", b"OggS", b"fLa")))


def test_several_at_once_are_each_given_their_own_answer(server):
    files = [stored(vowels(0.2 + 0.1 * i, seed=i)) for i in range(5)]
    alone = [upload(server, "/translate", file, direction="BtoA")[1] for file in files]
    together = {}

    def ask(i):
        together[i] = upload(server, "/translate", files[i], direction="BtoA")[1] == alone[i]

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert together == dict.fromkeys(range(5), True)


def test_the_page_may_play_what_is_inside_and_knows_test_sentences(server):
    headers = answer(server, "GET", "/")[1]
    assert "img-src data:; media-src data:; style-src" in headers["Content-Security-Policy"]
    known = told(server)
    assert known["sound"] == {"seconds": 2} and known["limits"]["kinds"] == "WAV or FLAC"
    assert "32 bands at 16,000 Hz" in known["about"]
    assert [one["direction"] for one in known["examples"]] == ["AtoB", "AtoB", "BtoA", "BtoA"]
    for one in known["examples"]:
        sound, rate = sound_in(one["sound"])
        assert rate == 16_000 and rms(sound) > 0.01
        assert pixels(one["picture"]).shape[0] == 32


def test_test_sentences_of_speakers_who_have_moved_are_found_where_it_is_typed(folders, tmp_path, cache):
    """Without the folders none are looked for; with both nobody need ask for them."""
    own = {side: tmp_path / "here" / side for side in "ab"}
    for side, place in own.items():
        shutil.copytree(folders["speech_folders"][side], place)
    gone = speaking.run_of(own, tmp_path / "run")
    (tmp_path / "here").rename(tmp_path / "there")
    typed = [f"data.{side}={tmp_path}/there/{side}" for side in "ab"]
    for more, found in (([], 0), (typed[:1], 0), (typed, 6)):
        with served(gone, f"paths.cache={cache}", *more) as server:
            assert len(told(server)["examples"]) == found


@pytest.mark.parametrize("side", ["a", "b"])
def test_test_sentences_are_heard_and_seen_on_their_own_scale(side):
    levels = np.random.default_rng(0).uniform(-9, -3, (1, 32, 40)).astype(np.float16)
    got, voice = spoken(SimpleNamespace(spec=spec_of()), side, levels), Voice.of(spec_of(), side)
    image = voice.image(torch.from_numpy(levels[0].astype(np.float32)))
    assert np.array_equal(pixels(got["picture"]), drawn(image[0, 0].numpy()))
    assert np.abs(sound_in(got["sound"])[0] - voice.sound(image)[0].numpy().clip(-1, 1)).max() < 1e-4


def test_without_the_packages_it_is_said_what_to_install(run, monkeypatch):
    monkeypatch.setattr(reading.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"ckpt=.*: soundfile and soxr are not installed\n.*pip install 'genlab\[speech\]'"
    ):
        door.run("demo", [f"ckpt={run}", "port=0"])


# ---- in a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(server, browser):
    return browser.open(server.url)


CAPTIONS = "[...document.querySelectorAll('.triple figcaption span:first-child')].map((one) => one.textContent).join()"
PLAYERS = "[...document.querySelectorAll('.triple audio')]"


def quiet(page):
    assert not [one for one in page.said() if "a status of 41" not in one.get("text", "")]
    assert not page.outside()


def test_a_dropped_sound_has_players_spectrograms_and_a_download_in_both_directions(page):
    content = base64.b64encode(as_wav(vowels(0.6, 22_050), 22_050)).decode()
    page.run(f"""(() => {{
        const files = new DataTransfer();
        files.items.add(new File([Uint8Array.from(atob("{content}"), (one) => one.charCodeAt(0))], "said.wav"));
        dispatchEvent(new DragEvent("drop", {{ dataTransfer: files, cancelable: true }}));
    }})()""")
    page.until(f"{CAPTIONS} === 'Given: A,Translated: B,And back: A'")
    page.until(f"{PLAYERS}.length === 3 && {PLAYERS}.every((player) => player.readyState > 0)")
    assert page.run(f"{PLAYERS}.map((player) => player.duration)") == pytest.approx([0.6] * 3, abs=1e-3)
    assert page.run("[...document.querySelectorAll('.triple img')].map((one) => one.naturalHeight)") == [32] * 3
    assert page.run("[...document.querySelectorAll('.triple a')].map((one) => one.download)") == [
        f"cyclegan-on-speech-folders-{what}.wav" for what in ("translated", "back")
    ]
    page.run(f"{PLAYERS}[0].loop = true; {PLAYERS}[0].focus()")
    page.press(" ", " ")
    page.until(f"!{PLAYERS}[0].paused")
    page.run("document.querySelectorAll('.ways button')[1].click()")
    page.until(f"{CAPTIONS} === 'Given: B,Translated: A,And back: B'")
    quiet(page)


def test_a_test_sentence_is_tried_and_a_file_that_is_no_sound_is_told(page, tmp_path):
    page.run("document.querySelectorAll('.ways button')[0].click()")
    page.run(
        "document.querySelector('.triple').replaceChildren(); document.querySelector('#translating .thumb').click()"
    )
    page.until(f"{CAPTIONS} === 'Given: A,Translated: B,And back: A'")
    (tmp_path / "text.wav").write_text("no sound " * 9)
    page.choose(".drop input", tmp_path / "text.wav")
    page.until("document.querySelector('#message').textContent.startsWith('This is no sound')")
    quiet(page)


def test_a_telephone_shows_all_of_it_without_scrolling_sideways(page):
    page.size(390, 844)
    try:
        assert page.run("document.documentElement.scrollWidth") <= 390
    finally:
        page.size(1280, 900)


def test_who_leaves_in_the_middle_of_a_sound_harms_nobody(server, capsys):
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
    connection.putrequest("POST", "/translate?direction=AtoB")
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", "5000")
    connection.endheaders(WHOLE[:100])
    connection.close()
    assert upload(server, "/translate", stored(vowels(0.1)), direction="AtoB")[0] == 200
    assert "Traceback" not in capsys.readouterr().err
