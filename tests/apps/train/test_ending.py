"""What a run directory says while it is being trained, when that fails, and when it is done."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from genlab.apps.command import main as door
from genlab.apps.train.ending import await_ranks, stop_other_ranks
from genlab.apps.train.strategy import DataParallel

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
    assert "failed: ZeroDivisionError: as a test wants it" in capfd.readouterr().err
    assert job.until(lambda *_: seen.append(job.summary["status"])) is None
    assert set(seen[8:]) == {"running"}
    assert (job.summary["status"], job.summary["steps"]) == ("finished", 34)
    assert_same_run(job.undisturbed(), job.run)


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
