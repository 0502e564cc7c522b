"""What is said of an error: on the screen and in the log as it is, in a record in one line."""

import pytest

from genlab.contracts import ConfigError, DataError, Problem, RankFailed, Stopped, last_words, one_line


@pytest.mark.parametrize(
    ("error", "line", "words"),
    [
        (DataError("no room.\n    Make some"), "no room. Make some", "error: no room.\n    Make some"),
        (ConfigError([Problem("a", "is odd", "Type: b")]), "a: is odd Type: b", "error: a: is odd\n    Type: b"),
        (RankFailed("rank 1 failed", 75), "rank 1 failed", "rank 1 failed"),
        (Stopped(75, "stopped; saved"), "stopped; saved", "stopped; saved"),
        (ValueError("a\nb"), "ValueError: a b", "failed: ValueError: a b"),
        (ZeroDivisionError(), "ZeroDivisionError", "failed: ZeroDivisionError"),
    ],
)
def test_an_error_in_one_line_and_in_its_own(error, line, words):
    assert (one_line(error), last_words(error)) == (line, words)


def test_ctrl_c_has_words():
    assert last_words(KeyboardInterrupt()) == "stopped"
