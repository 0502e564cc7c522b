"""A run on points: modes instead of FID, a scatter instead of a sheet, and nothing drawn that training would notice."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from evaluators import evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.callbacks.pictures import Pictures
from genlab.callbacks.samples import SEED
from genlab.images import beside_real
from genlab.metrics.modes import mode_coverage

RING = ["model=gan", "data=toy2d", "data.count=1000", "trainer.max_epochs=2", "metrics.test_samples=60"]


def made(composed, tmp_path, *overrides):
    cfg = composed(*RING, *overrides)
    prepared = prepare(cfg)
    model = build_model(cfg, prepared.spec)
    return model, prepared, evaluators(cfg, model, prepared, tmp_path)


def test_points_have_no_extractor_and_their_modes_are_counted(composed, tmp_path):
    model, prepared, measure = made(composed, tmp_path)
    now, (modes,) = measure.stages["val"]
    assert measure.make_ready() == []
    assert not list(tmp_path.iterdir())
    values = modes.finish(now)
    x = model.sample(2500, seed=SEED)
    assert values == mode_coverage(x, torch.from_numpy(prepared.modes.centres), 0.01)
    assert measure.counts == {f"val/{name}": 2500 for name in values}
    assert [row["mode"] for row in measure.tables["modes"]] == list(range(8))
    assert sum(row["samples"] for row in measure.tables["modes"]) == 2500


def test_arms_have_neither(composed, tmp_path):
    _, prepared, measure = made(composed, tmp_path, "data.name=moons")
    assert prepared.modes is None
    assert measure.stages["val"][1] == []


def test_the_scatter_shows_the_model_over_the_set(composed, tmp_path):
    model, prepared, _ = made(composed, tmp_path)
    pictures = Pictures(1, 4)
    pictures.attach(tmp_path, prepared.points["val"])
    drawn = pictures.draw(model)
    assert drawn.keys() == {"samples"}
    assert drawn["samples"].shape == (3, 600, 600)
    assert torch.equal(drawn["samples"], pictures.draw(model)["samples"])


def test_on_a_line_the_scatter_is_two_histograms(composed, tmp_path):
    """Real points in grey where they are, generated ones in colour where these are; half of the axis is free above."""
    real = torch.cat([torch.full((500, 1), -1.0), torch.full((500, 1), 1.0)])
    drawn = beside_real(torch.full((100, 1), 0.0), real)
    assert drawn.shape == (3, 600, 600)
    colour = (drawn.amax(0) - drawn.amin(0) > 0.2).any(0).nonzero()[:, 0]  # columns in which there is any
    assert (colour.min() > 200, colour.max() < 420) == (True, True)
    model, prepared, _ = made(composed, tmp_path, "data=toy1d", "model.latent_dim=1")
    pictures = Pictures(1, 4)
    pictures.attach(tmp_path, prepared.points["val"])
    assert pictures.draw(model)["samples"].shape == (3, 600, 600)


@pytest.mark.parametrize("name", ["ring", "spiral"])
def test_a_run_and_its_samples(name, train, tmp_path):
    run = train(*RING, f"data.name={name}")
    summary = json.loads((run / "summary.json").read_text())
    counted = name == "ring"
    assert summary["status"] == "finished"
    assert summary["best"] == {}
    assert {"test/modes", "test/high_quality", "val/modes"} <= set(summary["metrics"]) or not counted
    assert not [metric for metric in summary["metrics"] if "fid" in metric or "kid" in metric]
    assert ("test/modes" in summary["counts"]) == counted
    assert {path.name for path in (run / "images").iterdir()} == {"samples_000001.png", "samples_000002.png"}
    train(f"ckpt={run}", "metrics.test_samples=60", f"output={tmp_path}/e", command="evaluate")
    again = json.loads((tmp_path / "e" / "summary.json").read_text())["metrics"]
    assert again == {n: pytest.approx(v) for n, v in summary["metrics"].items() if n.startswith("test/")}


@pytest.mark.parametrize(("what", "count"), [("sample", 7), ("interpolate", 70)])
def test_generate_writes_points_as_a_table_and_one_sheet(what, count, train, tmp_path):
    run = train(*RING, "metrics=none", "callbacks=none")
    train(f"ckpt={run}", f"what={what}", "n=7", f"output={tmp_path}/out", command="generate")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"points.csv", "sheet.png"}
    rows = list(csv.DictReader((tmp_path / "out" / "points.csv").open()))
    points = np.array([[float(row["x0"]), float(row["x1"])] for row in rows])
    assert points.shape == (count, 2)
    assert Image.open(tmp_path / "out" / "sheet.png").size == (600, 600)


def test_what_would_be_trained_can_be_described(train):
    assert train(*RING, "check_only=true") is None
