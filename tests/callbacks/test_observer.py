"""When a training is looked at from outside: by our own counter, by rank 0, and once at the end."""

from types import SimpleNamespace

import pytest

from genlab.callbacks.observer import Observer
from genlab.contracts import NonFiniteLoss, Stopped


class Notes(Observer):
    """Notes at which batch it was called, and for what."""

    def __init__(self, every_n_batches=10):
        super().__init__(every_n_batches)
        self.begun, self.observed, self.concluded = [], [], []

    def attach(self, model, prepared, title):
        """There is nothing to take."""

    def begin(self, model):
        self.begun.append((model.batches_seen, len(self.observed)))

    def observe(self, model):
        self.observed.append(model.batches_seen)

    def conclude(self, model):
        self.concluded.append(model.batches_seen)


def watched(start=0, end=40, accumulated=1, is_rank_0=True):
    """Notes of the batches from ``start`` to ``end``, with an update every so many, and the model that was trained."""
    notes, model = Notes(), SimpleNamespace(batches_seen=start)
    model.inside_update = lambda: model.batches_seen % accumulated != 0
    notes.on_train_start(SimpleNamespace(is_global_zero=is_rank_0), model)
    for model.batches_seen in range(start + 1, end + 1):
        notes.on_train_batch_end(None, model, None, None, 0)
    return notes, model


def test_it_observes_before_the_first_batch_and_every_n_batches():
    notes, model = watched()
    assert (notes.begun, notes.observed, notes.concluded) == ([(0, 0)], [0, 10, 20, 30, 40], [])
    notes.on_train_end(None, model)
    assert notes.concluded == [40]


def test_a_resumed_run_does_not_observe_where_it_goes_on():
    notes, _ = watched(start=20)
    assert (notes.begun, notes.observed) == ([(20, 0)], [30, 40])
    assert watched(start=28, end=31)[0].observed == [30]


def test_it_observes_between_updates_of_several_batches():
    assert watched(accumulated=3)[0].observed == [0, 12, 21, 30]


def test_rank_0_alone_observes():
    notes, model = watched(is_rank_0=False)
    notes.on_train_end(None, model)
    assert notes.begun == notes.observed == notes.concluded == []


@pytest.mark.parametrize(
    ("error", "concludes"), [(Stopped(143), True), (NonFiniteLoss("loss_d"), True), (ValueError("a bug"), False)]
)
def test_it_concludes_once_after_a_stop_or_a_loss_that_is_not_finite_and_after_no_other_error(error, concludes):
    notes, model = watched()
    notes.on_exception(None, model, error)
    notes.on_exception(None, model, error)  # as in a test that is stopped later
    assert len(notes.concluded) == concludes


def test_what_ends_before_training_began_has_no_conclusion():
    notes = Notes()
    notes.on_exception(None, SimpleNamespace(batches_seen=0), Stopped(143))
    assert notes.concluded == []
