"""Real signals in the middle of a training: saved between two updates, left with the right code, continued to the same bits."""

import os
import signal
import time

import pytest

from genlab.apps import evaluate
from genlab.contracts import Stopped
from genlab.models.vae import VAE

from killing import assert_same_run, assert_same_state, rows
from striking import sends

ENDS = {"SIGINT": (130, "interrupted"), "SIGTERM": (143, "interrupted"), "SIGUSR1": (75, "preempted")}
NUMBERS = [getattr(signal, name) for name in ENDS]
THREE = {"accumulate_grad_batches": 3}
HOUR = {"max_time": "00:01:00:00"}


@pytest.fixture
def handlers():
    """Gives who takes which signal now. Before a run it is somebody, so that what a run does not take ends no test."""
    found = {number: signal.signal(number, lambda *_: None) for number in NUMBERS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: {number: signal.getsignal(number) for number in NUMBERS}
    for number, handler in found.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("model", "accumulated", "strikes"),
    [
        ("vae", 1, [("train", 7, ["SIGTERM", "SIGTERM", "SIGINT"], 7), ("train", 17, ["SIGINT"], 17)]),
        ("vae", 3, [("train", 7, ["SIGINT"], 9), ("train", 16, ["SIGUSR1"], 17), ("train", 18, ["SIGTERM"], 20)]),
        ("dcgan", 3, [("train", 7, ["SIGUSR1"], 9), ("val", 9, ["SIGTERM"], 17), ("train", 18, ["SIGINT"], 20)]),
    ],
    ids=["vae", "vae-accumulated", "dcgan-accumulated"],
)
def test_a_signal_is_obeyed_after_the_update_in_hand_and_nothing_is_lost(
    model, accumulated, strikes, breakable, handlers
):
    """Updates of three batches end after 9, 17 (the end of an epoch: two batches) and 20; the first signal counts."""
    job = breakable(model, trainer={"accumulate_grad_batches": accumulated})
    before = handlers()
    for stage, batch, names, saved in strikes:
        left = job.until(sends(stage, batch, *names))
        code, status = ENDS[names[0]]
        assert (type(left), getattr(left, "exit_code", None)) == (Stopped, code), left
        assert f"stopped by {names[0]} after batch {saved}; saved. Continue: resume=auto" in str(left)
        assert (job.summary["status"], job.summary["steps"], job.saved) == (status, saved, saved)
        assert handlers() == before
    assert job.until() is None
    assert (job.summary["status"], handlers()) == ("finished", before)
    assert_same_run(job.undisturbed(), job.run)


def test_a_second_ctrl_c_ends_at_once_without_saving(breakable, handlers):
    job, before = breakable("vae", trainer=THREE), handlers()
    left = job.until(sends("train", 7, "SIGTERM", "SIGINT", "SIGINT"))
    assert (type(left), str(left)) == (Stopped, "stopped by SIGINT, without saving. Continue: resume=auto")
    assert (job.summary["status"], job.summary["steps"], job.saved) == ("interrupted", 7, None)
    assert handlers() == before


def test_a_signal_during_the_test_says_so_and_the_test_comes_again(breakable, handlers):
    job, before = breakable("vae", trainer={"max_epochs": 1}), handlers()
    for name, (code, status) in ENDS.items():
        left = job.until(sends("test", 17, name))
        assert (type(left), left.exit_code) == (Stopped, code)
        assert str(left) == f"stopped by {name} after batch 17; saved. Continue: resume=auto"
        assert (job.summary["status"], job.saved, handlers()) == (status, 17, before)
        assert not any(metric.startswith("test/") for metric in job.summary["metrics"])
    assert job.until() is None
    assert job.summary["status"] == "finished"
    assert_same_run(job.undisturbed(), job.run)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_evaluation_that_is_told_to_stop_does_so_at_once_and_with_the_code_of_the_signal(
    name, breakable, composed, handlers, monkeypatch, tmp_path
):
    """Not as if it were done: SIGTERM, by Lightning's own handler, would leave with 0."""
    job, before = breakable("vae", trainer={"max_steps": 1}), handlers()
    assert job.until() is None
    terms = VAE.evaluation_terms

    def struck(self, batch, noise):
        os.kill(os.getpid(), getattr(signal, name))
        return terms(self, batch, noise)

    monkeypatch.setattr(VAE, "evaluation_terms", struck)
    cfg = composed(f"ckpt={job.run}", "metrics.test_samples=0", f"output={tmp_path}/out", command="evaluate")
    with pytest.raises(Stopped) as left:
        evaluate.run(cfg, [])
    assert left.value.exit_code == ENDS[name][0]
    assert not (tmp_path / "out").exists()
    assert handlers() == before


@pytest.mark.parametrize("model", ["vae", "dcgan"])
def test_enough_batches_are_counted_in_batches_and_end_with_an_update(model, breakable, handlers):
    """Ended, ended again, struck in the validation of an end, and made longer: trained as if there had been no end.

    Updates of three batches end after 12, 17 (the end of an epoch) and 20.
    """
    job = breakable(model, trainer=THREE)
    for limit, end in ((10, 12), (17, 17), (17, 17)):
        assert job.until(trainer={"max_steps": limit}) is None
        assert (job.summary["status"], job.summary["steps"], job.saved) == ("finished", end, end)
    left = job.until(sends("val", 20, "SIGTERM"), trainer={"max_steps": 19})
    assert (type(left), job.summary["status"], job.saved) == (Stopped, "interrupted", 20), left
    assert job.until() is None
    whole = job.undisturbed()
    assert_same_state(whole, job.run)
    assert trained(whole) == trained(job.run)  # the ends have been validated and tested, too


def trained(run):
    """The training's part of the table."""
    return [{n: row[n] for n in row if not n.startswith(("val/", "test/"))} for row in rows(run / "metrics.csv")]


def test_enough_time_ends_with_an_update_that_is_saved(breakable, monkeypatch):
    """An hour, which is over in batch 7, in the middle of an update."""
    job, ticks, passed = breakable("vae", trainer=THREE), time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: ticks() + sum(passed))

    def action(stage, trainer, model):
        if model.batches_seen == 7:
            passed.append(3600.0)

    assert job.until(action, trainer=HOUR) is None
    assert (job.summary["status"], job.summary["steps"], job.saved) == ("finished", 9, 9)
    assert job.until(trainer=HOUR) is None
    assert (job.summary["steps"], job.saved) == (9, 9)  # the time is that of the whole run
    assert job.until() is None
    assert_same_state(job.undisturbed(), job.run)


def test_a_save_that_falls_due_inside_an_update_comes_at_its_end(breakable):
    """Updates end after 3, 6, 9, 12, 15, 17, 20, 23, 26, 29, 32 and 34 batches; saves fall due at 8, 16, 24 and 32.

    A signal in between has its own save, and brings none forward.
    """
    job, seen = breakable("vae", trainer=THREE, checkpoint={"every_n_steps": 8}), []
    strike = sends("train", 10, "SIGTERM")

    def look(stage, trainer, model):
        if job.saved not in (None, *seen[-1:]):
            seen.append(job.saved)
        strike(stage, trainer, model)

    assert type(job.until(look)) is Stopped
    assert job.until(look) is None
    assert seen == [9, 12, 17, 26, 32, 34]
