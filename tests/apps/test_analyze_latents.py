"""Analyses of codes as users run them: what each leaves, and what each refuses, leaving nothing."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

import untrained
from genlab.contracts import CheckpointError, ConfigError, DataError

QUICK = ["device=cpu", "performance.allocator=false"]
KEYS = {
    "attributes": ["what.attributes=['0','7']", "what.strengths=[-1,1]", "what.judged=20", "what.shown=2"],
    "compression": ["what.images=12", "what.steps=[1,0.5]", "what.bits_back=2", "what.draws=5", "what.shown=3"],
    "nll": ["what.images=12", "what.samples=6", "what.shown=3"],
    "probe": [
        "what.labels=[10,20]",
        "what.all=false",
        "what.draws=2",
        "what.test_images=50",
        "what.train_images=200",
        "what.c=[1.0]",
    ],
    "traverse_report": ["what.images=30", "what.traversed=2", "what.dimensions=3", "what.steps=3"],
    "outliers": [
        *["what.images=20", "what.train_images=30", "what.scores=[neg_elbo,reconstruction_error]", "what.shown=4"],
        "what.against=digits",
    ],
}
FILES = {
    "attributes": {"off_target.csv", "directions.npz"},
    "compression": {"bits_back.csv"},
    "nll": {"nll_by_samples.csv"},
    "outliers": {"scores.csv"},
}
NUMBERS = {
    "attributes": {"raised_0", "off_target_0"},
    "compression": {"bits_per_pixel", "psnr", "bits_back_bpp", "bits_back_excess"},
    "nll": {"nll", "neg_elbo", "nll_ess"},
    "probe": {"probe_codes_10", "probe_pixels_20"},
    "traverse_report": {"kl", "active_dimensions"},
    "outliers": {"auroc_neg_elbo", "ap_reconstruction_error"},
}


@pytest.fixture
def vae(composed, tmp_path):
    """The run directory of a small VAE on black and white digits."""
    typed = ["data=digits", "data.binarize=dynamic", "model.latent_dim=3", "model.net.small.hidden=[8]"]
    return untrained.saved(composed("model=vae", *typed, "trainer.accelerator=cpu"), tmp_path / "vae")


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def refused(train, *typed):
    with pytest.raises((ConfigError, CheckpointError, DataError)) as caught:
        train(*typed, *QUICK, command="analyze")
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("name", list(KEYS))
def test_each_leaves_a_table_a_picture_two_lines_and_what_else_it_makes(name, vae, train):
    train(f"ckpt={vae}", f"what={name}", *KEYS[name], *QUICK, command="analyze")
    (folder,) = (vae / "analyze").iterdir()
    usual = {f"{name}.csv", f"{name}.png", "summary.json"}
    assert {path.name for path in folder.iterdir()} == usual | FILES.get(name, set())
    assert table(folder / f"{name}.csv")
    assert min(Image.open(folder / f"{name}.png").size) > 200
    summary = json.loads((folder / "summary.json").read_text())
    assert {f"test/{one}" for one in NUMBERS[name]} <= set(summary["metrics"])
    assert len(summary["lines"]) == 2


def test_the_page_of_factors_is_of_one_run_or_of_several(composed, train, tmp_path):
    keys = ["what.train_codes=100", "what.test_codes=100", "what.predictor=null", *QUICK]
    typed = ["data=shapes", "model.latent_dim=3", "model.net.small.hidden=[8]", "trainer.accelerator=cpu"]
    runs = [
        untrained.saved(composed("model=beta_vae", *typed, f"model.beta={beta}"), tmp_path / "runs" / f"b{beta}")
        for beta in (1.0, 4.0)
    ]
    train(f"ckpt={runs[0]}", "what=disentanglement", *keys, command="analyze")
    (folder,) = (runs[0] / "analyze").iterdir()
    assert len(table(folder / "disentanglement.csv")) == 3
    both = f"ckpt=[{runs[0]},{runs[1]}]"
    train(both, "what=disentanglement", *keys, f"output={tmp_path}/both", command="analyze")
    rows = table(tmp_path / "both" / "numbers.csv")
    assert sorted(float(row["beta"]) for row in rows) == [1.0, 4.0]
    assert len(table(tmp_path / "both" / "disentanglement.csv")) == 6


def test_the_directions_are_kept_for_a_live_page(vae, train):
    train(f"ckpt={vae}", "what=attributes", *KEYS["attributes"], "what.method=logistic", *QUICK, command="analyze")
    (folder,) = (vae / "analyze").iterdir()
    kept = np.load(folder / "directions.npz", allow_pickle=False)
    assert kept["names"].tolist() == [str(k) for k in range(10)]
    assert kept["directions"].shape == (10, 3)
    assert kept["directions"].dtype == np.float32
    assert (kept["directions"] == kept["logistic"]).all()
    assert str(kept["method"]) == "logistic"
    assert not (kept["directions"] == kept["mean_difference"]).all()


def test_models_without_the_protocol_are_told_which_have_it(composed, train, tmp_path):
    gan = untrained.saved(composed("model=dcgan", "data=digits", "model.net.width=4"), tmp_path / "gan")
    for name, lacking in {
        **dict.fromkeys(("attributes", "compression", "probe", "traverse_report", "disentanglement"), "encode"),
        "nll": "log_weights",
        "outliers": "reconstruct",
    }.items():
        said = refused(train, f"ckpt={gan}", f"what={name}")
        assert said.startswith(f"what={name}: GAN has no ")
        assert lacking in said
        assert "vae" in said.split("Models that have: ")[1]
    assert not (gan / "analyze").exists()


def test_what_is_in_the_way_is_said_before_anything_is_made(vae, composed, train, tmp_path, pictures):
    """Labels that are missing, unknown, rare or told to the model; pixels without a likelihood; outliers that are none."""
    small = ["model.net.small.hidden=[8]", "trainer.accelerator=cpu"]
    flat = tmp_path / "flat"
    flat.mkdir()
    for i, path in enumerate(sorted(pictures.rglob("*.png"))):
        (flat / f"{i}.png").write_bytes(path.read_bytes())
    folder = composed("model=ae", "data=folder", f"data.path={flat}", "data.image_size=16", *small)
    unlabelled = untrained.saved(folder, tmp_path / "unlabelled")
    grey = untrained.saved(composed("model=vae", "data=digits", *small), tmp_path / "grey")
    told = untrained.saved(composed("model=cvae", "data=digits", *small), tmp_path / "told")
    shapes = untrained.saved(composed("model=vae", "data=shapes", *small), tmp_path / "shapes")
    one = "what.attributes=['0']"
    for words, *typed in (
        ("what=attributes: folder has no labels", f"ckpt={unlabelled}", "what=attributes"),
        ("what=probe: folder has no labels", f"ckpt={unlabelled}", "what=probe"),
        ("what=disentanglement: digits has no known factors", f"ckpt={vae}", "what=disentanglement"),
        ("shapes has no attribute that is true or not", f"ckpt={shapes}", "what=attributes"),
        ("digits has no such attribute\n    There are: 0, 1, 2", f"ckpt={vae}", "what=attributes"),
        ("what.attributes: at least one is needed", f"ckpt={vae}", "what=attributes", "what.attributes=[]"),
        ("or lack it; a direction is made from 10", f"ckpt={vae}", "what=attributes", one, "what.images=20"),
        ("CVAE is told the labels", f"ckpt={told}", "what=attributes", one),
        ("CVAE is told the labels", f"ckpt={told}", "what=probe"),
        ("CVAE codes an image only beside its label", f"ckpt={told}", "what=compression"),
        ("digits has classes, and these are told", f"ckpt={vae}", "what=probe", "what.attribute=x"),
        ("a cross-entropy, not a likelihood", f"ckpt={grey}", "what=nll"),
        ("needs outliers: another set, or a class", f"ckpt={vae}", "what=outliers"),
        ("the model has seen", f"ckpt={vae}", "what=outliers", "what.held_out=3"),
        ("Did you mean what.against=mnist", f"ckpt={vae}", "what=outliers", "what.against=mnst"),
    ):
        assert words in refused(train, *typed)
    assert not any((run / "analyze").exists() for run in (vae, unlabelled, grey, told, shapes))
