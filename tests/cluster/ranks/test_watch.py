"""What one rank sees of the others: who failed first, and what it does about those that wait for one another."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from genlab.cluster.ranks import watch as watching
from genlab.cluster.ranks.peer import Peer, meaning
from genlab.cluster.ranks.signs import End, OwnSign, born, exists, read, write_names
from genlab.cluster.ranks.verdict import Failure, error_of, first, sentence
from genlab.cluster.ranks.watch import Watch
from genlab.console import tee
from genlab.contracts import DataError, LostRank, RankFailed, Stopped


@pytest.fixture
def process():
    """A process that only lives."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.wait()
    child.stdin.close()


@pytest.fixture
def rank_1(process, tmp_path):
    """The sign of another rank, which is that process."""
    sign = OwnSign(tmp_path, "1")
    sign.path.parent.mkdir()
    sign.facts |= {"pid": process.pid, "born": born(process.pid)}
    sign.write()
    return sign


@pytest.fixture
def rank_0(tmp_path, rank_1, monkeypatch):
    """The watch of rank 0, of two, without its thread; it waits for nobody."""
    monkeypatch.setattr(watching, "SETTLE", 0.0)
    watch = Watch(tmp_path, "0", ["0", "1"], 20.0)
    watch.own.write()
    return watch


def leave(watch, error):
    """What a rank raises that leaves by an error."""
    try:
        with watch:
            raise error
    except BaseException as raised:
        return raised


def test_a_rank_that_shows_no_sign_hangs_and_is_ended_and_one_that_does_is_not(tmp_path, rank_1, process):
    peer = Peer(tmp_path, "1")
    assert all(peer.look(1.0, 3.0, None) is None for _ in range(3))
    rank_1.beat()
    os.utime(rank_1.path, ns=(0, read(tmp_path, "1").beat + 1))  # whatever the clock's grain
    assert all(peer.look(1.0, 3.0, None) is None for _ in range(3))
    assert peer.look(1.0, 3.0, None).how == "hung"
    process.send_signal(signal.SIGSTOP)
    peer.kill()
    assert process.wait(10) == -signal.SIGKILL


def test_time_in_which_nobody_looked_does_not_count(tmp_path, rank_1):
    """All ranks were stopped together."""
    peer = Peer(tmp_path, "1")
    peer.look(1.0, 3.0, None)
    os.utime(rank_1.path, (0, 0))
    assert peer.look(1.0, 3.0, None) is None


def test_a_rank_that_is_gone_died_and_its_parent_knows_of_what(tmp_path, rank_1, process):
    process.kill()
    while exists(process.pid):
        time.sleep(0.01)
    assert Peer(tmp_path, "1").look(1.0, 3.0, None).how == "died"  # a zombie
    process.wait()
    found = Peer(tmp_path, "1").look(1.0, 3.0, process)
    assert (found.how, found.what) == ("died", "SIGKILL")


def test_another_process_of_the_same_number_is_not_that_rank_and_is_not_ended(tmp_path, rank_1, process):
    rank_1.facts["born"] = "1"
    rank_1.write()
    peer = Peer(tmp_path, "1")
    assert (peer.look(1.0, 3.0, None) or peer).how == "died"
    peer.sign = read(tmp_path, "1")
    peer.kill()
    assert process.poll() is None


def test_a_process_on_another_machine_is_believed_to_live_and_is_never_ended(tmp_path, rank_1, process):
    rank_1.facts |= {"where": "elsewhere", "pid": process.pid}
    rank_1.write()
    peer = Peer(tmp_path, "1")
    assert peer.look(1.0, 3.0, None) is None
    peer.kill()
    assert process.poll() is None


def test_a_rank_whose_run_was_taken_over_says_nothing_more(tmp_path, rank_1):
    orphan = OwnSign(tmp_path, "1")
    orphan.end(End("failed", 1.0, "late"))
    assert read(tmp_path, "1").end is None


def test_the_rank_that_failed_first_is_named_with_its_traceback(rank_0, rank_1):
    rank_1.end(End("failed", 5.0, "ValueError: no", 1, "errors/rank_1.txt"))
    raised = leave(rank_0, LostRank("connection closed by peer"))
    assert isinstance(raised, RankFailed)
    assert str(raised) == "rank 1 failed first: ValueError: no\n    The traceback is in errors/rank_1.txt"
    assert raised.exit_code == 1


def test_a_rank_that_died_is_named_even_if_the_connection_broke_somewhere_else(rank_0, process):
    process.kill()
    process.wait()
    raised = leave(rank_0, RuntimeError("Broken pipe"))
    assert isinstance(raised, RankFailed)
    assert "rank 1 died first (killed from outside" in str(raised)


def test_an_error_of_ones_own_stays_and_is_told_to_the_others(rank_0, rank_1, tmp_path):
    rank_1.end(End("lost", 1.0))
    error = ZeroDivisionError("mine")
    assert leave(rank_0, error) is error
    told = read(tmp_path, "0").end
    assert (told.how, told.what, told.code) == ("failed", "ZeroDivisionError: mine", 1)
    assert (tmp_path / "errors" / "rank_0.txt").read_text().endswith("ZeroDivisionError: mine\n")


@pytest.mark.parametrize("error", [DataError("the disk is full"), Stopped(143, "stopped by SIGTERM")])
def test_what_all_ranks_raise_alike_stays_each_ones_own(error, rank_0, rank_1):
    how = "stopped" if isinstance(error, Stopped) else "failed"
    rank_1.end(End(how, 1.0, str(error), error.exit_code))
    assert leave(rank_0, error) is error


def test_who_is_left_by_a_rank_that_was_stopped_is_stopped_too(rank_0, rank_1):
    rank_1.end(End("stopped", 1.0, "stopped by SIGTERM", 143))
    raised = leave(rank_0, LostRank("connection closed"))
    assert isinstance(raised, Stopped)
    assert raised.exit_code == 143


def test_where_all_wait_the_one_that_does_not_is_the_one(rank_0, rank_1):
    """It lives; nobody has failed; this rank's time-out is over."""
    raised = leave(rank_0, LostRank("timed out"))
    assert "rank 1 did not come to where the others waited, for 20 s" in str(raised)
    assert str(raised).endswith("errors/rank_1.txt")


def test_a_rank_that_never_began_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "SETTLE", 0.0)
    watch = Watch(tmp_path, "0", ["0", "1"], 20.0)
    watch.own.path.parent.mkdir()
    raised = leave(watch, LostRank("timed out"))
    assert "rank 1 has not begun" in str(raised)


def test_a_broken_connection_between_living_ranks_leaves_its_own_traceback(rank_0, rank_1, tmp_path):
    rank_1.end(End("done", 1.0))
    error = LostRank("no route to host")
    assert leave(rank_0, error) is error
    assert "no route to host" in (tmp_path / "errors" / "rank_0.txt").read_text()


def test_the_first_rank_that_is_left_speaks(tmp_path):
    watches = {name: Watch(tmp_path, name, ["0", "1", "2"], 20.0) for name in "012"}
    for how, rank, speaker in (("died", "0", "1"), ("hung", "1", "0"), ("failed", "2", "0"), ("failed", "0", None)):
        failure = Failure(rank, how, 1.0)
        assert [name for name, watch in watches.items() if watch.speaks(failure)] == ([speaker] if speaker else [])


def test_the_earliest_failure_is_the_first_and_what_is_inferred_comes_last():
    failures = [Failure("0", "silent", 1.0), Failure("1", "died", 3.0), Failure("2", "failed", 2.0)]
    assert [first(failures[:n]).rank for n in (1, 2, 3)] == ["0", "1", "2"]
    assert first([]) is None


def test_words_and_codes(tmp_path):
    assert meaning(-9) == "SIGKILL"
    assert meaning(3) == "exit code 3"
    assert meaning(-250) == "signal 250"
    hung = sentence(Failure("1", "hung", 1.0), 20.0, tmp_path)
    assert hung == "rank 1 hung: no sign of life for 20 s (performance.rank_timeout=20)"
    assert error_of(Failure("1", "failed", 1.0, "x", 2), 20.0, tmp_path).exit_code == 2


@pytest.mark.parametrize("by", ["0", "1"])
def test_who_ends_for_another_rank_leaves_the_failure_to_its_record(by, rank_0, monkeypatch, tmp_path):
    """The one that nothing was seen of may be this one: then another tells the user, and this one its log."""
    left, ended = [], lambda code: sys.exit(code)
    monkeypatch.setattr(watching.os, "_exit", ended)
    rank_0.at_loss = left.append
    rank_0.failures = {} if by == "0" else {"1": Failure("1", "died", 1.0)}
    monkeypatch.setattr(rank_0, "inferred", lambda: Failure("0", "silent", 1.0))
    with tee(tmp_path / "log.txt"), pytest.raises(SystemExit):
        rank_0.leave_from_here()
    words = {"0": "rank 0 did not come to where the others waited", "1": "rank 1 died first"}[by]
    assert [type(error) for error in left] == [RankFailed]
    assert str(left[0]).startswith(words)
    assert (tmp_path / "log.txt").read_text().count(f"error: {words}") == 1


def test_of_one_rank_nothing_is_watched(tmp_path):
    with Watch(tmp_path, "0", ["0"], 20.0):
        assert not list(tmp_path.iterdir())


def two_watches(directory):
    """Of two ranks that have both begun, without their threads."""
    watches = [Watch(directory, name, ["0", "1"], 20.0) for name in "01"]
    write_names(directory, ["0", "1"])
    for watch in watches:
        watch.own.write()
    return watches


def done(watch):
    watch.__exit__(None, None, None)


@pytest.mark.parametrize("first_one", [0, 1])
def test_the_rank_that_is_done_last_leaves_no_signs(tmp_path, first_one):
    watches = two_watches(tmp_path)
    done(watches[first_one])
    assert read(tmp_path, str(first_one)).end.how == "done"
    done(watches[1 - first_one])
    assert not (tmp_path / ".ranks").exists()


def test_signs_stay_where_a_rank_has_failed(tmp_path):
    rank_0, rank_1 = two_watches(tmp_path)
    rank_1.own.end(End("failed", 1.0))
    done(rank_0)
    assert read(tmp_path, "1").end.how == "failed"


def test_ranks_that_are_done_at_once_leave_no_signs(tmp_path):
    """Neither writes into what the other is just tidying up."""
    for _ in range(200):
        watches = two_watches(tmp_path)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(done, watches))
        assert not (tmp_path / ".ranks").exists()


ALONE = """
import sys, time
from pathlib import Path
from genlab.cluster.ranks.watch import Watch
with Watch(Path(sys.argv[1]), "1", [], 20.0):
    print("up", flush=True)
    time.sleep(60)  # as in a collective of NCCL, out of which nothing comes
"""


def test_a_rank_that_nothing_brings_out_of_a_collective_ends_itself_when_another_is_gone(tmp_path):
    rank_0 = Watch(tmp_path, "0", ["0", "1"], 20.0)
    with pytest.raises(ZeroDivisionError), rank_0:
        command = [sys.executable, "-c", ALONE, str(tmp_path)]
        rank_1 = subprocess.Popen(
            command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        )
        rank_1.stdout.readline()
        raise ZeroDivisionError
    assert rank_1.wait(20) == 1
    rank_1.stdout.close()
    assert read(tmp_path, "1").end.how == "lost"
