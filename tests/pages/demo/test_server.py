"""The server over real sockets: who is answered, what is refused and how, many at once, and memory that stays."""

import json
import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from exhibits import SVG, answer, file_of, pixels, png, question, run_of, served, upload

RUN_NAME = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_of("vae", tmp_path_factory.mktemp("run"), name=RUN_NAME)


@pytest.fixture(scope="module")
def server(run, cache):
    with served(run, "max_megabytes=1", "max_pixels=1000000", "examples=2", f"paths.cache={cache}") as one:
        yield one


def alive(server):
    return question(server, "/decode", {"codes": [[0, 0, 0]]})[0] == 200


def raw(server, text, content=b""):
    """What comes back until the server closes."""
    with socket.create_connection(server.server_address[:2], timeout=20) as line:
        line.sendall(text.replace("\n", "\r\n").encode() + b"\r\n\r\n" + content)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b"")).decode()


# ---- the page --------------------------------------------------------------------------------------------------------


def test_the_page_has_all_inside_and_a_policy_that_forbids_the_rest(server):
    status, headers, content = answer(server, "GET", "/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; connect-src 'self'; img-src data:; ")
    assert "unsafe" not in policy
    assert b"http://" not in content
    assert b"https://" not in content
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_a_run_named_like_a_script_is_text(server):
    text = answer(server, "GET", "/")[2].decode()
    assert RUN_NAME not in text
    assert text.count("<script") == 2  # the page's own: what it is told, and what it does
    told = text.partition('id="told">')[2].partition("</script>")[0]
    assert f"run {RUN_NAME}/vae" in json.loads(told)["about"]


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/page.js", "/page/page.css"],
)
def test_no_file_is_ever_served(path, server):
    status, _, content = answer(server, "GET", path)
    assert status == 404
    assert "error" in content
    assert b"root:" not in str(content).encode()


def test_no_path_is_told(server, run):
    everything = str(answer(server, "GET", "/")[2]) + str(upload(server, "/look", png(9, 9)))
    assert str(run.parent) not in everything
    assert str(Path.home()) not in everything


# ---- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_browser_that_was_led_here_by_another_name_gets_nothing(method, server):
    body = json.dumps({"codes": [[0, 0, 0]]}) if method == "POST" else None
    path = "/decode" if method == "POST" else "/"
    status, _, content = answer(server, method, path, body, Host="evil.example:7860", Content_Type="application/json")
    assert status == 403
    assert content == {"error": "This server has another name."}


def test_a_page_elsewhere_may_not_ask(server):
    asked = {"codes": [[0, 0, 0]]}
    assert question(server, "/decode", asked, Origin="http://evil.example")[0] == 403
    own = server.url.rstrip("/")
    assert question(server, "/decode", asked, Origin=own)[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_elsewhere_could_send_is_no_question(kind, server):
    assert answer(server, "POST", "/decode", '{"codes": [[0, 0, 0]]}', Content_Type=kind)[0] == 415
    assert answer(server, "POST", "/look", png(9, 9), Content_Type=kind)[0] == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_not_known(method, server):
    assert answer(server, method, "/")[0] == 501
    assert alive(server)


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (png(40_000, 40_000), 413, "40,000 x 40,000 pixels"),
        (b"a text\n" * 100, 415, "no picture"),
        (SVG, 415, "no picture"),
        (b"", 400, "empty"),
        (png(20, 20), 415, "damaged"),
        (bytes(1_000_001), 413, "this page takes 1 MB at most"),
    ],
    ids=["40,000 x 40,000", "text", "svg", "empty", "damaged", "large"],
)
def test_what_cannot_be_taken_is_told_in_words_and_the_page_lives_on(content, status, words, server):
    got, told = upload(server, "/look", content)
    assert got == status
    assert words in told["error"]
    assert alive(server)


def test_who_still_sends_a_hundred_megabytes_is_told_why_it_is_refused(server):
    """By the client that goes on sending as if nothing was, as browsers do, and gets the answer all the same."""
    size, sent = 100_000_000, 0
    head = f"POST /look HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
    with socket.create_connection(server.server_address[:2], timeout=20) as line:
        line.sendall(head.encode())
        while sent < size:
            sent += line.send(bytes(1 << 20)[: size - sent])
        got = b"".join(iter(lambda: line.recv(65536), b"")).decode()
    assert got.startswith("HTTP/1.1 413 ")
    assert "The file has 100 MB, and this page takes 1 MB at most" in got
    assert alive(server)


def test_who_asks_before_sending_much_is_refused_before_it_is_sent(server):
    head = "POST /look HTTP/1.1\nHost: localhost\nContent-Type: application/octet-stream\nContent-Length: {}"
    head += "\nExpect: 100-continue"
    assert raw(server, head.format(100_000_000)).startswith("HTTP/1.1 413 ")
    content = file_of(np.zeros((8, 8), np.uint8))
    got = raw(server, head.format(len(content)) + "\nConnection: close", content)
    assert got.startswith("HTTP/1.1 100 ")
    assert "HTTP/1.1 200 " in got


@pytest.mark.parametrize("length", ["", "\nContent-Length: -5", "\nContent-Length: x", "\nTransfer-Encoding: chunked"])
def test_a_body_of_unknown_length_is_not_read(length, server):
    head = f"POST /decode HTTP/1.1\nHost: localhost\nContent-Type: application/json{length}"
    assert raw(server, head, b'{"codes": [[0,0,0]]}').startswith("HTTP/1.1 411 ")


@pytest.mark.parametrize("body", ["", "{", "[]", "3", "[" * 100_000, '{"codes": [[NaN, 0, 0]]}', '{"codes": 1}'])
def test_a_question_that_is_none_is_refused(body, server):
    status, _, content = answer(server, "POST", "/decode", body, Content_Type="application/json")
    assert status == 400
    assert content["error"]


def test_a_long_question_is_refused_unread(server):
    status, _, content = answer(server, "POST", "/decode", " " * (1 << 21), Content_Type="application/json")
    assert status == 413
    assert "bytes at most" in content["error"]


def test_a_failure_of_the_model_is_an_answer_and_the_terminal_says_more(server, monkeypatch, capsys):
    monkeypatch.setattr(type(server.site.answers), "decoded", lambda *_: 1 // 0)
    status, content = question(server, "/decode", {"codes": [[0, 0, 0]]})
    assert status == 500
    assert content["error"].startswith("The model failed at this.")
    assert "ZeroDivisionError" in capsys.readouterr().err
    monkeypatch.undo()
    assert alive(server)


def test_a_browser_that_leaves_in_the_middle_harms_nobody(server, capsys):
    for content in (
        b"POST /look HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nabc",
        b"GET / HT",
        b"\x16\x03\x01",
    ):
        with socket.create_connection(server.server_address[:2]) as line:
            line.sendall(content)
    assert alive(server)
    assert "Traceback" not in capsys.readouterr().err


# ---- many ------------------------------------------------------------------------------------------------------------


def test_twenty_at_once_are_each_given_their_own_answer(server):
    rows = [np.full((8, 8), 12 * i, np.uint8) for i in range(10)]
    codes = [[i / 5, -i / 5, 1.0] for i in range(10)]
    alone = [question(server, "/decode", {"codes": [code]})[1]["pictures"][0] for code in codes]
    together = {}

    def decode(i):
        together[i] = question(server, "/decode", {"codes": [codes[i]]})[1]["pictures"][0] == alone[i]

    def look(i):
        together[10 + i] = np.array_equal(pixels(upload(server, "/look", file_of(rows[i]))[1]["seen"]), rows[i])

    threads = [threading.Thread(target=what, args=(i,)) for i in range(10) for what in (decode, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert together == dict.fromkeys(range(20), True)


def test_connections_that_do_nothing_keep_nobody_out(server):
    lines = [socket.create_connection(server.server_address[:2]) for _ in range(50)]
    try:
        assert alive(server)
    finally:
        for line in lines:
            line.close()


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is told by /proc")
def test_memory_stays_and_no_file_is_left(server, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    picture = file_of(np.random.default_rng(0).integers(0, 255, (300, 300), np.uint8))

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def ask(times):
        for i in range(times):
            assert question(server, "/decode", {"codes": [[i / times, 0, 0]] * 8})[0] == 200
            assert i % 4 or upload(server, "/look", picture)[0] == 200

    ask(80)
    before, threads = resident(), threading.active_count()
    ask(160)
    assert resident() - before < 8 << 20
    assert threading.active_count() <= threads + 1
    assert not list(tmp_path.iterdir())
