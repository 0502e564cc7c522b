"""Several checkpoints in one table, and what is refused before the first is measured."""

import csv
import json
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from PIL import Image

import untrained
from genlab.apps.command import main as door
from genlab.apps.command.paths import prepare
from genlab.apps.evaluate.pictures import chosen, reconstructions_of, samples_of
from genlab.config.compose import compose
from genlab.contracts import CheckpointError, ConfigError
from genlab.data.store.module import StoreData
from genlab.metrics.extractors.extractor import Extractor
from genlab.models.gan import GAN
from genlab.runs.load import load_run

import photographs

SETS = {"vae": ["model=vae", "model.latent_dim=3"], "gan": ["model=gan", "model.latent_dim=4"]}
OPTIONS = ["metrics.extractor=random", "metrics.test_samples=60", "device=cpu", "keep=false"]
OPTIONS += ["metrics.bootstrap=0", "metrics.floor=false", "metrics.ledger.samples=0"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Untrained models of digits, by name; ``fewer`` has fewer training images, ``squares`` other images."""
    root = tmp_path_factory.mktemp("runs")
    chosen = {name: [*model, "data=digits"] for name, model in SETS.items()}
    chosen |= {"fewer": [*chosen["vae"], "data.limit=100"]}
    return {name: untrained.saved(compose("train", options), root / name) for name, options in chosen.items()}


@pytest.fixture
def evaluate(cache, tmp_path, monkeypatch):
    """``evaluate("ckpt=…")``: the exit code and the folder that was written."""
    monkeypatch.setenv("GENLAB_CACHE", str(cache))
    return lambda *more: (door.run("evaluate", [*OPTIONS, f"output={tmp_path}/out", *more]), tmp_path / "out")


def test_several_checkpoints_come_into_one_table_with_the_numbers_of_each_alone(runs, evaluate, capsys):
    code, output = evaluate(f"ckpt=[{runs['vae']},{runs['gan']}]")
    said = capsys.readouterr().err
    assert code == 0
    both = json.loads((output / "summary.json").read_text())["checkpoints"]
    with open(output / "tables" / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    best = {row["checkpoint"] for row in rows if row["best"] == "True" and row["metric"].startswith("test/fid")}
    assert best == {min(both, key=lambda name: both[name]["metrics"]["test/fid_random_60_vs_180"])}
    assert said.count("test/fid_random_60_vs_180") == 1
    assert said.count("note ") == len(set(both["vae"]["notes"]))
    for name in ("vae", "gan"):
        shutil.rmtree(output)
        evaluate(f"ckpt={runs[name]}")
        alone = json.loads((output / "summary.json").read_text())
        assert {key: alone[key] for key in both[name]} == both[name]
        told = {row["metric"]: float(row["value"]) for row in rows if row["checkpoint"] == name}
        assert told == alone["metrics"]


def refused(evaluate, *more):
    with pytest.raises((ConfigError, CheckpointError)) as caught:
        evaluate(*more)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.fixture
def unmeasured(monkeypatch):
    """Nothing may be measured."""
    monkeypatch.setattr("lightning.pytorch.Trainer.test", lambda *_, **__: pytest.fail("measured"))


def of_as_many(chosen, prepared, folder):
    """A classifier that has learnt nothing, another for every number of training images."""
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    torch.nn.init.constant_(net[1].weight, prepared.spec.sizes["train"])
    return Extractor(chosen.network, net, 3)


def test_what_cannot_be_compared_is_refused_before_anything_is_measured(
    runs, evaluate, unmeasured, folders, tmp_path, monkeypatch
):
    monkeypatch.setattr("genlab.callbacks.evaluators.evaluation.make_extractor", of_as_many)
    path = [f"data.path={folders['paired_folders']}", *photographs.CUT]
    cfg = compose("train", ["model=pix2pix", *photographs.SMALL["pix2pix"], "data=paired_folders", *path])
    other = untrained.saved(cfg, tmp_path / "other")
    said = refused(evaluate, f"ckpt=[{runs['vae']},{other}]")
    assert (
        "cannot stand in one table: the set is paired_folders, and digits\n    Measure each by itself: ckpt=PATH"
        in said
    )
    classifier = "metrics.extractor=classifier"
    said = refused(evaluate, f"ckpt=[{runs['vae']},{runs['fewer']}]", classifier)
    assert "fewer and vae cannot stand in one table: the extractor classifier is " in said
    assert not (tmp_path / "out").exists()


def test_a_broken_or_absent_one_of_several_is_refused_at_the_start(runs, evaluate, unmeasured, tmp_path):
    broken = shutil.copytree(runs["gan"], tmp_path / "broken") / "checkpoints" / "last.ckpt"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(content)
    assert str(broken) in refused(evaluate, f"ckpt=[{runs['vae']},{broken}]")
    assert "/nowhere does not exist" in refused(evaluate, f"ckpt=[{runs['vae']},/nowhere]")
    assert not (tmp_path / "out").exists()


def test_runs_that_differ_in_what_is_not_measured_stand_in_one_table(runs, evaluate):
    assert evaluate(f"ckpt=[{runs['vae']},{runs['fewer']}]")[0] == 0


def test_images_that_are_not_numbers_are_refused_by_metric_and_checkpoint(runs, evaluate, monkeypatch, capsys):
    made = GAN.sample

    def spoilt(self, n, **options):
        images = made(self, n, **options)
        images[3, 0, 2, 2] = torch.nan
        return images

    monkeypatch.setattr(GAN, "sample", spoilt)
    said = refused(evaluate, f"ckpt={runs['gan']}")
    assert f"ckpt={load_run(runs['gan']).path}: 1 of 60 generated images are not numbers (samples 0 to 59)" in said
    assert "(samples 0 to 59): nothing can be said of test/" in said
    assert " test/fid_random_60_vs_180, test/kid_random_60_vs_180" in said
    code, output = evaluate(f"ckpt=[{runs['gan']},{runs['vae']}]")
    assert code == 3
    assert "left out  gan: ckpt=" in capsys.readouterr().err
    summary = json.loads((output / "summary.json").read_text())
    assert summary["ckpt"] == str(load_run(runs["vae"]).path)


def test_one_bar_goes_over_all_checkpoints_and_seeds(runs, evaluate, monkeypatch):
    bars = []

    @contextmanager
    def progress(title, total, **options):
        bars.append([total, 0])

        def advance(amount=1):
            bars[-1][1] += amount

        yield advance

    monkeypatch.setattr("genlab.console.progress", progress)
    evaluate(f"ckpt=[{runs['vae']},{runs['gan']}]", "seeds=2", "metrics.test_samples=300")
    assert bars == [[12, 12]]  # a batch and two chunks of samples, twice each


def test_reconstructions_of_the_same_images_and_samples_are_laid_side_by_side(runs, evaluate, capsys):
    _, output = evaluate(f"ckpt=[{runs['vae']},{runs['gan']}]")
    assert "pictures  reconstructions.png, samples.png" in capsys.readouterr().err
    rows = {}
    for name in ("reconstructions", "samples"):
        with Image.open(output / "images" / f"{name}.png") as picture:
            rows[name] = picture.size
    assert rows["reconstructions"] == rows["samples"]  # real and vae; vae and gan
    model, data = load_run(runs["vae"]).model, digits_of(runs["vae"])
    looks = reconstructions_of(model, data, "test") | samples_of(model, data)
    kinds = ("real", "reconstructions", "samples")
    assert {name: row.shape for name, row in looks.items()} == dict.fromkeys(kinds, (10, 8, 8, 3))


def test_the_first_test_image_of_each_class_is_looked_at(runs):
    data = digits_of(runs["vae"])
    rows = chosen(data, "test")
    assert np.asarray(data.prepared.labels["test"])[rows].tolist() == list(range(10))
    looks = reconstructions_of(load_run(runs["gan"]).model, data, "test")
    assert looks.keys() == {"real"}
    assert (looks["real"][..., 0].numpy() == np.asarray(data.prepared.columns["test"]["image"])[rows][:, 0]).all()


def digits_of(run):
    """The data of a run."""
    loaded = load_run(run)
    return StoreData(prepare(loaded.config), 16, 0)
