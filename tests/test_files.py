"""Files whole or absent, one process at a time, and kept results: made once, whole, and never half-read."""

import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from genlab.contracts import DataError
from genlab.files import cached, key_of, locked, temporary


def anything(_):
    return True


def test_a_file_takes_its_place_when_it_is_whole_and_not_before(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), temporary(path) as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    with temporary(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_nothing_came_into_goes_again_and_one_that_was_there_stays(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "new" / "deep" / "a"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path / "new" / "a"):
        (tmp_path / "new" / "a").write_text("came")
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "new" / "b"):
        raise ZeroDivisionError
    assert (tmp_path / "new" / "a").read_text() == "came"


def test_it_is_made_once(tmp_path):
    path = tmp_path / "deep" / "a.pt"
    assert cached(path, lambda: {"x": torch.ones(3), "n": 0.5}, anything)["n"] == 0.5
    assert cached(path, lambda: pytest.fail("made twice"), anything)["x"].tolist() == [1, 1, 1]


def test_those_that_ask_together_make_it_once(tmp_path):
    made, start = [], threading.Barrier(4)

    def make():
        made.append(1)
        return torch.arange(1_000_000)

    def ask(_):
        start.wait(timeout=30)
        return int(cached(tmp_path / "value.pt", make, anything)[-1])

    with ThreadPoolExecutor(
        4
    ) as racers:  # the lock belongs to an open file: to a thread here as to a process elsewhere
        assert list(racers.map(ask, range(4))) == [999_999] * 4
    assert made == [1]


def test_a_maker_that_fails_leaves_nothing_and_says_so_itself(tmp_path):
    with pytest.raises(ZeroDivisionError):
        cached(tmp_path / "a.pt", lambda: 1 / 0, anything)
    assert not list(tmp_path.glob("*.pt")) and not list(tmp_path.glob(".*.tmp"))


def test_a_place_that_cannot_be_written_is_a_message_with_the_remedy(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as a full disk: the write fails half-way
        with pytest.raises(DataError, match=r"paths\.cache=DIR"):
            cached(tmp_path / "a.pt", lambda: torch.rand(10_000), anything)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob("*.pt")) and not list(tmp_path.glob(".*.tmp"))


@pytest.fixture
def file(tmp_path):
    cached(tmp_path / "a.pt", lambda: torch.arange(40.0), anything)
    return tmp_path / "a.pt"


def assert_named(file):
    with pytest.raises(DataError, match=r"a\.pt cannot be read. Delete it, and the next run makes it again"):
        cached(file, lambda: pytest.fail("made again"), anything)


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.5, 0.99])
def test_a_cut_file_is_named_with_what_to_do(file, share):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    assert_named(file)


def test_one_changed_byte_is_noticed_wherever_it_is(file):
    whole = file.read_bytes()
    for place in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        file.write_bytes(changed)
        assert_named(file)
    file.write_bytes(whole)
    assert cached(file, lambda: pytest.fail("made again"), anything).tolist() == list(range(40))


def test_what_does_not_fit_is_refused(file):
    with pytest.raises(DataError, match=r"a\.pt cannot be read. Delete it"):
        cached(file, lambda: pytest.fail("made again"), lambda value: value.shape == (41,))


def test_a_key_follows_every_fact():
    facts = ("digest", {"train": 3}, (1, 8, 8), None, 0.5)
    assert key_of(*facts) == key_of(*facts)
    for i, other in enumerate(("digesT", {"train": 4}, (1, 8, 9), 0, 0.25)):
        assert key_of(*facts[:i], other, *facts[i + 1 :]) != key_of(*facts)


def test_a_result_that_cannot_be_cached_is_a_mistake_with_a_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot write .*file/features/x.pt: .*Not a directory.*paths.cache=DIR"):
        cached(tmp_path / "file" / "features" / "x.pt", lambda: pytest.fail("it was computed in vain"), bool)
