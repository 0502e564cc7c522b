"""The DataModule of a resumed run: the order goes on where it stood, and what changes it is refused or said."""

import dataclasses
import warnings

import numpy as np
import pytest

from genlab.contracts import CheckpointError, DataSpec
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData


@pytest.fixture
def prepared():
    spec = DataSpec("x", "images", (1, 2, 2), {"train": 40}, "0")
    return PreparedData(spec, {"train": {"image": np.zeros((40, 1, 2, 2), np.uint8)}})


def advanced(prepared, batches):
    """A DataModule whose loader has given so many batches, and its state; 40 images make 5 batches an epoch."""
    data = StoreData(prepared, 8, 3)
    loader = data.train_dataloader()
    while batches:
        for _ in loader:
            batches -= 1
            if not batches:
                break
    return data.state_dict()


def loaded(prepared, state, batch_size=8, seed=3):
    """Another one, with that state."""
    data = StoreData(prepared, batch_size, seed)
    data.load_state_dict(state)
    return data


def order(data, epochs):
    return [[batch.index.tolist() for batch in data] for _ in range(epochs)]


@pytest.mark.parametrize(("batches", "epoch", "done"), [(0, 0, 0), (3, 0, 3), (5, 0, 5), (13, 2, 3)])
def test_the_order_goes_on_at_its_epoch_and_batch_without_a_word(batches, epoch, done, prepared):
    whole = [indices for passed in order(StoreData(prepared, 8, 3).train_dataloader(), 4) for indices in passed]
    state = advanced(prepared, batches)
    assert state["position"] == {"epoch": epoch, "done": done, "over": done == 5}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loader = loaded(prepared, state).train_dataloader()
    rest = [indices for passed in order(loader, 2) for indices in passed]
    assert rest == whole[batches:][: len(rest)]
    assert len(rest) == (10 if done in (0, 5) else 7)


def test_other_images_are_refused(prepared):
    state = advanced(prepared, 3)
    other = dataclasses.replace(prepared, spec=dataclasses.replace(prepared.spec, digest="other"))
    with pytest.raises(CheckpointError, match=r"the images have changed .*\(resume=null\)"):
        loaded(other, state)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"seed": 4}, "seed was 3 and is now 4"),
        ({"batch_size": 10}, "data.batch_size was 8 and is now 10"),
        ({"world": 2}, "the number of processes was 2 and is now 1"),
        ({"images": 60}, "the number of training images was 60 and is now 40"),  # data.limit: of the same files
    ],
)
def test_each_thing_that_changes_the_order_is_said_by_itself_with_both_values(changed, sentence, prepared):
    state = advanced(prepared, 3)
    was = {key: changed[key] for key in ("world", "images") if key in changed}
    assert state.keys() >= was.keys()
    with pytest.warns(UserWarning) as said:
        data = loaded(prepared, {**state, **was}, **{key: value for key, value in changed.items() if key not in was})
    assert [str(one.message) for one in said] == [
        f"continued, but not exactly: {sentence}, so the order of the images differs."
    ]
    assert data.position == {"epoch": 0, "done": 3, "over": False}


def test_with_another_batch_size_an_epoch_that_was_over_stays_over(prepared):
    state = advanced(prepared, 5)
    with pytest.warns(UserWarning, match="batch_size was 8 and is now 4"):
        loader = loaded(prepared, state, batch_size=4).train_dataloader()
    assert len(list(loader)) == len(loader) == 10
    assert loader.state_dict() == {"epoch": 1, "done": 10, "over": True}
