"""Work that a person waits for is announced, also where no bar can be drawn."""

from itertools import count

from genlab import console


def work(monkeypatch, seconds, **options):
    """Eighty parts of so many seconds each."""
    clock = count()  # one look at it is a part of the work, here
    monkeypatch.setattr(console, "monotonic", lambda: seconds * next(clock))
    with console.progress("teaching", 80, **options) as advance:
        for _ in range(80):
            advance()


def test_work_that_takes_long_is_announced_once_with_its_time_and_without_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("genlab.console.is_rank_0", lambda: False)  # by whoever works
    work(monkeypatch, 0.5, announced="once for this set")
    assert capsys.readouterr().err.splitlines() == ["wait      teaching, once for this set: about 40 s"]


def test_what_is_over_at_once_or_not_to_be_announced_is_not(monkeypatch, capsys):
    work(monkeypatch, 0.01, announced="once")
    work(monkeypatch, 0.5)
    assert capsys.readouterr().err == ""
