"""What a run directory says while it is being trained, when that fails, and when it is done."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from genlab.apps.command import main as door
from genlab.apps.train.ending import await_ranks, stop_other_ranks
from genlab.apps.train.strategy import DataParallel
from genlab.apps.train.training import Training
from genlab.contracts import ConfigError, NonFiniteLoss, Problem, RankFailed, Stopped

from killing import assert_same_run


def test_a_failure_inside_leaves_a_true_summary_its_traceback_and_the_last_whole_update(breakable, monkeypatch, capfd):
    """Batch 8 is the second of an update of three; a save was asked for after every batch."""
    job = breakable("dcgan", trainer={"accumulate_grad_batches": 3}, checkpoint={"every_n_steps": 1})
    seen = []

    def breaks(stage, trainer, model):
        seen.append((model.batches_seen, job.summary["status"]))
        if model.batches_seen == 8:
            raise ZeroDivisionError("as a test wants it")

    monkeypatch.setattr(door, "dispatch", lambda *_: job.train(breaks))
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    with pytest.raises(SystemExit) as left:
        door.main("train")
    assert left.value.code == 1
    assert seen == [(batch, "running") for batch in range(1, 9)]
    assert (job.summary["status"], job.summary["steps"], job.saved) == ("failed", 8, 6)
    written = (job.run / "errors" / "rank_0.txt").read_text()
    assert written.startswith("Traceback")
    assert written.endswith("ZeroDivisionError: as a test wants it\n")
    assert job.summary["error"] == "ZeroDivisionError: as a test wants it"
    assert "failed: ZeroDivisionError: as a test wants it" in capfd.readouterr().err
    assert (job.run / "log.txt").read_text().splitlines()[-1] == "failed: ZeroDivisionError: as a test wants it"
    assert job.until(lambda *_: seen.append(job.summary["status"])) is None
    assert set(seen[8:]) == {"running"}
    assert (job.summary["status"], job.summary["steps"]) == ("finished", 34)
    assert "error" not in job.summary
    assert_same_run(job.undisturbed(), job.run)


def raises(error):
    """An action."""

    def action(*_):
        raise error

    return action


FORESEEN = {
    "a loss": NonFiniteLoss("kl is no longer finite"),
    "memory": MemoryError(),
    "a mistake": ConfigError([Problem("a", "is odd", "Type: b"), Problem("c", "is even")]),
    "another rank": RankFailed("rank 1 failed first: x\n    The traceback is in y", 3),
}


@pytest.mark.parametrize("kind", FORESEEN)
def test_a_failure_with_a_message_has_it_in_summary_and_log_and_leaves_no_traceback(
    kind, breakable, monkeypatch, capfd
):
    job = breakable("vae")
    monkeypatch.setattr(door, "dispatch", lambda *_: job.train(raises(FORESEEN[kind])))
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    code = door.outcome("train", [])
    said, error = capfd.readouterr().err, job.summary["error"]
    assert (job.summary["status"], code) == ("failed", getattr(FORESEEN[kind], "exit_code", 1))
    words = (job.run / "log.txt").read_text().split("error: ")[-1] if code in (1, 2) else str(FORESEEN[kind])
    assert error == " ".join(words.split())
    assert error in " ".join(said.split())
    assert str(FORESEEN[kind]) in said
    assert (job.run / "log.txt").read_text().endswith(f"{words.rstrip()}\n")
    assert not (job.run / "errors").exists()
    if kind == "a loss":
        assert error == "kl is no longer finite No checkpoint had been written yet."


def test_a_stop_is_no_failure_and_its_line_is_in_the_log(breakable):
    job = breakable("vae")
    stop = job.until(raises(Stopped(75, "stopped after batch 1")))
    assert type(stop) is Stopped
    assert job.summary["status"] == "preempted"
    assert "error" not in job.summary
    assert (job.run / "log.txt").read_text().endswith("\nstopped after batch 1\n")


def test_a_process_that_ends_for_another_rank_says_so_in_its_summary(breakable, monkeypatch):
    """The watch over the ranks calls this before it ends the process."""
    job = breakable("vae")
    monkeypatch.setattr(Training, "run", lambda self: self.end_for(RankFailed("rank 1 died first")) or 0)
    assert job.until() is None
    assert (job.summary["status"], job.summary["error"]) == ("failed", "rank 1 died first")


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def test_no_rank_outlives_the_first_and_lightning_does_not_kill_that_for_the_codes_of_the_others():
    """One of two waits in a collective, where no signal reaches it."""
    obedient = subprocess.Popen(["sleep", "60"])
    stubborn = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    stubborn.stdout.readline()
    strategy = DataParallel(600)
    strategy._launcher = SimpleNamespace(procs=[obedient, stubborn])
    started = stop_other_ranks(SimpleNamespace(strategy=strategy))
    assert (strategy.launcher.procs, started) == ([], [obedient, stubborn])
    assert strategy.started == {"1": obedient, "2": stubborn}
    await_ranks(started, 0.2)
    stubborn.stdout.close()
    assert (obedient.returncode, stubborn.returncode) == (-15, -9)
    assert stop_other_ranks(SimpleNamespace(strategy="auto")) == []
