"""What reaches the screen, and what stays in the run's log."""

import logging
import warnings

from genlab import console


def test_a_line_goes_to_standard_error_and_to_the_log_and_only_from_rank_0(tmp_path, capfd, monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    with console.tee(tmp_path / "log.txt"):
        console.say("one")
        console.note("two")
        monkeypatch.setenv("LOCAL_RANK", "1")
        console.say("of another rank")
        monkeypatch.setenv("LOCAL_RANK", "0")
        console.say("three")
    console.say("later")
    assert (tmp_path / "log.txt").read_text() == "one\ntwo\nthree\n"
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "one\nthree\nlater\n")


def test_a_resumed_run_writes_on_where_it_left_off(tmp_path):
    for line in ("one", "two"):
        with console.tee(tmp_path / "log.txt"):
            console.note(line)
    assert (tmp_path / "log.txt").read_text() == "one\ntwo\n"


def test_warnings_are_in_the_log_too_while_a_run_lasts(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: shown.append(str(message)))
    before = warnings.showwarning
    with console.tee(tmp_path / "log.txt"), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("mind the gap", stacklevel=1)
    assert (tmp_path / "log.txt").read_text() == "UserWarning: mind the gap\n"
    assert shown == ["mind the gap"]
    assert warnings.showwarning is before


def test_tips_are_dropped_and_all_else_is_shown(caplog):
    """By the filter that ``quiet`` hangs on the libraries' loggers."""
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    filters, warned = list(logger.filters), list(warnings.filters)
    try:
        console.quiet()
        added = logger.filters[-1]
        told = {
            text: added.filter(logging.LogRecord("x", logging.INFO, "", 0, text, (), None))
            for text in ("💡 Tip: install more", "GPU available: False", "the loss is not finite")
        }
    finally:
        logger.filters[:], warnings.filters[:] = filters, warned
    assert list(told.values()) == [False, False, True]
