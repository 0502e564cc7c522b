"""``analyze.py`` on codes and on several runs, as users run it: what each writes, and whom each refuses with what words."""

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image

import untrained
from genlab.analysis.base.needs import able_models
from genlab.analysis.estimators.encoder import HasPosterior
from genlab.contracts import CheckpointError, ConfigError
from genlab.film.code_map import CodeFrame
from genlab.film.kept import keep

QUICK = ["device=cpu", "performance.allocator=false"]
SMALL = {  # keys with which an analysis takes a second
    "latent_map": ["what.images=40", "what.grid=3"],
    "projector": ["what.images=20"],
    "latent_size": ["what.images=30", "what.pca_images=100"],
    "pca_compare": ["what.images=30"],
    "regularisation": ["what.images=40", "what.samples=20", "what.shown=2", "what.known=50"],
    "reparameterisation": ["what.images=2", "what.draws=64", "what.through_weights=4"],
    "sharpness": ["what.samples=60", "what.extractor=random"],
    "overfitting": [],
    "paired_unpaired": ["what.images=2", "what.shown=2"],
}
CURVES = "step,epoch,images,seconds,train/recon,val/recon\n1,1,9,1,5,6\n2,2,18,2,4,5.5\n3,3,27,3,3,5.8\n"


@pytest.fixture
def made(composed, tmp_path):
    """Makes the run directory of a small model that nobody has trained."""

    def make(name, *typed):
        run = untrained.saved(composed(*typed, "trainer.accelerator=cpu"), tmp_path / "runs" / name)
        (run / "metrics.csv").write_text(CURVES)
        return run

    return make


@pytest.fixture
def vaes(made):
    """Two VAEs on digits, with codes of two and of four numbers."""
    return [made(f"d{d}", "model=vae", "data=digits", f"model.latent_dim={d}") for d in (2, 4)]


def analyzed(train, tmp_path, name, ckpt, *typed):
    """The files that an analysis writes, its table and its summary."""
    output = tmp_path / "out"
    train(f"ckpt={ckpt}", f"what={name}", f"output={output}", *SMALL[name], *typed, *QUICK, command="analyze")
    with open(output / f"{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert min(Image.open(output / f"{name}.png").size) >= 200
    summary = json.loads((output / "summary.json").read_text())
    assert len(summary["lines"]) == 2
    return {path.name for path in output.iterdir()} - {f"{name}.csv", f"{name}.png", "summary.json"}, rows, summary


def refused(train, name, ckpt, *typed):
    with pytest.raises((ConfigError, CheckpointError)) as caught:
        train(f"ckpt={ckpt}", f"what={name}", *SMALL[name], *typed, *QUICK, command="analyze")
    assert caught.value.exit_code == 2
    return str(caught.value)


def several(runs):
    return f"[{','.join(map(str, runs))}]"


def test_a_map_of_codes(vaes, train, tmp_path):
    files, rows, summary = analyzed(train, tmp_path, "latent_map", vaes[0])
    assert (files, len(rows), list(rows[0])) == (set(), 40, ["index", "z1", "z2", "label"])
    assert set(summary["metrics"]) == {"test/neighbour_accuracy"}
    files, rows, summary = analyzed(train, tmp_path, "latent_map", vaes[1], "what.way=tsne", "what.perplexity=5")
    assert (files, list(rows[0])) == (set(), ["index", "tsne1", "tsne2", "label"])
    assert set(summary["metrics"]) == {"test/neighbour_accuracy", "test/neighbour_accuracy_plane"}


def test_the_film_of_codes_is_made_again_where_the_run_has_kept_them(vaes, train, tmp_path):
    for step in range(4):
        code = np.full((9, 2), step, np.float32)
        keep(CodeFrame(step, step / 2, np.arange(9), code), vaes[0] / "tables" / "latent_map")
    files, _, _ = analyzed(train, tmp_path, "latent_map", vaes[0], "what.frames=3")
    assert files == {"latent_map.gif", "latent_map.html"}
    page = (tmp_path / "out" / "latent_map.html").read_text()
    assert "<h1>Codes of vae on digits</h1>" in page
    assert re.findall(r'alt="epoch ([\d.]+)"', page) == ["0", "1", "1.5"]


def test_larger_codes_leave_their_variances(vaes, train, tmp_path):
    files, rows, _ = analyzed(train, tmp_path, "latent_map", vaes[1])
    assert (files, list(rows[0])) == ({"latent_map_variances.csv"}, ["index", "pc1", "pc2", "label"])


def test_files_of_the_projector(vaes, train, tmp_path):
    files, rows, summary = analyzed(train, tmp_path, "projector", vaes[1])
    assert files == {"vectors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"}
    assert (len(rows), summary["metrics"]) == (20, {"vectors": 20.0, "dimensions": 4.0})
    assert len((tmp_path / "out" / "vectors.tsv").read_text().splitlines()) == 20


@pytest.mark.parametrize(
    ("name", "files", "rows"),
    [
        ("latent_size", {"latent_size_pca.csv"}, 2),
        ("pca_compare", {"pca_compare_images.csv"}, 2),
        ("regularisation", set(), 3),
        ("sharpness", {"sharpness_spectra.csv"}, 3),
        ("overfitting", {"overfitting_curves.csv"}, 2),
    ],
)
def test_several_runs_in_one_table_and_one_picture(name, files, rows, vaes, train, tmp_path):
    found, table, summary = analyzed(train, tmp_path, name, several(reversed(vaes)))
    assert (found, len(table)) == (files, rows)
    assert len(summary["models"]) == 2
    if name == "latent_size":  # in the order of their size
        assert [row["dimension"] for row in table] == ["2", "4"]


def test_one_run_is_enough_for_its_own_regularisation(vaes, train, tmp_path):
    _, rows, _ = analyzed(train, tmp_path, "regularisation", vaes[0])
    assert [row["run"] for row in rows] == ["vae", "test images themselves"]


def test_gradients_of_an_encoder(vaes, train, tmp_path):
    files, rows, summary = analyzed(train, tmp_path, "reparameterisation", vaes[0])
    assert (files, len(rows)) == ({"reparameterisation_draws.csv"}, 9)
    assert {row["estimator"] for row in rows} == {"score function", "score function, baseline", "pathwise"}
    assert summary["counts"] == {"images": 2, "draws": 64}


def test_one_run_is_refused_where_several_are_compared(vaes, train):
    for name in ("latent_size", "pca_compare", "sharpness"):
        said = refused(train, name, vaes[0])
        assert f"what={name}: compares" in said
        assert "and 1 is given\n    Type: ckpt=[runs/<name>/latest,…]" in said


def test_runs_on_different_images_are_refused(vaes, made, train):
    other = made("black", "model=vae", "data=shapes")
    for name in ("latent_size", "regularisation"):
        said = refused(train, name, several([vaes[0], other]))
        assert (
            "compares runs on the same images, and these are digits 1x8x8 grey of d2, shapes 1x64x64 black and" in said
        )


def test_models_without_what_is_needed_are_refused_with_those_that_have_it(made, train):
    gan = made("dcgan", "model=dcgan", "data=digits", "model.net.width=4", "model.latent_dim=3")
    said = refused(train, "latent_map", gan)
    assert "has no encode\n    Models that have: " in said
    assert "what=modes" in said
    ae = made("ae", "model=ae", "data=digits")
    assert "has no nll, posterior\n    Models that have: " in refused(train, "reparameterisation", ae)
    assert "has no translate\n    Models that have: cyclegan, pix2pix" in refused(
        train, "paired_unpaired", several([ae, gan])
    )
    assert "mixture" in refused(train, "sharpness", several([ae, gan]))  # nothing to sample from
    hvae = made("hvae", "model=hvae", "data=digits")
    assert "HVAE has no encoder" in refused(train, "reparameterisation", hvae)


def test_points_are_no_images(made, train):
    small = ["data.count=300", "model.net.generator_hidden=[8]", "model.net.discriminator_hidden=[8]"]
    ring = made("ring", "model=gan", "data=toy2d", *small)
    assert "looks at single images, and toy2d_ring of ring has points" in refused(
        train, "sharpness", several([ring, made("a", "model=vae", "data=digits")])
    )


def test_a_checkpoint_by_itself_has_no_curves(vaes, train):
    (vaes[0] / "metrics.csv").unlink()
    assert "metrics.csv does not exist" in refused(train, "overfitting", several(vaes))
    assert "Type: what.metric=recon" in refused(train, "overfitting", vaes[1], "what.metric=fid")


def test_the_models_whose_encoder_is_differentiated_are_named_by_their_source():
    named = able_models((HasPosterior,))
    assert {"vae", "beta_vae", "cvae", "iwae"} <= set(named)
    assert not {"ae", "pca", "gan", "cyclegan"} & set(named)
