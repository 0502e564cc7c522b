"""When a mixture of codes is fitted: at the end of a training and where it is missing; the same on every rank."""

import json

import pytest
import torch

import untrained
from genlab.apps.command import main as door
from genlab.apps.command.paths import prepare
from genlab.callbacks.code_mixture import training_codes
from genlab.config.compose import compose
from genlab.contracts import ConfigError
from genlab.data.store.module import StoreData
from genlab.runs.load import load, load_run

AE = ["model=ae", "data=digits", "model.latent_dim=3", "data.limit=200", "model.mixture.components=2"]
SHORT = [*AE, "trainer.max_epochs=2", "callbacks=none"]


def of(run, name="last.ckpt"):
    return load(run / "checkpoints" / name).mixture


def assert_same(one, other):
    assert all(torch.equal(a, b) for a, b in zip(one.buffers(), other.buffers(), strict=True))


def test_a_run_leaves_it_in_its_last_checkpoint_and_measures_its_samples_in_the_test_alone(train):
    run = train(*SHORT, "run_id=a")
    model = load(run)
    assert model.mixture.fitted
    assert not of(run, "previous.ckpt").fitted
    metrics = json.loads((run / "summary.json").read_text())["metrics"]
    assert [name for name in metrics if "fid" in name and "_se" not in name and "floor" not in name] == [
        "test/fid_random_60_vs_180"
    ]
    loaded = load_run(run)
    codes = training_codes(model, StoreData(prepare(loaded.config), 32, 0))
    again = load(run).mixture
    again.fit(codes, model.seed)
    assert_same(again, model.mixture)
    # more training, other codes
    train(*SHORT[:-2], "trainer.max_epochs=3", "callbacks=none", "run_id=a", f"resume={run}")
    assert load(run).mixture.fitted
    assert not torch.equal(of(run).means, again.means)


def test_codes_are_of_images_drawn_by_the_seed_as_many_as_asked_for(tmp_path):
    cfg = compose("train", [*AE, "model.mixture.images=50"])
    model, data = load(untrained.saved(cfg, tmp_path)), StoreData(prepare(cfg), 32, 0)
    codes = training_codes(model, data)
    every = model.encode(torch.from_numpy(data.prepared.images["train"][:]).float() / 255).mean
    assert codes.shape == (50, 3)
    distances, places = torch.cdist(codes.double(), every.double()).min(1)
    assert distances.max() < 1e-5
    assert len(places.unique()) == 50
    assert places.max() > 100
    model.seed = 1
    assert not torch.equal(training_codes(model, data), codes)


def test_generate_and_evaluate_fit_what_is_missing_and_leave_the_checkpoint_alone(tmp_path):
    run = untrained.saved(compose("train", AE), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"generate.py and evaluate.py, which fit it first"):
        load(run).sample(2)
    for name in ("a", "b"):
        assert door.run("generate", [f"ckpt={run}", f"output={tmp_path / name}", "n=3", "device=cpu"]) == 0
    for number in range(3):
        first, second = ((tmp_path / name / f"{number:06d}.png").read_bytes() for name in ("a", "b"))
        assert first == second
    small = ["metrics.test_samples=60", "metrics.extractor=random", "device=cpu", f"paths.cache={tmp_path}/cache"]
    assert door.run("evaluate", [f"ckpt={run}", f"output={tmp_path / 'c'}", *small]) == 0
    assert "test/fid_random_60_vs_180" in json.loads((tmp_path / "c" / "summary.json").read_text())["metrics"]
    assert not of(run).fitted


def test_without_a_mixture_there_are_no_samples_and_the_message_says_how_to_have_them(tmp_path):
    run = untrained.saved(compose("train", [*AE[:-1], "model.mixture.components=0"]), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"Autoencoder has no prior.*\n.*model.mixture.components=10"):
        door.run("generate", [f"ckpt={run}", f"output={tmp_path / 'a'}"])
    assert not (tmp_path / "a").exists()


def test_two_ranks_have_that_of_rank_0(tmp_path, trainings):
    place = {"folder": tmp_path, "output": tmp_path / "log.txt"}
    ranks = [trainings.start("mixing:fit_as", rank, str(tmp_path), **place) for rank in (0, 1)]
    assert [rank.wait(60) for rank in ranks] == [0, 0], (tmp_path / "log.txt").read_text()[-2000:]
    one, other = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    assert one["weights"].sum() > 0
    assert all(torch.equal(one[name], other[name]) for name in one)
