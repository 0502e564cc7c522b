"""What further ranks get of the set that rank 0 has prepared: the same, without a look at a source file."""

import shutil

import numpy as np
import pytest

from genlab.apps.command.paths import prepare
from genlab.apps.train import train
from genlab.contracts import DataError
from genlab.data.store.columns import Ragged
from genlab.data.store.handover import ARRAYS, NAME, hand_over, handed_over
from genlab.files import read_json, write_json
from genlab.runs.find import choose_run

SETS = {
    "digits": ["data=digits", "data.limit=50"],  # in no store
    "toy2d": ["model=gan", "data=toy2d", "data.count=1000"],
    "mnist": ["data=mnist", "data.limit=50"],
    "celeba": ["data=celeba", "data.limit=20"],
    "one attribute": ["data=celeba", "data.label=Smiling"],
    "folder": ["data=folder"],
    "domains": ["model=cyclegan", "data=unpaired_folders", "data.limit=5", "data.preprocess=none"],
    "speech": ["model=cyclegan", "data=speech_folders", "data.limit=5"],
    "pairs": ["model=pix2pix", "data=paired_folders", "data.direction=BtoA", "data.crop_size=256"],
}
PATHS = {"speech": "speech_folders", "folder": "folder", "domains": "unpaired_folders", "pairs": "paired_folders"}


def located(place):
    """Where a set lies, in words to type: a folder, or several by their keys."""
    return [f"data.{key}={one}" for key, one in (place if isinstance(place, dict) else {"path": place}).items()]


@pytest.fixture
def made(composed, folders):
    return lambda name: prepare(composed(*SETS[name], *located(folders[PATHS[name]] if name in PATHS else {})))


def assert_same(one, other):
    assert type(one) is type(other) or {type(one), type(other)} <= {np.ndarray, np.memmap}
    if isinstance(one, Ragged):
        assert np.array_equal(one.shapes, other.shapes)
        one, other = (np.concatenate([c[i].ravel() for i in range(len(c))]) for c in (one, other))
    assert one.dtype == other.dtype
    assert np.array_equal(one, other)


@pytest.mark.parametrize("name", SETS)
def test_a_set_arrives_as_it_was_prepared(name, made, tmp_path):
    before = made(name)
    hand_over(before, tmp_path)
    after = handed_over(tmp_path)
    assert (after.spec, after.augmentation, after.files) == (before.spec, before.augmentation, before.files)
    for split, part in before.columns.items():
        assert part.keys() == after.columns[split].keys()
        for column in part:
            assert_same(part[column], after.columns[split][column])
    assert (before.modes is None) == (after.modes is None)
    assert before.modes is None or np.array_equal(before.modes.centres, after.modes.centres)
    large = [
        c["store"] for part in read_json(tmp_path / ".prepared.json")["columns"].values() for c in part.values() if c
    ]
    assert bool(large) == (name not in ("digits", "toy2d"))


def test_a_further_rank_takes_the_set_of_rank_0_and_prepares_nothing(composed, tmp_path, monkeypatch):
    cfg = composed("data=mnist", "check_only=true")
    hand_over(prepare(cfg), tmp_path)
    asked = []
    monkeypatch.setattr(train, "is_rank_0", lambda: False)
    monkeypatch.setattr(train, "directory_of_rank_0", lambda runs: tmp_path)
    monkeypatch.setattr(train, "prepare", asked.append)
    assert train.run(cfg, []) == 0
    assert asked == []


@pytest.mark.parametrize(
    ("keys", "left"), [([], False), (["trainer.devices=2"], True), (["trainer.num_nodes=2"], True)]
)
def test_rank_0_leaves_the_set_while_it_runs_if_others_come(keys, left, composed, tmp_path):
    cfg = composed("data=digits", f"paths.runs={tmp_path}", *keys)
    prepared = prepare(cfg)
    with choose_run(cfg, prepared.spec, None, None).open(cfg, [], prepared) as directory:
        assert {path.name for path in directory.path.glob(".prepared.*")} == ({NAME, ARRAYS} if left else set())
    assert not list(directory.path.glob(".prepared.*"))


def test_another_store_in_its_place_is_refused_and_an_absent_one_is_no_error(made, tmp_path):
    hand_over(made("mnist"), tmp_path)
    facts = read_json(tmp_path / ".prepared.json")
    places = [place for part in facts["columns"].values() for place in part.values() if place]
    own = tmp_path / "store"
    shutil.copytree(places[0]["store"], own)
    for place in places:
        place["store"] = str(own)
    write_json(tmp_path / ".prepared.json", facts)
    assert handed_over(tmp_path) is not None
    write_json(own / "manifest.json", read_json(own / "manifest.json") | {"digest": "other"})
    with pytest.raises(DataError, match="has changed since rank 0"):
        handed_over(tmp_path)
    shutil.rmtree(own)
    assert handed_over(tmp_path) is None
