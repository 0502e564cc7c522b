"""Whether a run is alive: the lock of this machine, the time stamp of another one; nobody takes a run that is trained."""

import json
import threading
import time

import pytest

from genlab.contracts import ConfigError
from genlab.files import write_json
from genlab.runs import heartbeat
from genlab.runs.directory import RunDirectory
from genlab.runs.find import automatic
from genlab.runs.heartbeat import LIMIT, PERIOD, Heartbeat, age, is_stale, require_dead, state_of
from genlab.runs.summary import NAME, Summary, host, time_stamp
from genlab.runs.writing import missing

NOON = 1_500_000_000.0
BEAT = {"time": "2017-07-14T02:40:00+00:00", "host": "elsewhere", "pid": 7}  # NOON


def left(folder, status="running", now=None, digest="d", **beat):
    """A run directory with such a summary; ``now``: the time stamp is of this moment."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = {**BEAT, **({"time": time_stamp()["time"]} if now else {}), **beat}
    write_json(folder / NAME, {"status": status, "config_digest": digest, "heartbeat": stamp})
    return folder


@pytest.mark.parametrize(("seconds", "stale"), [(-3600, False), (0, False), (LIMIT, False), (LIMIT + 1, True)])
def test_two_missed_stamps_and_half_a_minute_of_clocks_make_a_run_dead(seconds, stale, tmp_path):
    assert is_stale({"heartbeat": BEAT}, NOON + seconds) is stale
    assert LIMIT >= 3 * PERIOD
    assert state_of(left(tmp_path / "a"), NOON + seconds) == ("stale" if stale else "running")


@pytest.mark.parametrize("beat", [None, 3, {}, {"time": "soon"}, {"time": 7}])
def test_a_summary_without_a_time_stamp_is_stale(beat, tmp_path):
    assert is_stale({"status": "running", "heartbeat": beat}, NOON)
    write_json(tmp_path / NAME, {"status": "running", "heartbeat": beat})
    assert state_of(tmp_path, NOON) == "stale"


def test_a_time_without_a_zone_is_universal_time():
    assert age({"heartbeat": {"time": "2017-07-14T02:40:00"}}, NOON + 5) == 5


@pytest.mark.parametrize("status", ["finished", "failed", "interrupted", "preempted"])
def test_the_status_of_a_run_that_has_ended_is_its_state(status, tmp_path):
    assert state_of(left(tmp_path / "a", status), NOON) == status
    assert state_of(tmp_path / "nowhere") == "absent"


def test_on_this_machine_the_lock_decides_at_once(tmp_path):
    directory = RunDirectory(left(tmp_path / "a", now=True, host=host()))
    assert state_of(directory.path) == "stale"  # killed a moment ago
    directory.hold()
    assert state_of(directory.path) == "running"
    left(directory.path, "interrupted")  # taken up again, and not yet written
    assert state_of(directory.path) == "running"
    directory.release()
    assert state_of(directory.path) == "interrupted"


def test_a_folder_that_may_only_be_read_can_be_asked(tmp_path, monkeypatch):
    directory = RunDirectory(left(tmp_path / "a"))
    assert state_of(directory.path, NOON) == "running"
    assert not (directory.path / ".lock").exists()  # asking leaves nothing
    (directory.path / ".lock").touch()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(heartbeat.FileLock, "acquire", refuse)
    assert state_of(directory.path, NOON) == "running"


def test_auto_takes_no_run_that_is_alive_on_another_machine_and_takes_a_stale_one(tmp_path):
    stale, alive = left(tmp_path / "stale"), left(tmp_path / "alive", now=True)
    assert automatic(tmp_path, None, "d").existing.path == stale
    left(alive)  # its time stamp is of long ago now, and it is the newest
    assert automatic(tmp_path, None, "d").existing.path == alive


def seconds_of(tmp_path, monkeypatch, on_second):
    """How often ``require_dead`` looks again; ``on_second(n)`` is what the other machine does in between."""
    looked, start = [], time.time()

    def sleep(seconds):
        looked.append(seconds)
        on_second(len(looked))

    with monkeypatch.context() as patched:
        patched.setattr(heartbeat.time, "time", lambda: start + len(looked))
        require_dead(tmp_path, sleep)
    return len(looked)


def test_a_run_that_was_alive_elsewhere_is_watched_and_taken_once_its_heart_stands_still(tmp_path, monkeypatch, capsys):
    left(tmp_path, now=True)
    assert LIMIT <= seconds_of(tmp_path, monkeypatch, lambda n: None) <= LIMIT + 2
    assert f"{tmp_path} was alive on elsewhere (process 7)" in capsys.readouterr().err
    left(tmp_path, now=True)
    assert seconds_of(tmp_path, monkeypatch, lambda n: n == 4 and left(tmp_path, "preempted")) == 4
    assert seconds_of(tmp_path, monkeypatch, lambda n: None) == 0  # it says that it has ended
    left(tmp_path)
    assert seconds_of(tmp_path, monkeypatch, lambda n: None) == 0


def test_two_machines_in_one_directory_are_refused_and_the_lock_is_given_back(tmp_path, monkeypatch):
    directory = RunDirectory(left(tmp_path / "a", now=True))

    def renewed(seconds):
        left(directory.path, time="2099-01-01T00:00:00+00:00")

    monkeypatch.setattr("genlab.runs.directory.require_dead", lambda path: require_dead(path, renewed))
    with pytest.raises(ConfigError, match=r"being trained by another process: alive on elsewhere \(process 7\)"):
        directory.hold()
    left(directory.path)
    assert state_of(directory.path, NOON + 999) == "stale"  # no lock is held


def test_a_running_summary_has_a_time_stamp_and_one_that_has_ended_has_none(tmp_path):
    summary, path = Summary(tmp_path / NAME), tmp_path / NAME
    summary.beat()
    assert not path.exists()  # nothing to say yet
    summary.update(status="running", steps=1)
    first = json.loads(path.read_text())
    assert first["heartbeat"] == {**time_stamp(), "time": first["heartbeat"]["time"]}
    assert age(first) < 60
    path.unlink()
    summary.beat()
    assert json.loads(path.read_text()).keys() == first.keys()
    summary.update(status="finished")
    summary.beat()  # a thread that comes late changes nothing
    assert json.loads(path.read_text()) == {"status": "finished", "steps": 1}


def test_the_thread_renews_the_stamp_beside_other_writers_and_ends_with_the_run(tmp_path, monkeypatch):
    summary = Summary(tmp_path / NAME)
    summary.update(status="running")
    beats, enough = [], threading.Event()
    original = Summary.beat

    def beat(self):
        original(self)
        beats.append(json.loads(self.path.read_text())["status"])
        if len(beats) == 20:
            enough.set()

    monkeypatch.setattr(Summary, "beat", beat)
    renewing = Heartbeat(summary, period=0.0)
    with renewing:
        for steps in range(20):
            summary.update(steps=steps)
        assert enough.wait(20)
        summary.update(status="failed")
    assert not renewing.thread.is_alive()
    assert json.loads(summary.path.read_text()) == {"status": "failed", "steps": 19}
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_stamp_that_cannot_be_written_is_a_warning(tmp_path, monkeypatch, capsys):
    summary = Summary(tmp_path / NAME)
    summary.update(status="running")
    struck = threading.Event()

    def full(*_):
        struck.set()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("genlab.runs.summary.write_json", full)
        with Heartbeat(summary, period=0.0):
            assert struck.wait(20)
    said = capsys.readouterr().err
    assert said.count(f"WARNING   cannot write {summary.path}: the disk is full") == 1
    assert missing(summary.path)
