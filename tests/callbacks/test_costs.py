"""What measuring costs: summed by stage and by evaluator, over resumes, and said where it is more than the training."""

import pytest
import torch

from genlab.apps.train.messages import closing
from genlab.callbacks import costs
from genlab.callbacks.costs import Costs, advice
from genlab.runs.directory import RunDirectory


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(costs, "time", clock)
    return clock


def spend(found, clock, **seconds):
    for who, duration in seconds.items():
        with found.lap(who):
            clock.now += duration


def test_seconds_are_those_of_each_evaluator_and_stage_also_over_a_resume(clock):
    first = Costs()
    spend(first, clock, extractors=5)
    first.settle("extractors")
    spend(first, clock, fid=1, kid=2)
    clock.now += 50  # the model's own validation, and training
    spend(first, clock, fid=0.5)
    assert first.settle("val") == {"fid": 1.5, "kid": 2}
    again = Costs()
    spend(again, clock, extractors=1)
    again.settle("extractors")
    again.continue_from(first.state())
    spend(again, clock, fid=3)
    again.settle("test")
    assert again.stated() == {
        **{"seconds": 6.5, "val": 3.5, "test": 3, "extractors": 6},
        "by_evaluator": {"fid": 4.5, "kid": 2},
    }


def test_a_checkpoint_of_before_has_no_costs_and_no_evaluators_cost_nothing():
    found = Costs()
    found.continue_from({})
    assert found.stated() == {"seconds": 0, "extractors": 0, "by_evaluator": {}}


@pytest.mark.parametrize(
    ("measuring", "epoch", "every", "epochs", "word"),
    [
        (12, 4, 1, 100, "metrics.every_n_epochs=9"),  # 12 s of 48
        (12, 4, 1, 5, "metrics.every_n_epochs=5"),  # the last one in any case
        (12, 4, 1, -1, "metrics.every_n_epochs=9"),
        (12, 4, 1, 1, None),
        (12, 13, 1, 100, None),
        (12, 4, 3, 100, None),
        (4.9, 0.1, 1, 100, None),  # nobody waits for so long
    ],
)
def test_measuring_that_takes_longer_than_the_training_is_said_with_how_often_to_do_it(
    measuring, epoch, every, epochs, word
):
    told = advice(measuring, epoch, every, epochs)
    assert (told is None) if word is None else told.endswith(word)


def test_it_is_said_once_by_the_pace_of_the_batches_and_without_what_is_made_but_once(clock, capsys):
    found = Costs()

    def epoch(training, batches, **seconds):
        found.training_begins(0)
        clock.now += training
        found.training_pauses(batches)
        spend(found, clock, **seconds)
        found.advise(found.settle("val"), 20, 1, 100)

    epoch(10, 10, real_images=900, fid=19)  # 20 s an epoch
    epoch(0, 0, fid=30)  # continued at the end of an epoch: nothing is known
    assert capsys.readouterr().err == ""
    epoch(10, 10, fid=30)
    epoch(10, 10, fid=30)
    again = Costs()
    again.continue_from(found.state())
    said = (
        "note      measuring took 30 s, the training of an epoch 20.0 s. Measure less often: metrics.every_n_epochs=5\n"
    )
    assert capsys.readouterr().err == said
    assert again.told


def test_the_end_says_how_much_of_the_time_went_into_it(tmp_path, capsys):
    for seconds, measuring in ((310.2, 40.7), (4.94, 0.44), (9, 0)):
        closing(RunDirectory(tmp_path), seconds, measuring)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("measuring")]
    assert lines == ["measuring 41 s of 310 s (13 %)", "measuring 0.4 s of 4.9 s (9 %)"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_work_is_timed_and_not_its_being_asked_for():
    found = Costs()
    found.device = torch.device("cuda")
    with found.lap("fid"):
        torch.cuda._sleep(500_000_000)
    with found.lap("kid"):
        pass
    spent = found.settle("val")
    assert spent["fid"] > 0.1 > spent["kid"]
