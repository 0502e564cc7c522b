"""A run directory tells what was run, what came of it, and how to run it again: one small run, read from all sides."""

import csv
import json

import pytest
import torch
from omegaconf import OmegaConf

from genlab.apps.command import main as door
from genlab.config.compose import compose
from genlab.contracts import GenlabError
from genlab.data.store.order import epoch_order
from genlab.metrics.names import with_asides
from genlab.runs.digest import config_digest
from genlab.runs.load import load

from photographs import CUT, SMALL

OPTIONS = [
    *("model=vae", "data=digits", "model.latent_dim=2", "data.limit=64", "data.batch_size=16", "seed=5", "run_id=a"),
    *("trainer.max_epochs=3", "trainer.log_every_n_steps=1", "trainer.accelerator=cpu", "logger=csv"),
    *("callbacks=trace", "metrics.val_samples=0", "metrics.test_samples=60", "metrics.kid=false"),
    *("performance.allocator=false", "tags=[one]", "notes='a, b'"),
]


@pytest.fixture(scope="module")
def twice(cache, tmp_path_factory):
    """The same command given twice; its overrides and the folder of both runs."""
    root = tmp_path_factory.mktemp("runs")
    options = [*OPTIONS, f"paths.runs={root}", f"paths.cache={cache}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GENLAB_RUN_DIR", raising=False)
        assert door.run("train", options) == 0
        made = sorted(path.name for path in (root / "vae-digits").iterdir())
        assert made == ["a", "latest"]
        assert (root / "vae-digits" / "latest").resolve() == root / "vae-digits" / "a"
        assert door.run("train", options) == 0
    return options, root / "vae-digits"


@pytest.fixture(scope="module")
def run(twice):
    """The first of them."""
    return twice[1] / "a"


@pytest.fixture(scope="module")
def summary(run):
    return json.loads((run / "summary.json").read_text())


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_id_that_is_taken_gets_a_number_and_latest_names_the_newest(twice):
    _, folder = twice
    assert sorted(path.name for path in folder.iterdir()) == ["a", "a-2", "latest"]
    assert (folder / "latest").resolve() == folder / "a-2"
    assert json.loads((folder / "a-2" / "summary.json").read_text())["run_id"] == "a-2"


def test_equal_commands_make_equal_runs(twice):
    _, folder = twice
    one, other = load(folder / "a").state_dict(), load(folder / "a-2").state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    rows = [table(folder / name / "metrics.csv") for name in ("a", "a-2")]
    assert [row | {"seconds": ""} for row in rows[0]] == [row | {"seconds": ""} for row in rows[1]]


def test_the_configuration_is_kept_resolved_and_the_command_as_it_was_typed(twice, run):
    options, _ = twice
    assert (run / "overrides.txt").read_text().splitlines() == options
    assert "${" not in (run / "config.yaml").read_text()
    assert OmegaConf.load(run / "config.yaml") == OmegaConf.to_container(compose("train", options), resolve=True)


def test_the_summary_says_what_was_run(twice, run, summary):
    cfg = compose("train", twice[0])
    expected = {"name": "vae-digits", "run_id": "a", "model": "vae", "data": "digits", "status": "finished", "seed": 5}
    expected |= {"epochs": 3, "steps": 12, "images": 192, "device": "cpu", "precision": "32-true", "devices": 1}
    assert {key: summary[key] for key in expected} == expected
    assert summary["config_digest"] == config_digest(cfg, summary["data_digest"])
    assert (
        192 / (summary["seconds"] + 0.06) < summary["images_per_second"] < 192 / (summary["seconds"] - 0.06)
    )  # rounded
    trainable = sum(p.numel() for p in load(run).parameters() if p.requires_grad)
    counts = {"train": 64, "val": 180, "test": 180, "skipped": 0, "parameters": trainable}
    counts |= {"test/fid_classifier_60_vs_180": 60, "test/fid_classifier_60_vs_180_real": 180}
    counts |= {"test/fid_classifier_60_vs_180_floor": 60}
    counts |= dict.fromkeys(("test/class_entropy", "test/class_kl", "test/classes"), 60)
    assert summary["counts"] == counts
    assert summary["alarms"] == []
    assert {"python", "torch", "lightning"} <= summary["versions"].keys()
    assert any("cross-entropy in nats, not a likelihood" in note for note in summary["notes"])


def test_the_summary_has_the_last_numbers_of_validation_and_test_and_the_best(run, summary):
    rows = table(run / "metrics.csv")
    last = {name: float(value) for row in rows for name, value in row.items() if value and "/" in name}
    assert summary["metrics"] == {name: value for name, value in last.items() if not name.startswith("train/")}
    bounds = {int(row["step"]): float(row["val/elbo"]) for row in rows if row["val/elbo"]}
    assert list(bounds) == [4, 8, 12]
    best = max(bounds, key=bounds.get)
    assert summary["best"] == {"metric": "val/elbo", "value": bounds[best], "step": best}


def test_the_summary_says_what_measuring_has_cost(run, summary):
    found = summary["measuring"]
    assert list(found) == ["seconds", "val", "test", "extractors", "by_evaluator"]
    measured = {"fid", "ledger", "reconstruction", "codes", "classes"}
    assert set(found["by_evaluator"]) == {"real_images", "generated_images"} | measured
    assert found["seconds"] == pytest.approx(found["val"] + found["test"], abs=2e-3)
    assert found["seconds"] == pytest.approx(sum(found["by_evaluator"].values()), abs=5e-3)
    assert 0 < found["seconds"] < summary["seconds"]
    kept = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["measuring"]["spent"]
    assert sum(kept["val"].values()) == pytest.approx(found["val"], abs=1e-3)
    told = (run / "log.txt").read_text()
    assert f"measuring {found['seconds']:.1f} s of " in told


def test_the_table_of_the_final_numbers_has_the_counts_of_each(run, summary):
    found = {row["metric"]: row for row in table(run / "tables" / "metrics.csv")}
    numbers = with_asides(summary["metrics"])
    assert {name: float(row["value"]) for name, row in found.items()} == {name: x[""] for name, x in numbers.items()}
    fid = found["test/fid_classifier_60_vs_180"]
    assert (fid["generated"], fid["real"], fid["extractor"]) == ("60", "180", "classifier")
    assert float(fid["standard_error"]) == numbers["test/fid_classifier_60_vs_180"]["_se"]
    assert float(fid["floor"]) == numbers["test/fid_classifier_60_vs_180"]["_floor"]


def test_every_row_names_batch_epoch_and_images_and_every_step_is_there(run):
    rows = table(run / "metrics.csv")
    assert list(rows[0])[:4] == ["step", "epoch", "images", "seconds"]
    assert [int(row["step"]) for row in rows] == list(range(1, 13))
    assert [float(row["epoch"]) for row in rows] == [step / 4 for step in range(1, 13)]
    assert [int(row["images"]) for row in rows] == [16 * step for step in range(1, 13)]
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0


def test_images_come_in_the_order_of_the_seed_and_of_no_other(run):
    seen = [int(index) for row in table(run / "tables" / "indices.csv") for index in row["indices"].split()]
    assert seen == [index for epoch in range(3) for index in epoch_order(64, 5, epoch)]


def test_pictures_are_numbered_by_epoch_and_the_log_has_what_was_said(run):
    names = {path.name for path in (run / "images").iterdir()}
    assert names == {"codes.png", *(f"{what}_{epoch:06d}.png" for what in ("recon", "samples") for epoch in (1, 2, 3))}
    log = (run / "log.txt").read_text()
    for words in ("model     vae, ", "data      digits: 64 / 180 / 180", "epoch   3", "test      elbo", "done      "):
        assert words in log


def test_what_cannot_be_built_leaves_no_run_directory(train, folders, tmp_path):
    """Only the images themselves tell that they are 40 pixels wide, which a U-Net of five halvings does not take."""
    chosen = ["model=pix2pix", *SMALL["pix2pix"], "data=paired_folders", f"data.path={folders['paired_folders']}"]
    for more in (["data.preprocess=none", "data.batch_size=1"], [*CUT, "init_from=/nowhere"]):
        with pytest.raises(GenlabError, match=r"leaves A/\S+ at 40x40|/nowhere does not exist") as caught:
            train(*chosen, *more)
        assert caught.value.exit_code == 2
        assert not (tmp_path / "runs").exists()
