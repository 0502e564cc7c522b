"""What reaches the screen, and what stays in the run's log."""

import logging
import logging.config
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


def test_of_several_ranks_the_first_alone_writes_warnings_into_the_log(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: shown.append(str(message)))
    monkeypatch.setenv("LOCAL_RANK", "1")
    with console.tee(tmp_path / "log.txt"), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("of another rank", stacklevel=1)
        console.note("of another rank")
    assert not (tmp_path / "log.txt").exists()
    assert shown == ["of another rank"]


def test_lightnings_notices_are_dropped_and_its_warnings_are_not():
    """Whatever module of Lightning's gives them."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels, warned = [logger.level for logger in loggers], list(warnings.filters)
    try:
        logging.getLogger("lightning.pytorch.utilities.rank_zero").disabled = True  # as Hydra leaves it in a sweep
        console.quiet()
        for name in ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.distributed"):
            assert not logging.getLogger(name).isEnabledFor(logging.INFO)
            assert logging.getLogger(name).isEnabledFor(logging.WARNING)
    finally:
        warnings.filters[:] = warned
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def test_what_others_configure_of_logging_leaves_the_console_as_it_is(tmp_path, capfd, monkeypatch):
    """Hydra does so for each run of a sweep."""
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    known = {name: logger for name, logger in logging.root.manager.loggerDict.items() if hasattr(logger, "disabled")}
    before = {name: logger.disabled for name, logger in known.items()}
    try:
        with console.tee(tmp_path / "log.txt"):
            console.say("one")
            logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
            console.say("two")
    finally:
        for name, logger in known.items():
            logger.disabled = before[name]
    assert (tmp_path / "log.txt").read_text() == capfd.readouterr().err == "one\ntwo\n"
