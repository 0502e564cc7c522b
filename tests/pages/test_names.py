"""Who is answered: browsers that call the server by a name it has, from its own page."""

import pytest

from genlab.pages.names import Names, is_loopback

LOCAL = Names("127.0.0.1", ["Lab.example.org"])


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:7860", "LOCALHOST:1", "127.0.0.1:7860", "127.0.0.1", "[::1]:7860", "192.168.1.5:80"]
    + ["lab.example.org", "lab.example.org.:443"],
)
def test_a_name_of_its_own_or_an_address_of_numbers_is_known(host):
    assert LOCAL.knows(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example:7860",
        "127.0.0.1.evil.example",
        "localhost.evil.example:7860",
        "evil.example@localhost:1x",
    ]
    + ["localhost@evil.example", "[::1", "[evil]", "127.0.0.1, evil.example", "0x7f.evil"],
)
def test_any_other_name_is_not(host):
    assert not LOCAL.knows(host)


def test_a_server_for_all_has_the_name_of_the_machine(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Bench7")
    assert Names("0.0.0.0").knows("bench7:7860")
    assert not Names("127.0.0.1").knows("bench7:7860")


@pytest.mark.parametrize(
    ("origin", "host", "welcome"),
    [
        (None, "localhost:7860", True),
        ("http://localhost:7860", "localhost:7860", True),
        ("https://lab.example.org", "localhost:7860", True),
        ("http://localhost:9999", "localhost:7860", False),
        ("http://127.0.0.1:7860", "localhost:7860", False),
        ("http://evil.example", "localhost:7860", False),
        ("null", "localhost:7860", False),
        ("http://[", "localhost:7860", False),
    ],
)
def test_only_the_page_itself_asks(origin, host, welcome):
    assert LOCAL.welcomes(origin, host) == welcome


def test_what_only_this_machine_reaches():
    assert [is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost")] == [True] * 4
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "lab.example.org")))
