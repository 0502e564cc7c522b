"""Pieces of a computation: each computed once, whole or absent, and refused when damaged."""

import pytest
import torch

from genlab.contracts import DataError
from genlab.metrics.extractors import kept as module
from genlab.metrics.extractors.kept import Kept


def never():
    """For a piece that must be on disk."""
    pytest.fail("computed again")


def test_a_piece_is_computed_once(tmp_path):
    first = {"features": torch.arange(6.0).view(2, 3), "names": ["a"], "seconds": 0.5}
    assert Kept(tmp_path / "new").piece("batch-0", lambda: first) is first
    again = Kept(tmp_path / "new").piece("batch-0", never)
    assert torch.equal(again["features"], first["features"])
    assert (again["names"], again["seconds"]) == (["a"], 0.5)


def test_pieces_are_apart_by_name_and_folder(tmp_path):
    places = [(tmp_path / "x", "0"), (tmp_path / "x", "1"), (tmp_path / "y", "0")]
    for number, (folder, name) in enumerate(places):
        Kept(folder).piece(name, lambda number=number: number)
    assert [Kept(folder).piece(name, never) for folder, name in places] == [0, 1, 2]


def test_without_a_folder_nothing_is_kept():
    assert [Kept(None).piece("0", lambda n=n: n) for n in (1, 2)] == [1, 2]
    Kept(None).drop()


def test_a_kill_costs_the_piece_in_work_only(tmp_path):
    kept = Kept(tmp_path)
    kept.piece("0", lambda: 0)
    with pytest.raises(KeyboardInterrupt):
        kept.piece("1", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert [path.name for path in tmp_path.iterdir()] == ["0.pt"]
    assert kept.piece("0", never) == 0
    assert kept.piece("1", lambda: 1) == 1


def test_a_damaged_piece_is_refused_with_the_remedy(tmp_path):
    Kept(tmp_path).piece("0", lambda: torch.zeros(3))
    path = tmp_path / "0.pt"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"0\.pt cannot be read\. Delete it"):
        Kept(tmp_path).piece("0", never)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"paths\.cache=DIR"):
        Kept(tmp_path / "file" / "below").piece("0", lambda: 0)


def test_dropped_pieces_leave_nothing(tmp_path):
    kept = Kept(tmp_path / "pieces")
    kept.piece("0", lambda: 0)
    kept.drop()
    kept.drop()
    assert not list(tmp_path.iterdir())


# ---- in batches -------------------------------------------------------------------------------------------------------


def test_batches_cover_the_rows_once_and_in_order(tmp_path):
    for folder in (None, tmp_path):
        found = list(Kept(folder).batches("", 7, 3, lambda rows: list(rows)))
        assert found == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(Kept(tmp_path).batches("", 7, 3, never)) == found


def test_batches_that_take_no_time_share_a_file(tmp_path, monkeypatch):
    list(Kept(tmp_path / "quick").batches("", 7, 3, len))
    monkeypatch.setattr(module, "SECONDS", 0)
    list(Kept(tmp_path / "slow").batches("", 7, 3, len))
    assert [len(list((tmp_path / name).iterdir())) for name in ("quick", "slow")] == [1, 3]


def test_batches_go_on_where_a_kill_left_them_whatever_their_size_is_now(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0)
    begun = Kept(tmp_path).batches("", 7, 3, lambda rows: list(rows))
    next(begun)
    begun.close()
    assert list(Kept(tmp_path).batches("", 7, 2, lambda rows: list(rows))) == [[0, 1, 2], [3, 4], [5, 6]]
