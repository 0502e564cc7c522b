"""What is started when, what is told of failures, and how a sweep ends: with an engine that only writes results."""

import json
import os
import signal

import pytest

from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.results import Results
from genlab.apps.sweep.scheduler import Scheduler
from genlab.contracts import Stopped
from genlab.signals import catch
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.spec import read_sweep

FILE = """
program: src/train.py
method: grid
metric: {name: val/loss, goal: minimize, target: 2.5}
parameters: {model.beta: {values: [4, 3, 2, 1]}}
"""


class Pretended:
    """An engine whose trials end at the next look, with the loss beta and the code that ``codes`` has for them."""

    outlives = False

    def __init__(self, folder, workers=1, codes=None, outlives=False):
        self.folder, self.workers, self.codes, self.outlives = folder, workers, codes or {}, outlives
        self.running, self.started, self.stopped = {}, [], []

    @property
    def room(self):
        return self.workers - len(self.running)

    def start(self, trials):
        for trial in trials:
            self.running[trial.key] = (trial,)
            self.started.append(trial.key)

    def ended(self):
        for key, (trial,) in list(self.running.items()):
            code = 143 if key in self.stopped else self.codes.get(key, 0)
            if code is None:
                continue
            del self.running[key]
            summary = {"status": "finished", "metrics": {"val/loss": float(trial.values["model.beta"])}}
            if code == 0:
                self.folder.run_of(trial).mkdir()
                (self.folder.run_of(trial) / "summary.json").write_text(json.dumps(summary))
            self.folder.write_code(trial, code)
            yield trial, code

    def log_of(self, trial):
        return self.folder.log_of(trial)

    def stop(self, trial):
        self.stopped.append(trial.key)

    def kill(self):
        self.running.clear()


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """A function that makes a scheduler of four cells with a pretended engine."""
    monkeypatch.setattr("genlab.apps.sweep.scheduler.LOOK", 0.0)

    def make(text=FILE, **engine):
        (tmp_path / "beta.yaml").write_text(text)
        folder = SweepFolder(tmp_path / "sweep")
        choice = Choice(read_sweep(tmp_path / "beta.yaml"), 0, 1, None)
        if not folder.path.exists():
            folder.path.mkdir()
            folder.begin(text, {})
            folder.append(choice.trials())
        return Scheduler(folder, Pretended(folder, **engine), Results(folder, choice, None), lambda rows: None)

    return make


def once(number):
    """What shows the table: it sends this process a signal, the first time."""
    waiting = [number]
    return lambda rows: waiting and os.kill(os.getpid(), waiting.pop())


def test_trials_start_in_order_as_there_is_room(sweep):
    one = sweep(FILE.replace(", target: 2.5", ""), workers=2)
    one.run(catch())
    assert one.engine.started == ["1", "2", "3", "4"]
    assert [row.state for row in one.folder.rows()] == ["finished"] * 4


def test_nothing_starts_after_a_result_that_is_good_enough(sweep):
    one = sweep()
    one.run(catch())
    assert one.engine.started == ["1", "2", "3"]


def test_a_failed_trial_is_named_with_its_last_words_and_the_others_go_on(sweep, capfd):
    one = sweep(FILE.replace(", target: 2.5", ""), codes={"2": 1})
    one.folder.log_of(one.folder.trials()[1]).write_text("epoch 1\nfailed: ValueError: of my own\n    the traceback\n")
    one.run(catch())
    said = capfd.readouterr().err
    assert "cell 2 (model.beta=3), exit code 1: failed: ValueError: of my own" in said
    assert [trial.key for trial in one.failed] == ["2"]
    assert [row.state for row in one.folder.rows()] == ["finished", "failed", "finished", "finished"]


def test_what_is_finished_is_not_started_again_and_what_has_failed_is(sweep):
    sweep(FILE.replace(", target: 2.5", ""), codes={"3": 1}).run(catch())
    again = sweep(FILE.replace(", target: 2.5", ""))
    again.run(catch())
    assert again.engine.started == ["3"]


def test_a_signal_lets_running_trials_save_and_says_how_to_go_on(sweep):
    one, signals = sweep(codes={"1": None, "2": None}, workers=2), catch()
    one.shown = once(signal.SIGTERM)
    with pytest.raises(Stopped, match=f"sweep.py {one.folder.path}") as stopped:
        one.run(signals)
    assert stopped.value.exit_code == 143
    assert sorted(set(one.engine.stopped)) == ["1", "2"] and not one.engine.running
    assert not one.failed


def test_a_second_ctrl_c_ends_the_trials_at_once(sweep, monkeypatch):
    one, signals, ended = sweep(codes={"1": None}), catch(), []
    monkeypatch.setattr(one.engine, "stop", lambda trial: None)  # it takes its time
    monkeypatch.setattr(one.engine, "kill", lambda: ended.append("killed"))
    waiting = [signal.SIGINT, signal.SIGINT]
    one.shown = lambda rows: waiting and [os.kill(os.getpid(), waiting.pop()) for _ in (1, 2)]
    with pytest.raises(Stopped) as stopped:
        one.run(signals)
    assert stopped.value.exit_code == 130 and ended == ["killed"]


def test_jobs_of_a_cluster_go_on_when_the_sweep_is_stopped(sweep):
    one, signals = sweep(codes={"1": None}, outlives=True), catch()
    one.shown = once(signal.SIGINT)
    with pytest.raises(Stopped):
        one.run(signals)
    assert one.engine.running and not one.engine.stopped


def validated(folder, trial, values):
    """What a run has reported at its validations so far."""
    folder.run_of(trial).mkdir(exist_ok=True)
    rows = "".join(f"{step},{value}\n" for step, value in enumerate(values, 1))
    (folder.run_of(trial) / "metrics.csv").write_text(f"step,val/loss\n{rows}")


def test_a_trial_that_is_worse_than_the_others_at_its_validation_is_ended_once_and_stands_as_pruned(sweep, capfd):
    text = FILE.replace(", target: 2.5", "") + "early_terminate: {type: hyperband, min_iter: 1, eta: 2}\n"
    one = sweep(text, workers=1, codes={"4": None})
    first, second, third, last = one.folder.trials()
    for trial, loss in ((first, 1.0), (second, 1.1), (third, 1.2)):
        validated(one.folder, trial, [loss] * 8)
        summary = {"status": "finished", "metrics": {"val/loss": loss}}
        (one.folder.run_of(trial) / "summary.json").write_text(json.dumps(summary))
    validated(one.folder, last, [9.0] * 8)  # at which its bracket compares
    one.queue = type(one.queue)([last])
    one.run(catch())
    assert one.engine.stopped == ["4"]
    assert [row.state for row in one.folder.rows()] == ["finished"] * 3 + ["pruned"]
    assert not one.failed and "pruned    cell 4 (model.beta=1)" in capfd.readouterr().err
