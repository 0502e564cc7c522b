"""Ctrl-C, SIGTERM, SIGUSR1 and SIGHUP at any moment of a command: acknowledged at once, and each with its own exit code."""

import os
import signal
import subprocess
import sys
import time

import pytest

from genlab import signals
from genlab.apps.command import main as door
from genlab.apps.command import multirun
from genlab.contracts import Stopped

CODES = [("SIGINT", 130), ("SIGTERM", 143), ("SIGUSR1", 75), ("SIGHUP", 129)]


@pytest.fixture(autouse=True)
def not_by_nohup():
    """Also where the tests themselves are to outlive their terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def send(name):
    os.kill(os.getpid(), getattr(signal, name))


@pytest.mark.parametrize(("name", "code"), CODES)
def test_a_signal_ends_what_is_under_way_and_no_handler_for_errors_takes_it_for_one(name, code, capfd):
    before = signal.getsignal(getattr(signal, name))
    with pytest.raises(Stopped) as left, signals.caught() as received:
        received.advice = "; go on so"
        try:
            send(name)
        except Exception:
            pytest.fail("as if a file were damaged")
    assert (left.value.exit_code, str(left.value)) == (code, f"stopped by {name}; go on so")
    assert capfd.readouterr().err == f"stopping  {name} received\n"
    assert signal.getsignal(getattr(signal, name)) == before


def test_further_signals_change_nothing_while_files_are_closed_and_break_off_what_takes_longer(monkeypatch, capfd):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with signals.caught():
        with pytest.raises(Stopped) as left:
            send("SIGUSR1")
        for name in ("SIGTERM", "SIGINT", "SIGINT"):
            send(name)
        now[0] += signals.PATIENCE + 1
        with pytest.raises(Stopped) as again:
            send("SIGINT")
        send("SIGINT")
    assert (left.value.exit_code, again.value.exit_code) == (75, 75)
    assert capfd.readouterr().err.count("stopping") == 1


def test_in_a_training_a_signal_is_recorded_said_once_and_obeyed_at_a_second_ctrl_c(capfd):
    with signals.caught() as received:
        received.defer()
        for name in ("SIGTERM", "SIGTERM", "SIGINT"):
            send(name)
        assert received.received == ["SIGTERM", "SIGTERM", "SIGINT"]
        assert signals.pending().exit_code == 143
        assert "SIGTERM received: after the update in hand, which is saved\n" in capfd.readouterr().err
        with pytest.raises(Stopped, match="stopped by SIGINT, without saving"):
            send("SIGINT")
    assert "SIGINT received; nothing is saved\n" in capfd.readouterr().err


@pytest.mark.parametrize(("seconds", "scheduler", "insists"), [(1, False, False), (6, False, True), (60, True, False)])
def test_a_second_sigterm_is_insisted_on_by_a_person_and_not_by_a_launcher_or_slurm(
    seconds, scheduler, insists, monkeypatch, capfd
):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    if scheduler:
        monkeypatch.setenv("SLURM_JOB_ID", "7")
    with signals.caught() as received:
        received.defer()
        send("SIGTERM")
        now[0] += seconds
        if insists:
            with pytest.raises(Stopped, match="stopped by SIGTERM, without saving"):
                send("SIGTERM")
        else:
            send("SIGTERM")
    assert ("nothing is saved" in capfd.readouterr().err) is insists


def test_a_process_that_nohup_started_outlives_its_terminal(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals.caught() as received:
        send("SIGHUP")
        assert (received.received, signal.getsignal(signal.SIGHUP)) == ([], signal.SIG_IGN)
    signal.signal(signal.SIGHUP, before)


def test_a_terminal_that_is_gone_is_not_written_to():
    """Each line to it would fail, the save's own as well."""
    ours, theirs = os.openpty()
    script = (
        "import sys, time\n"
        "from genlab import signals\n"
        "with signals.caught() as received:\n"
        "    received.defer()\n"
        "    print('ready', flush=True)\n"
        "    while not received.received:\n"
        "        time.sleep(0.01)\n"
        "    print('one more line', flush=True)\n"
        "    sys.exit(signals.pending().exit_code)\n"
    )
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    assert os.read(ours, 100).startswith(b"ready")
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 129


def test_one_context_inside_another_is_the_same():
    with signals.caught() as outer:
        with signals.caught() as inner:
            assert inner is outer
        assert signal.getsignal(signal.SIGTERM) == outer.handle
    assert not signals.CURRENT


@pytest.mark.parametrize(("name", "code"), CODES)
def test_the_door_leaves_with_the_code_of_a_signal_whatever_it_was_doing(name, code, monkeypatch, capfd):
    """Composing, decoding, training a classifier; and another signal between that and the end of the process."""
    monkeypatch.setattr(door, "dispatch", lambda *_: send(name))
    with pytest.raises(SystemExit) as left:
        door.main("train", [])
    assert left.value.code == code
    for other, _ in CODES:
        send(other)
    assert capfd.readouterr().err == f"stopping  {name} received\nstopped by {name}\n"


@pytest.mark.parametrize(("name", "asked"), [("SIGUSR1", True), ("SIGTERM", False)])
def test_who_leaves_to_be_requeued_asks_the_batch_script_for_it(name, asked, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("GENLAB_AGAIN", str(tmp_path / "again"))
    monkeypatch.setattr(door, "dispatch", lambda *_: send(name))
    with pytest.raises(SystemExit):
        door.main("train", [])
    assert (tmp_path / "again").exists() == asked


@pytest.mark.parametrize(("rank", "code"), [("0", 75), ("1", 0)])
def test_in_a_job_of_slurm_rank_0_alone_leaves_with_the_code(rank, code, monkeypatch, capfd):
    """At the first task that leaves with another code than 0 srun kills the others, and rank 0 has files to close."""
    for name, value in {"STEP_ID": "0", "STEP_NUM_TASKS": "2", "PROCID": rank}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setattr(door, "dispatch", lambda *_: send("SIGUSR1"))
    monkeypatch.setattr(door, "leave_at_once", sys.exit)
    with pytest.raises(SystemExit) as left:
        door.main("train", [])
    assert left.value.code == code
    assert ("stopped" in capfd.readouterr().err) == (rank == "0")


def test_a_process_that_is_done_is_ended_by_a_signal_with_the_code_it_has(monkeypatch):
    """Where its shutdown takes long."""
    monkeypatch.setattr(door, "dispatch", lambda *_: 3)
    with pytest.raises(SystemExit):
        door.main("train", [])
    codes, later = [], time.monotonic() + signals.PATIENCE + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    monkeypatch.setattr(os, "_exit", lambda code: codes.append(code) or (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        send("SIGINT")
    assert codes == [3]


def test_a_signal_between_two_runs_ends_a_multirun(tmp_path, monkeypatch, capfd):
    """One that came inside a training that failed before it was obeyed."""
    begun = []

    def run(command, overrides, folder, config_dir):
        begun.append(folder.name)
        with signals.caught() as received:
            received.defer()
            send("SIGTERM")
            received.settle()
        return 1

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setattr(multirun, "run", run)
    with signals.caught(), pytest.raises(Stopped) as left:
        multirun.sweep("train", ["seed=0,1,2"])
    assert (left.value.exit_code, begun) == (143, ["0"])
