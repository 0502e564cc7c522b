"""``data.stage=DIR``: the same set, read from one copy on the node's own disk, however many ranks and runs read it."""

import multiprocessing
import os

import numpy as np
import pytest

from data.store.test_handover import PATHS, SETS, assert_same, located
from genlab.apps.command.paths import prepare
from genlab.apps.train.train import run as run_train
from genlab.contracts import ConfigError, DataError
from genlab.data.store import stage
from genlab.data.store.columns import Ragged
from genlab.data.store.handover import NAME, hand_over, handed_over, in_store
from genlab.data.store.stage import stage_folder, staged
from genlab.files import read_json


@pytest.fixture
def made(composed, folders):
    return lambda name: prepare(composed(*SETS[name], *located(folders[PATHS[name]] if name in PATHS else {})))


def stores(prepared):
    """Where the columns lie that are in a store."""
    places = [in_store(column) for part in prepared.columns.values() for column in part.values()]
    return {place["store"] for place in places if place}


def copied(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture
def copies(monkeypatch):
    """The names of the files that were copied."""
    found, original = [], stage.copy
    monkeypatch.setattr(stage, "copy", lambda source, *rest: found.append(source.name) or original(source, *rest))
    return found


@pytest.mark.parametrize("name", SETS)
def test_a_staged_set_is_the_same_set_memory_mapped_from_the_copy(name, made, tmp_path, copies, capsys):
    before = made(name)
    after = staged(before, tmp_path)
    assert (after.spec, after.augmentation, after.files) == (before.spec, before.augmentation, before.files)
    for split, part in before.columns.items():
        assert part.keys() == after.columns[split].keys()
        for column in part:
            assert_same(part[column], after.columns[split][column])
    in_files = name not in ("digits", "toy2d")
    assert stores(after) == {str(path) for path in copied(tmp_path)}
    assert bool(copies) is in_files
    assert ("nothing to copy" in capsys.readouterr().err) is not in_files
    flats = [c.flat if isinstance(c, Ragged) else c for part in after.columns.values() for c in part.values()]
    assert any(isinstance(flat, np.memmap) for flat in flats) is in_files
    assert staged(before, tmp_path).origins == after.origins  # the next run
    assert len(copies) == len(set(copies))
    assert [path.name for path in tmp_path.iterdir() if ".staging." in path.name] == []


def test_ranks_of_other_nodes_get_the_store_and_make_their_own_copy(made, tmp_path):
    before = made("mnist")
    first = staged(before, tmp_path / "one")
    hand_over(first, tmp_path)
    parts = read_json(tmp_path / NAME)["columns"].values()
    assert {place["store"] for part in parts for place in part.values() if place} == stores(before)
    other = staged(handed_over(tmp_path), tmp_path / "two")
    assert stores(other) == {str(path) for path in copied(tmp_path / "two")}
    assert_same(first.images["train"], other.images["train"])


def test_two_processes_at_once_make_one_copy(made, tmp_path, monkeypatch):
    before, context = made("folder"), multiprocessing.get_context("fork")
    count, together, original = context.Value("i", 0), context.Barrier(2), stage.make_copy
    answers = context.Queue()

    def counted(*arguments):
        with count.get_lock():
            count.value += 1
        original(*arguments)

    def one():
        together.wait(20)
        prepared = staged(before, tmp_path)
        answers.put((sorted(stores(prepared)), int(np.asarray(prepared.columns["train"]["image"][0]).sum())))

    monkeypatch.setattr(stage, "make_copy", counted)
    processes = [context.Process(target=one) for _ in range(2)]
    for process in processes:
        process.start()
    first, second = (answers.get(timeout=30) for _ in processes)
    for process in processes:
        process.join(20)
    assert first == second
    assert (count.value, len(copied(tmp_path))) == (1, 1)


def test_a_copy_that_is_cut_or_of_another_store_is_made_again(made, tmp_path, copies):
    before = made("mnist")
    whole = staged(before, tmp_path).images["train"].copy()
    (place,) = copied(tmp_path)
    made_once = len(copies)
    (tmp_path / f".{place.name}.staging.1").mkdir()  # of a process that was killed
    os.truncate(place / "train.image", 1000)
    assert np.array_equal(staged(before, tmp_path).images["train"], whole)
    assert len(copies) == 2 * made_once
    text = (place / "manifest.json").read_text()
    (place / "manifest.json").write_text(text.replace(read_json(place / "manifest.json")["digest"], "0" * 64))
    assert np.array_equal(staged(before, tmp_path).images["train"], whole)
    assert len(copies) == 3 * made_once
    assert copied(tmp_path) == [place]


def test_a_disk_without_room_is_refused_before_anything_is_copied(made, tmp_path, monkeypatch, copies):
    usage = stage.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(stage.shutil, "disk_usage", lambda folder: usage._replace(free=stage.SPARE + 100))
    with pytest.raises(DataError, match=r"the set takes \d+ MiB, and 64 MiB are free there\. Make room"):
        staged(made("mnist"), tmp_path)
    assert (copies, copied(tmp_path)) == ([], [])


def test_a_disk_that_fails_leaves_no_half(made, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage, "copy", full)
    with pytest.raises(DataError, match=r"cannot copy .*No space left.*data\.stage=DIR"):
        staged(made("mnist"), tmp_path)
    assert copied(tmp_path) == []


def test_variables_and_home_are_those_of_the_node(tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("$SCRATCH/sets", "${SCRATCH}/sets", "~/sets"):
        assert stage_folder(text) == tmp_path / "sets"
    assert not (tmp_path / "sets").exists()
    monkeypatch.delenv("SCRATCH")
    with pytest.raises(ConfigError, match=r"data\.stage=\$SCRATCH/x: the variable SCRATCH is not set on this node"):
        stage_folder("$SCRATCH/x")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"data\.stage=.*file: cannot be written"):
        stage_folder(str(tmp_path / "file"))


def test_the_key_reaches_the_training_and_a_check_copies_nothing(composed, tmp_path, monkeypatch):
    monkeypatch.setenv("NODE", str(tmp_path / "node"))
    given = [
        "data=mnist",
        "data.limit=50",
        "data.stage=$NODE/sets",
        f"paths.runs={tmp_path}",
        "logger=csv",
        "metrics=none",
    ]
    assert run_train(composed(*given, "check_only=true"), []) == 0
    assert not (tmp_path / "node").exists()
    seen = []
    monkeypatch.setattr("genlab.apps.train.training.fit", lambda cfg, typed, prepared, *_: seen.append(prepared) or 0)
    assert run_train(composed(*given), []) == 0
    assert stores(seen[0]) == {str(path) for path in copied(tmp_path / "node" / "sets")}
