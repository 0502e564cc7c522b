"""Commands as users run them: sweeps, signals, continued runs, evaluation and pictures from a checkpoint alone."""

import json
import signal
import time

import pytest
import torch
from PIL import Image

from genlab.contracts import ConfigError
from genlab.runs.load import load_run

import photographs
from killing import rows

SMALL = ["data=digits", "data.limit=100", "data.batch_size=20", "trainer.max_epochs=1", "model.latent_dim=3"]


@pytest.fixture
def start(trainings, tmp_path, cache):
    """A training process of its own, in a folder of its own."""
    (folder := tmp_path / "here").mkdir()
    output = tmp_path / "said.txt"
    return folder, lambda *typed: trainings.command(
        "train", *typed, folder=folder, output=output, GENLAB_CACHE=str(cache)
    )


def test_a_sweep_makes_a_run_for_each_combination(start):
    options = ["-m", "model.beta=1,4", *SMALL, "logger=csv", "metrics=none", "callbacks=none"]
    folder, train = start
    process = train(*options)
    assert process.wait(120) == 0, process.said()
    runs = sorted(folder.glob("runs/multirun/*/[01]/summary.json"))
    assert [json.loads(path.read_text())["status"] for path in runs] == ["finished"] * 2
    assert [load_run(path.parent).config.model.beta for path in runs] == [1, 4]
    assert {path.name for path in folder.iterdir()} == {"runs"}


def test_a_sweep_with_a_mistake_in_one_combination_does_not_start(start):
    folder, train = start
    process = train("-m", "model.beta=1,heavy")
    assert process.wait(60) == 2
    assert "model.beta=heavy" in process.said()
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("name", "ranks", "code", "status"), [("SIGINT", 1, 130, "interrupted"), ("SIGUSR1", 2, 75, "preempted")]
)
def test_a_signal_saves_between_two_updates_and_says_how_to_go_on(name, ranks, code, status, start):
    """Of two ranks only the first is sent one: both save, and leave."""
    options = [*SMALL, "trainer.max_epochs=2000", "logger=csv", "metrics=none", "callbacks=none", "run_id=a"]
    options += ["trainer.accelerator=cpu", f"trainer.devices={ranks}"]
    folder, train = start
    process = train(*options)
    while not list(folder.glob("runs/*/a/checkpoints/last.ckpt")) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    process.wait(60)
    process.end()
    said = process.said()
    assert process.returncode == code, said
    assert "resume=auto" in said
    assert "Traceback" not in said
    assert "failed" not in said
    run = next(folder.glob("runs/*/a"))
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == status
    assert load_run(run).step == summary["steps"]
    assert len(torch.load(run / "checkpoints" / "last.ckpt")["genlab"]["random_state"]) == ranks


TRANSLATED = {"pix2pix": ("paired_folders", "val/ssim"), "cyclegan": ("unpaired_folders", "val/fid_random_9_mean")}


@pytest.mark.parametrize("model", ["vae", "pix2pix", "cyclegan"])
def test_evaluate_repeats_the_summary_to_the_last_digit(model, train, folders, tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.data.store.module.EVAL_BYTES", 1)  # batches as in training, of which each has its noise
    chosen, metric = [*SMALL, "data.limit=null"], "val/mse"
    if model in TRANSLATED:
        name, metric = TRANSLATED[model]
        chosen = [*photographs.SMALL[model], f"data={name}", f"data.path={folders[name]}", *photographs.CUT]
        chosen += ["data.batch_size=8", "trainer.max_epochs=1"]
    run = train(f"model={model}", *chosen, "performance.threads=1")
    summary = json.loads((run / "summary.json").read_text())
    common = [f"ckpt={run}", "metrics=default", "metrics.extractor=random", "metrics.test_samples=60"]
    train(*common, f"output={tmp_path}/e", command="evaluate")
    again = json.loads((tmp_path / "e" / "summary.json").read_text())
    assert again["metrics"] == {n: v for n, v in summary["metrics"].items() if n.startswith("test/")}
    train(*common, f"output={tmp_path}/v", "split=val", command="evaluate")
    other = json.loads((tmp_path / "v" / "summary.json").read_text())["metrics"]
    assert other[metric] == pytest.approx(summary["metrics"][metric], rel=1e-9)
    assert json.loads((run / "summary.json").read_text()) == summary


def test_generate_makes_pictures_and_a_sheet(train, tmp_path):
    """From a run that has been trained; tests/apps/test_generate.py looks at each picture."""
    run = train("model=ae", *SMALL, "metrics=none", "callbacks=none")
    train(f"ckpt={run}", "what=reconstruct", "n=6", f"output={tmp_path}/out", command="generate")
    pictures = sorted((tmp_path / "out").glob("0*.png"))
    assert len(pictures) == 12
    assert Image.open(pictures[0]).size == (8, 8)
    assert Image.open(tmp_path / "out" / "sheet.png").size[0] >= 400


@pytest.mark.parametrize(
    ("devices", "nodes", "remedy"),
    [
        (200, 1, "trainer.devices=180"),
        (200, 2, "trainer.devices=90"),
        (1, 200, "trainer.num_nodes=180 trainer.devices=1"),
    ],
)
@pytest.mark.parametrize("only_check", [True, False])
def test_fewer_images_than_processes_are_refused_and_leave_nothing(devices, nodes, remedy, only_check, train, tmp_path):
    asked = [f"trainer.devices={devices}", f"trainer.num_nodes={nodes}", f"check_only={only_check}"]
    with pytest.raises(ConfigError, match=rf"{devices * nodes} processes.*180 images in val\n.*Type: {remedy}$"):
        train("model=ae", "data=digits", *asked)
    assert not (tmp_path / "runs").exists()


def test_a_run_can_be_made_longer(train):
    options = ["model=vae", *SMALL, "metrics=none", "callbacks=trace", "model/schedule=constant"]
    short = train(*options)
    train(*options, "trainer.max_epochs=3", f"resume={short}")
    long = train(*options, "trainer.max_epochs=3")
    assert rows(short / "tables" / "indices.csv") == rows(long / "tables" / "indices.csv")
    one, other = load_run(short).model.state_dict(), load_run(long).model.state_dict()
    assert all((one[name] == other[name]).all() for name in one)
