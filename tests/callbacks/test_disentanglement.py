"""The evaluator of disentanglement: on a set with factors, in the test alone, and refused without them."""

import csv
import json

import numpy as np
import pytest
import torch

from evaluators import evaluators
from genlab.apps.command.paths import prepare
from genlab.callbacks.evaluators import disentanglement
from genlab.callbacks.evaluators.tables import write_tables
from genlab.contracts import Code, DataError
from genlab.data.store.module import StoreData
from genlab.inference.encoded import batches, codes_of

SHAPES = ["data=shapes", "data.shapes=[heart]", "data.scales=2", "data.orientations=8", "data.x_positions=4"]
SHAPES += ["data.y_positions=8", "data.count=512", "data.image_size=32"]  # hearts alone: no two images are the same
CHOSEN = "metrics=[default,disentanglement]"
FEW = [CHOSEN, "metrics.disentanglement.predictor=null", "metrics.disentanglement.chen_samples=50"]


class Knows:
    """Encodes an image to its own factors, which it looks up; the code has a latent that never moves."""

    device, weight_dtype, needs = torch.device("cpu"), torch.float32, ()

    def __init__(self, prepared):
        self.known = {}
        for part in prepared.columns.values():
            for image, label in zip(part["image"], part["label"], strict=True):
                self.known[np.asarray(image).tobytes()] = label

    def encode(self, x, *, label=None):
        rows = [self.known[(image * 255).round().byte().numpy().tobytes()] for image in x]
        mean = torch.tensor(np.array(rows), dtype=torch.float32)
        mean = torch.cat([mean, torch.full_like(mean[:, :1], 0.3)], 1)
        return Code(mean, torch.full_like(mean, -8))


@pytest.fixture
def knowing(composed, tmp_path):
    cfg = composed("model=vae", *SHAPES, *FEW)
    prepared = prepare(cfg)
    return prepared, evaluators(cfg, Knows(prepared), prepared, tmp_path)


def test_a_code_that_is_the_factors_is_disentangled_and_each_number_is_reported(knowing, tmp_path):
    prepared, measure = knowing
    now, fitting = measure.stages["test"]
    one = next(x for x in fitting if hasattr(x, "chen_without"))
    assert not any(hasattr(x, "chen_without") for x in measure.stages["val"][1])
    found = one.finish(now)
    assert found.keys() == one.names(now)
    assert found.keys() == {
        *("mig_hist20", "mig_chen", "sap", "modularity", "factor_vae_score", "beta_vae_score", "explicitness"),
        *("infom", "infoe", "infoc"),
    }
    assert min(found[name] for name in ("factor_vae_score", "explicitness")) > 0.9
    assert (
        min(found[name] for name in ("mig_hist20", "mig_chen")) > 0.75
    )  # of 51 images other latents tell a little, too
    write_tables(tmp_path / "tables", now.tables)
    rows = list(csv.DictReader((tmp_path / "tables" / "disentanglement.csv").open()))
    assert [row["varying"] for row in rows] == ["0", "1", "1", "1", "1", "0"]  # one shape: it never moves
    assert list(rows[0])[3:] == list(prepared.spec.attributes[1:])
    assert all(float(rows[j][name]) > 0.9 for j, name in enumerate(prepared.spec.attributes) if j > 0)


class Memorises(Knows):
    """Encodes training images to their factors, and others to a code that says nothing of them."""

    def __init__(self, prepared):
        super().__init__(prepared)
        self.trained = {np.asarray(image).tobytes() for image in prepared.columns["train"]["image"]}

    def encode(self, x, *, label=None):
        code = super().encode(x, label=label)
        known = [(image * 255).round().byte().numpy().tobytes() in self.trained for image in x]
        noise = torch.rand(code.mean.shape, generator=torch.Generator().manual_seed(len(x)))
        return Code(torch.where(torch.tensor(known)[:, None], code.mean, noise), code.logvar)


def test_where_nothing_is_learnt_the_codes_are_of_the_split_that_is_measured(knowing):
    prepared, measure = knowing
    now, fitting = measure.stages["test"]
    one = next(x for x in fitting if hasattr(x, "chen_without"))
    honest = one.finish(now)
    now.model = Memorises(prepared)
    found = one.finish(now)
    for name in ("mig_hist20", "infom"):
        assert found[name] < honest[name] - 0.2
    assert found["mig_chen"] < honest["mig_chen"]
    assert found["modularity"] < honest["modularity"]
    told = max(row[name] for row in now.tables["disentanglement"] for name in prepared.spec.attributes[1:])
    assert told < 0.6


def test_codes_are_sampled_of_images_from_everywhere_in_a_sorted_set(knowing, monkeypatch):
    """The grid of a set in order has its first factor at one level among its first images."""
    one = next(x for x in knowing[1].stages["test"][1] if hasattr(x, "chen_without"))
    rows = []
    monkeypatch.setattr(disentanglement, "mig_chen", lambda mean, logvar, factors, own, noise: rows.append(own) or 0.0)
    one.chen_samples = 300
    one.chen(torch.zeros(900, 2), torch.zeros(900, 2), torch.zeros(900, 1))
    one.chen(torch.zeros(200, 2), torch.zeros(200, 2), torch.zeros(200, 1))
    assert len(set(rows[0].tolist())) == 300
    assert torch.bincount(rows[0] // 300).tolist() == pytest.approx([100] * 3, abs=25)
    assert rows[1].tolist() == list(range(200))


def test_codes_are_in_order_and_do_not_depend_on_the_size_of_batches(knowing, monkeypatch):
    prepared, measure = knowing
    model = measure.stages["test"][0].model
    rows = np.array([5, 3, 17, 0, 9])
    whole = codes_of(model, prepared, "train", rows)
    assert (whole.label.numpy() == prepared.labels["train"][rows]).all()
    assert (whole.mean[:, :5].long() == whole.label).all()
    monkeypatch.setattr(StoreData, "eval_size", 2)
    assert torch.equal(codes_of(model, prepared, "train", rows).mean, whole.mean)
    assert [len(batch.image) for batch in batches(model, prepared, "train", rows)] == [2, 2, 1]


def test_it_learns_from_the_training_images_and_tests_on_the_split_that_is_measured(knowing):
    prepared, measure = knowing
    now, fitting = measure.stages["test"]
    one = next(x for x in fitting if hasattr(x, "chen_without"))
    assert one.splits(now) == ("train", "test")
    assert len(one.rows(now, "test")) == prepared.spec.sizes["test"]
    one.train_codes = 100
    rows = one.rows(now, "train")
    assert len(rows) == len(set(rows)) == 100
    assert (one.rows(now, "train") == rows).all()
    assert (codes_of(now.model, prepared, "train", rows).label.numpy() == prepared.labels["train"][rows]).all()


def test_a_set_without_factors_is_refused(composed, tmp_path):
    cfg = composed("model=vae", "data=digits", *FEW)
    prepared = prepare(cfg)
    model = Knows(prepared)
    with pytest.raises(DataError, match=r"digits has no known factors.*data=shapes") as error:
        evaluators(cfg, model, prepared, tmp_path)
    assert error.value.exit_code == 2


def test_evaluate_measures_what_the_end_of_training_did_and_leaves_the_table(train, tmp_path):
    run = train("model=beta_vae", *SHAPES, *FEW, "model.latent_dim=3", "model/net=mlp", "trainer.max_epochs=1")
    summary = json.loads((run / "summary.json").read_text())["metrics"]
    assert {"test/mig_hist20", "test/mig_chen", "test/infoc"} <= set(summary)
    assert "val/mig_hist20" not in summary
    assert (run / "tables" / "disentanglement.csv").is_file()
    out = tmp_path / "e"
    train(f"ckpt={run}", *FEW, "metrics.fid=null", "metrics.kid=null", f"output={out}", command="evaluate")
    again = json.loads((out / "summary.json").read_text())["metrics"]
    names = [name for name in summary if name.startswith(("test/mig", "test/info", "test/factor", "test/sap"))]
    assert {name: again[name] for name in names} == {name: pytest.approx(summary[name], abs=1e-9) for name in names}
    assert (out / "tables" / "disentanglement.csv").read_text() == (run / "tables" / "disentanglement.csv").read_text()
