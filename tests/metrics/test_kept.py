"""Kept results: made once by any number of processes, whole or absent, and never half-read."""

import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from genlab.contracts import DataError
from genlab.metrics.kept import kept


def test_it_is_made_once(tmp_path):
    assert kept(tmp_path / "deep" / "a.pt", lambda: {"x": torch.ones(3), "n": 0.5})["n"] == 0.5
    assert kept(tmp_path / "deep" / "a.pt", lambda: pytest.fail("made twice"))["x"].tolist() == [1, 1, 1]


def test_those_that_ask_together_make_it_once(tmp_path):
    made, start = [], threading.Barrier(4)

    def make():
        made.append(1)
        return torch.arange(1_000_000)

    def ask(_):
        start.wait(timeout=30)
        return int(kept(tmp_path / "value.pt", make)[-1])

    with ThreadPoolExecutor(
        4
    ) as racers:  # the lock belongs to an open file: to a thread here as to a process elsewhere
        assert list(racers.map(ask, range(4))) == [999_999] * 4
    assert made == [1]


def test_a_maker_that_fails_leaves_nothing_and_says_so_itself(tmp_path):
    with pytest.raises(ZeroDivisionError):
        kept(tmp_path / "a.pt", lambda: 1 / 0)
    assert not list(tmp_path.glob("*.pt")) and not list(tmp_path.glob(".*.tmp"))


def test_a_place_that_cannot_be_written_is_a_message_with_the_remedy(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as a full disk: the write fails half-way
        with pytest.raises(DataError, match=r"paths\.cache=DIR"):
            kept(tmp_path / "a.pt", lambda: torch.rand(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob("*.pt")) and not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_cut_file_is_named_with_what_to_do(tmp_path, share):
    path = tmp_path / "a.pt"
    kept(path, lambda: torch.rand(1000))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"a\.pt cannot be read. Delete it"):
        kept(path, lambda: torch.rand(1000))
