"""The evaluator of outliers: of another set, of a class held out of training, and what it refuses."""

import csv
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from evaluators import evaluators
from genlab.apps.command import main as door
from genlab.apps.command.paths import prepare
from genlab.apps.command.second_set import second_sets
from genlab.apps.train.build import build_model
from genlab.callbacks.evaluators.outliers import Outliers
from genlab.contracts import Code, ConfigError, DataError
from genlab.inference import regret
from genlab.inference.regret import LikelihoodRegret
from genlab.inference.scores import Scorer, possible
from genlab.metrics.ranking import auroc
from genlab.models.base.noise import Noise
from genlab.models.priors.standard_normal import StandardNormal

from family import SPEC, member

FEW = ["metrics=[none,outliers]", "metrics.outliers.regret.images=5", "metrics.outliers.regret.steps=3"]
SMALL = ["model.latent_dim=2", "model/net=mlp"]
AGAINST = "metrics.outliers.against=fashion_mnist"


def without(prepared, number, splits=("train", "val")):
    """The set, a class of which is held out."""
    columns = dict(prepared.columns)
    for split in splits:
        kept = np.asarray(columns[split]["label"]) != number
        columns[split] = {name: np.asarray(column)[kept] for name, column in columns[split].items()}
    return replace(prepared, columns=columns)


def held_out(composed, tmp_path, number=4, splits=("train", "val"), asked=None):
    cfg = composed("model=vae", "data=digits", *SMALL, *FEW, f"metrics.outliers.held_out={asked or number}")
    prepared = without(prepare(cfg), number, splits)
    built = build_model(cfg, prepared.spec).eval()
    measure = evaluators(cfg, built, prepared, tmp_path)
    now, (one,) = measure.stages["test"]
    assert measure.stages["val"][1] == []
    return now, one


# ---- a class held out of training ------------------------------------------------------------------------------------


@pytest.mark.parametrize("splits", [("train",), ("val",), ()])
def test_a_class_that_training_or_validation_has_seen_is_refused(splits, composed, tmp_path):
    with pytest.raises(DataError, match=r"has seen [0-9]+ images of this class in .*data.class_shares=\{4: 0\}"):
        held_out(composed, tmp_path, splits=splits)


@pytest.mark.parametrize("asked", ["10", "cat"])
def test_a_class_that_the_set_has_not_is_refused(asked, composed, tmp_path):
    with pytest.raises(DataError, match=r"has no such class. Classes: 0, 1, 2"):
        held_out(composed, tmp_path, asked=asked)


@pytest.mark.parametrize("name", ["CVAE", "DBVAE"])
def test_another_set_is_refused_for_a_model_that_takes_labels(name):
    one = Outliers(1, [], None, "far", None, ["neg_elbo"], 9, 9, 1, None)
    now = SimpleNamespace(model=member(name), prepared=SimpleNamespace(spec=SPEC), others={}, split="test")
    with pytest.raises(DataError, match=r"takes labels of c, .* metrics.outliers.held_out=3"):
        one.require(now)
    now.model = member("VAE")
    one.require(now)


def test_the_images_of_the_class_are_the_outliers_and_all_others_usual(composed, tmp_path):
    now, one = held_out(composed, tmp_path)
    labels = now.prepared.labels["test"]
    sets = one.sets(now)
    assert set(labels[sets["unusual"][1]]) == {4}
    assert sorted(labels[sets["usual"][1]]) == sorted(labels[labels != 4])
    found = one.finish(now)
    scores = ("neg_elbo", "rate", "distortion", "reconstruction_error", "mahalanobis", "likelihood_regret")
    scores += ("input_complexity", "typicality")
    assert found.keys() == {f"{m}_{s}_class_4" for m in ("auroc", "ap", "fpr95") for s in scores}
    assert all(0 <= value <= 1 for value in found.values())
    assert now.counts["test/rate_class_4_unusual"] == (labels == 4).sum()
    assert now.counts["test/likelihood_regret_class_4_usual"] == 5


def test_the_number_is_that_of_the_scores_in_the_table_and_the_pictures_are_drawn(composed, tmp_path):
    now, one = held_out(composed, tmp_path)
    one.scores = ["neg_elbo", "likelihood_regret"]
    found = one.finish(now)
    one.leave(now, tmp_path)
    rows = list(csv.DictReader((tmp_path / "tables" / "outliers_class_4.csv").open()))
    by_kind = [np.array([float(r["neg_elbo"]) for r in rows if r["unusual"] == kind]) for kind in "01"]
    assert found["auroc_neg_elbo_class_4"] == pytest.approx(auroc(*by_kind))
    assert {now.prepared.labels["test"][int(row["index"])] for row in rows if row["unusual"] == "1"} == {4}
    assert sum(bool(row["likelihood_regret"]) for row in rows) == 10
    pictures = list((tmp_path / "images").iterdir())
    assert len(pictures) == 2
    assert min(Image.open(pictures[0]).size) > 300


# ---- what the scores are ---------------------------------------------------------------------------------------------


def scored(composed, model, *more):
    cfg = composed(f"model={model}", "data=digits", *SMALL, *more, "metrics=[none,outliers]")
    prepared = prepare(cfg)
    built = build_model(cfg, prepared.spec).eval()
    scorer = Scorer(built, cfg.metrics.outliers.scores, 1, LikelihoodRegret(4, 2, 0.05))
    scorer.learn(prepared, np.arange(50))
    return scorer, prepared, built


def test_scores_of_a_vae_are_those_of_its_terms_and_none_is_turned_round(composed):
    scorer, prepared, _ = scored(composed, "vae")
    found = scorer.scores(prepared, "test", np.arange(12), "usual")
    torch.testing.assert_close(found["neg_elbo"], found["distortion"] + found["rate"], rtol=1e-5, atol=1e-4)
    assert (found["rate"] >= 0).all()
    assert (found["neg_elbo"] > 0).all()
    torch.testing.assert_close(found["typicality"], (found["neg_elbo"] - scorer.usual_nll).abs())
    assert len(found["likelihood_regret"]) == 4
    again = scorer.scores(prepared, "test", np.arange(12), "usual")
    assert all(torch.equal(found[name], again[name]) for name in found)


@pytest.mark.parametrize("name", ["ae", "denoising_ae"])
def test_distortion_is_of_the_images_as_they_are(name, composed):
    corrupted = ["model/corruption=gaussian"] if name != "ae" else []
    scorer, prepared, model = scored(composed, name, *corrupted)
    found = scorer.scores(prepared, "test", np.arange(12), "usual")
    x = torch.from_numpy(prepared.images["test"][:12]) / 255
    torch.testing.assert_close(found["distortion"].float(), model.score(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["vae", "ae", "restoration", "hvae"])
def test_what_a_model_can_give_is_known_before_it_is_asked(name, composed):
    more = ["model.latent_dim_2=2", "model.hidden=12"] if name == "hvae" else []
    cfg = composed(
        f"model={name}", "data=digits", *(SMALL if name not in ("restoration", "hvae") else SMALL[:0]), *more, *FEW
    )
    prepared = prepare(cfg)
    scorer = Scorer(
        build_model(cfg, prepared.spec).eval(), cfg.metrics.outliers.scores, 1, LikelihoodRegret(4, 2, 0.05)
    )
    scorer.learn(prepared, np.arange(50))
    given = set(scorer.scores(prepared, "test", np.arange(12), "usual"))
    assert given == possible(scorer.model) - ({"likelihood_regret"} if name == "hvae" else set())


def test_scores_of_which_none_can_be_given_are_refused(train, tmp_path):
    run = train("model=ae", "data=digits", *SMALL, "metrics=none", "trainer.max_steps=2", "callbacks=none")
    asked = ["metrics=[none,outliers]", "metrics.outliers.scores=[neg_elbo,rate]", "metrics.outliers.against=digits"]
    with pytest.raises(
        DataError, match=r"can give none of them.*scores=\[distortion,reconstruction_error,mahalanobis\]"
    ):
        train(f"ckpt={run}", f"output={tmp_path / 'again'}", *asked, "device=cpu", command="evaluate")
    assert not (tmp_path / "again").exists()


def test_an_autoencoder_has_no_rate_and_no_bound(composed):
    scorer, prepared, model = scored(composed, "ae")
    found = scorer.scores(prepared, "test", np.arange(12), "usual")
    assert found.keys() == {"distortion", "reconstruction_error", "mahalanobis"}
    x = torch.from_numpy(prepared.images["test"][:12]) / 255
    error = (model.reconstruct(x) - x).square().flatten(1).mean(1)
    torch.testing.assert_close(found["reconstruction_error"].float(), error)


def test_regret_is_left_out_where_the_posterior_is_not_one_gaussian(composed):
    scorer, prepared, _ = scored(composed, "hvae", "model.latent_dim_2=2", "model.hidden=12")
    found = scorer.scores(prepared, "test", np.arange(12), "usual")
    assert set(scorer.wanted) - set(found) == {"likelihood_regret"}


class OneNumber(torch.nn.Module):
    """p(z) = N(0, 1), p(x|z) = N(z, 1), and an encoder that says N(0, 1) whatever it sees."""

    def __init__(self):
        super().__init__()
        self.prior = StandardNormal().bound_to(1, None, None)

    def encode(self, x, *, label=None):
        return Code(torch.zeros(len(x), 1), torch.zeros(len(x), 1))

    def nll(self, x, z):
        return ((x.flatten(1)[:, None] - z) ** 2 / 2).sum(2)


def test_regret_is_how_far_the_encoder_is_from_the_posterior(monkeypatch):
    """KL(N(0, 1) || N(x/2, 1/2)), in closed form."""
    monkeypatch.setattr(regret, "MEASURED", 1000)
    x = torch.tensor([0.0, 1.0, -3.0]).view(3, 1, 1, 1)
    with torch.inference_mode():
        found = LikelihoodRegret(3, 200, 0.05)(OneNumber(), x, Noise(0, "test", 0, torch.device("cpu")))
    expected = (np.log(0.5) + 2 * (1 + x.flatten() ** 2 / 4) - 1) / 2
    torch.testing.assert_close(found, expected.float(), atol=0.1, rtol=0.05)
    assert not found.requires_grad


def test_regret_fits_each_image_by_itself_and_leaves_the_model_as_it_is(composed):
    scorer, prepared, model = scored(composed, "vae")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.from_numpy(prepared.images["test"][:4]).float() / 255
    score, noise = LikelihoodRegret(4, 30, 0.05), Noise(0, "test", 0, torch.device("cpu"))
    found = score(model, x, noise)
    assert (found > 0).all()
    changed = torch.cat([x[:1], 1 - x[1:]])
    torch.testing.assert_close(score(model, changed, noise)[0], found[0], rtol=1e-4, atol=1e-3)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


# ---- another set -----------------------------------------------------------------------------------------------------


def of_metrics(composed, *typed):
    cfg = composed("model=vae", "data=mnist", "metrics=[none,outliers]", *typed)
    return cfg, lambda: second_sets(cfg, cfg.data, prepare(cfg).spec)


@pytest.mark.parametrize(
    ("typed", "error", "words"),
    [
        ([], ConfigError, r"needs outliers.*\n.*metrics.outliers.against=SET, or metrics.outliers.held_out=CLASS"),
        ([AGAINST, "metrics.outliers.held_out=4"], ConfigError, "not both"),
        (["metrics.outliers.against=fashion_mist"], ConfigError, "Did you mean metrics.outliers.against=fashion_mnist"),
        (["metrics.outliers.against=xyz"], ConfigError, "There are: .*celeba"),
        (["metrics.outliers.against=digits"], DataError, "its images are 1x8x8, those of mnist 1x28x28"),
        (["metrics.outliers.against=toy2d"], ConfigError, "has points, not single images"),
        (
            ["metrics.outliers.against=folder"],
            ConfigError,
            "metrics.outliers.path: must be given.*\n.*metrics.outliers.path=DIR",
        ),
        ([AGAINST, "metrics.outliers.path=x"], ConfigError, "path=x: .*\n.*Leave it out, or .*against=folder"),
        (["metrics.outliers.held_out=4", "metrics.outliers.path=x"], ConfigError, "Leave it out, or .*against=folder"),
    ],
)
def test_outliers_that_there_are_not_are_refused(typed, error, words, composed):
    _, prepare_second = of_metrics(composed, *typed)
    with pytest.raises(error, match=words) as found:
        prepare_second()
    assert found.value.exit_code == 2


def test_own_files_are_shown_in_the_size_and_colour_of_the_runs_set(composed, pictures):
    cfg, prepare_second = of_metrics(composed, "metrics.outliers.against=folder", f"metrics.outliers.path={pictures}")
    assert prepare_second()["folder"].spec.shape == (1, 28, 28)
    cfg = composed("model=vae", "data=mnist")
    assert second_sets(cfg, cfg.data, SimpleNamespace()) == {}  # a FID against train names no set


def test_a_command_without_outliers_leaves_nothing_half_made(tmp_path, monkeypatch):
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ConfigError, match="needs outliers") as error:
        door.run("train", ["data=digits", "logger=csv", f"paths.runs={tmp_path}/runs", *FEW[:1]])
    assert error.value.exit_code == 2
    assert not (tmp_path / "runs").exists()


def test_evaluate_measures_what_the_end_of_training_did_and_leaves_tables_and_pictures(train, tmp_path):
    few = [*FEW, AGAINST, "metrics.outliers.scores=[neg_elbo]"]
    run = train("data=mnist", *few, *SMALL, "trainer.max_epochs=1", "callbacks=none")
    found = json.loads((run / "summary.json").read_text())
    name = "test/auroc_neg_elbo_fashion_mnist"
    assert found["metrics"][name] == pytest.approx(0.5, abs=0.15)  # the stand-ins are the same images
    assert found["counts"]["test/neg_elbo_fashion_mnist_unusual"] == 121
    assert (run / "tables" / "outliers_fashion_mnist.csv").is_file()
    for _ in range(2):  # the second time from what is kept
        out = tmp_path / f"e{_}"
        train(f"ckpt={run}", *few, f"output={out}", command="evaluate")
        again = json.loads((out / "summary.json").read_text())["metrics"]
        assert again[name] == pytest.approx(found["metrics"][name], abs=1e-9)
        assert (out / "images" / "outliers_fashion_mnist_neg_elbo.png").is_file()
        assert (out / "tables" / "outliers_fashion_mnist.csv").is_file()
