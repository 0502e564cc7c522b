"""Images that lie on an accelerator, and batches that are pinned and taken ahead: the same bits in the same order."""

import numpy as np
import pytest
import torch

from genlab.contracts import ConfigError, DataSpec
from genlab.data.store import loader, resident
from genlab.data.store.columns import Crop, Ragged
from genlab.data.store.loader import EvalLoader, Rows, TrainLoader
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData

CPU, ELSEWHERE = torch.device("cpu"), torch.device("meta")
DICE = np.random.default_rng(0)
CUTS = [None, Crop((5, 4)), Crop((5, 4), seed=3, random=True)]


def pictures(count):
    return DICE.integers(0, 256, (count, 3, 7, 6), np.uint8)


def of_many_sizes(count):
    shapes = np.stack([np.full(count, 3), DICE.integers(5, 9, count), DICE.integers(5, 9, count)], 1)
    return Ragged.of(DICE.integers(0, 256, shapes.prod(1).sum(), np.uint8), shapes)


SETS = {
    "images": {"image": pictures(23), "label": DICE.integers(0, 9, 23)},
    "attributes": {"image": pictures(23), "label": DICE.integers(0, 2, (23, 4))},
    "pairs": {"a": pictures(23), "b": pictures(23)},
    "domains": {"a": pictures(23), "b": of_many_sizes(17)},
    "points": {"x": DICE.standard_normal((23, 2)).astype(np.float32)},
}


def loaders(name, cut, on, batch_size=4):
    kind = "images" if name == "attributes" else name
    rows = Rows(kind, SETS[name], cut, on)
    return [TrainLoader(rows, batch_size, 0, rank, 2) for rank in (0, 1)] + [EvalLoader(rows, batch_size, 0, 1)]


CASES = [(name, cut) for name in SETS for cut in CUTS if cut or name != "domains"]


@pytest.mark.parametrize(("name", "cut"), [case for case in CASES if case[0] != "points" or case[1] is None])
def test_batches_indexed_on_a_device_are_those_of_the_host_bit_for_bit(name, cut):
    for there, here in zip(loaders(name, cut, resident.Resident(CPU)), loaders(name, cut, None), strict=True):
        for _ in range(2):  # epochs
            for one, other in zip(there, here, strict=True):
                assert type(one) is type(other)
                for x, y in zip(one, other, strict=True):
                    assert x is y is None or (x.dtype == y.dtype and torch.equal(x, y))


def test_images_of_many_sizes_come_whole_one_by_one():
    rows = Rows("images", {"image": of_many_sizes(5)}, None, resident.Resident(CPU))
    for batch in EvalLoader(rows, 4, 0, 1):
        assert torch.equal(batch.image[0], torch.from_numpy(rows.columns["image"][int(batch.index)].copy()))


@pytest.mark.parametrize("name", SETS)
def test_every_tensor_of_a_batch_lies_on_the_device_of_the_columns(name):
    cut = None if name == "points" else CUTS[-1]
    for there in loaders(name, cut, resident.Resident(ELSEWHERE)):
        assert {x.device for batch in there for x in batch if x is not None} == {ELSEWHERE}


def prepared():
    val = {"image": pictures(9)}
    columns = {"train": {"image": pictures(23)}, "val": val, "test": val}
    return PreparedData(DataSpec("x", "images", (3, 7, 6), {"train": 23, "val": 9, "test": 9}, "0"), columns)


def test_every_column_is_sent_once_whatever_reads_it(monkeypatch):
    sent, send = [], resident.upload
    monkeypatch.setattr(resident, "upload", lambda flat, device: sent.append(flat.nbytes) or send(flat, device))
    made = prepared()
    data = StoreData(made, 4, 0)
    data.keep_on(CPU)
    for read in (data.train_dataloader, data.val_dataloader, data.test_dataloader, data.train_dataloader):
        list(read())
    assert sent == [23 * 126, 9 * 126]
    assert resident.size_of(made) == sum(sent)


def test_a_column_that_is_sent_in_pieces_arrives_whole(monkeypatch):
    monkeypatch.setattr(resident, "PIECE", 100)
    flat = DICE.integers(0, 1000, 61)
    assert torch.equal(resident.upload(flat, CPU), torch.from_numpy(flat))


@pytest.mark.parametrize(
    ("asked", "size", "kind", "lies"),
    [
        ("auto", 250, "cuda", True),
        ("auto", 251, "cuda", False),
        ("auto", 1, "cpu", False),
        (True, 1000, "mps", True),
        (False, 1, "cuda", False),
        (False, 1, "cpu", False),
    ],
)
def test_images_lie_on_a_gpu_where_they_take_a_quarter_of_what_is_free(asked, size, kind, lies, monkeypatch):
    monkeypatch.setattr(resident, "free_memory", lambda device: 1000)
    assert resident.is_resident(asked, size, torch.device(kind)) is lies
    assert (resident.where_images_lie(lies, size, torch.device(kind)) == "") is (kind == "cpu")


@pytest.mark.parametrize(("size", "kind"), [(1, "cpu"), (1001, "cuda")])
def test_images_that_cannot_lie_there_are_refused(size, kind, monkeypatch):
    monkeypatch.setattr(resident, "free_memory", lambda device: 1000)
    with pytest.raises(ConfigError, match="data.on_device=auto"):
        resident.is_resident(True, size, torch.device(kind))


# ---- taken ahead -----------------------------------------------------------------------------------------------------


@pytest.fixture
def unpinned(monkeypatch):
    """Without a GPU no memory can be pinned; what would have been, by its place in the order."""
    seen = []
    monkeypatch.setattr(loader, "pin", lambda x: seen.append(x) or x)
    return seen


def test_batches_taken_ahead_are_the_same_and_none_counts_before_it_is_given(unpinned):
    rows = Rows("images", SETS["images"], CUTS[-1])
    ahead, plain = TrainLoader(rows, 4, 0, 0, 1, ahead=True), TrainLoader(rows, 4, 0, 0, 1)
    for _ in range(2):
        for one, other in zip(ahead, plain, strict=True):
            assert all(torch.equal(x, y) for x, y in zip(one, other, strict=True))
            assert ahead.state_dict() == plain.state_dict()
    assert len(unpinned) == 2 * 5 * 3
    evaluated = zip(EvalLoader(rows, 4, 0, 1, ahead=True), EvalLoader(rows, 4, 0, 1), strict=True)
    assert all(torch.equal(one.image, other.image) for one, other in evaluated)


def test_a_resumed_loader_goes_on_behind_the_last_batch_that_was_given(unpinned):
    rows = Rows("images", SETS["images"])
    first, second = TrainLoader(rows, 4, 0, 0, 1, ahead=True), TrainLoader(rows, 4, 0, 0, 1, ahead=True)
    given = [next(iter(first)).index]
    second.load_state_dict(first.state_dict())
    given += [batch.index for batch in second]
    assert torch.equal(torch.cat(given), torch.cat([batch.index for batch in TrainLoader(rows, 4, 0, 0, 1)]))


def test_an_error_in_the_thread_reaches_who_reads(unpinned):
    def broken():
        yield next(iter(TrainLoader(Rows("images", SETS["images"]), 4, 0, 0, 1)))
        raise OSError("the disk is gone")

    batches = loader.prefetch(broken())
    next(batches)
    with pytest.raises(OSError, match="the disk is gone"):
        next(batches)
