"""The ledger of a split: its terms against closed forms, whatever the batches; its tables; and what it leaves out."""

import json
import math
from types import SimpleNamespace

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from genlab.callbacks.evaluators.ledger import mean_training_image
from genlab.callbacks.evaluators.selection import fits
from genlab.callbacks.evaluators.tables import write_tables
from genlab.contracts import Code
from genlab.metrics.aggregate_posterior import ACTIVE, Decomposition, Posteriors
from genlab.models.priors.vamp import Vamp
from split import IMAGES, evaluation, ledger, measured, nll, poor

from vae_parts import LATENT, linear, pictures, says


def test_units_and_dimensions_are_those_of_the_codes_of_all_images():
    model, x = poor(), pictures(IMAGES)
    values, now = measured(ledger(), model, x, 7)
    code = model.encode(x)
    q, rows = Normal(code.mean, (0.5 * code.logvar).exp()), now.tables["kl_by_dimension"]
    kl = kl_divergence(q, Normal(torch.zeros(2).double(), torch.ones(2).double()))
    assert [row["kl"] for row in rows] == pytest.approx(kl.mean(0).tolist(), rel=1e-10)
    assert [row["variance_of_mean"] for row in rows] == pytest.approx(code.mean.var(0).tolist(), rel=1e-10)
    assert [row["mean_variance"] for row in rows] == pytest.approx(code.logvar.exp().mean(0).tolist(), rel=1e-10)
    assert values["active_units"] == sum(row["active"] for row in rows) == int((code.mean.var(0) > ACTIVE).sum())
    assert sum(row["kl"] for row in rows) == pytest.approx(float(kl.sum(1).mean()), rel=1e-10)


def test_the_three_terms_are_the_kl_within_their_errors():
    model, x = poor(), pictures(IMAGES)
    values, now = measured(ledger(4000), model, x)
    kl = sum(row["kl"] for row in now.tables["kl_by_dimension"])
    three = sum(values[name] for name in Decomposition._fields)
    error = math.sqrt(sum(values[f"{name}_se"] ** 2 for name in Decomposition._fields))
    assert abs(three - kl) < 4 * error < 0.3
    assert 0 < values["mutual_information"] < math.log(IMAGES)


def test_an_encoder_that_says_the_same_of_every_image_has_no_active_unit_and_tells_nothing():
    model = says(linear(), mean=(1.0, -2.0), logvar=(3.0, -1.5))
    values, _ = measured(ledger(), model, pictures(IMAGES))
    assert values["active_units"] == 0
    for name in ("mutual_information", "total_correlation"):
        assert abs(values[name]) < 1e-9
    kl = kl_divergence(Normal(torch.tensor([1.0, -2.0]), torch.tensor([1.5, -0.75]).exp()), Normal(0.0, 1.0)).sum()
    assert abs(values["dimension_wise_kl"] - float(kl)) < 4 * values["dimension_wise_kl_se"]


@pytest.mark.parametrize("size", [7, 512])
def test_batches_do_not_matter(size):
    one, other = (measured(ledger(), poor(), pictures(IMAGES), batch)[0] for batch in (16, size))
    assert other == pytest.approx(one, rel=1e-11)


def test_another_prior_enters_by_its_density_and_has_no_kl_by_dimension():
    model, x = linear(prior=Vamp(3)), pictures(IMAGES)
    values, now = measured(ledger(2000), model, x)
    assert now.tables["kl_by_dimension"][0].keys() == {"dimension", "variance_of_mean", "mean_variance", "active"}
    with torch.no_grad():
        z = model.posterior(x).sample(torch.randn(IMAGES, 400, LATENT, dtype=torch.float64))
        kl = model.prior.kl(model.posterior(x), z)
    error = math.sqrt(sum(values[f"{name}_se"] ** 2 for name in Decomposition._fields))
    assert abs(sum(values[name] for name in Decomposition._fields) - float(kl.mean())) < 5 * error + 0.02


def test_validation_has_the_cheap_part_alone():
    values, now = measured(ledger(), poor(), pictures(IMAGES), stage="val")
    assert values.keys() == {"active_units", "mean_image_mse"}
    assert ledger().asides(now) == set()


def test_beta_stands_beside_its_normalised_value():
    """beta times latents over pixels: 3 * 2 / 6."""
    values, _ = measured(ledger(0), linear(beta=3.0), pictures(IMAGES))
    assert (values["beta"], values["beta_normalised"]) == (3.0, 1.0)
    assert not values.keys() & set(Decomposition._fields)


def test_the_mean_image_is_that_of_the_training_images_and_its_error_their_variance():
    x = (pictures(IMAGES) * 255).round() / 255
    now = evaluation(poor(), x)
    torch.testing.assert_close(mean_training_image(now), x.mean(0), rtol=0, atol=1e-12)
    values, _ = measured(ledger(0), poor(), x)
    assert values["mean_image_mse"] == pytest.approx(float((x - x.mean(0)).square().mean()), rel=1e-9)


def test_codes_that_are_not_all_of_the_noise_are_left_out():
    """A model of several layers of codes shows one of them."""
    model = poor()
    half = SimpleNamespace(
        noise_size=3, prior=model.prior, device=torch.device("cpu"), encode=lambda x, label=None: model.encode(x)
    )
    assert measured(ledger(), half, pictures(IMAGES))[0].keys() == {"mean_image_mse"}
    half.encode = lambda x, label=None: Code(model.encode(x).mean)
    assert measured(ledger(), half, pictures(IMAGES))[0].keys() == {"mean_image_mse"}


def test_only_models_with_posteriors_and_a_prior_have_one():
    assert fits(ledger(), evaluation(poor(), pictures(3)))
    assert not fits(ledger(), evaluation(SimpleNamespace(encode=None, log_weights=None, noise_size=1), pictures(3)))


def test_a_single_image_has_no_spread_and_no_error():
    values, now = measured(ledger(1), poor(), pictures(1))
    assert values["active_units"] == 0
    assert values["mutual_information_se"] == 0
    assert measured(nll(5), poor(), pictures(1))[0]["nll_se"] == 0
    assert Posteriors(*torch.zeros(2, 1, 2)).variances_of_means().tolist() == [0, 0]
    assert len(now.tables["kl_by_dimension"]) == LATENT


def test_a_run_has_its_tables_and_a_picture(train, tmp_path):
    few = ["metrics.val_samples=0", "metrics.test_samples=0", "metrics.ledger.samples=50", "metrics.nll=3"]
    run = train("model=vae", "model.likelihood=gaussian", "data=digits", "data.limit=64", "trainer.max_epochs=1", *few)
    rows = (run / "tables" / "kl_by_dimension.csv").read_text().splitlines()
    assert rows[0] == "dimension,kl,variance_of_mean,mean_variance,active"
    summary = json.loads((run / "summary.json").read_text())
    assert len(rows) == 1 + 20
    assert sum(int(row.split(",")[-1]) for row in rows[1:]) == summary["metrics"]["test/active_units"]
    assert {"test/nll", "test/nll_se", "test/mutual_information_se", "val/active_units"} <= summary["metrics"].keys()
    assert (run / "tables" / "kl_by_dimension.png").stat().st_size > 1000
    assert len((run / "tables" / "nll.csv").read_text().splitlines()) == 181
    write_tables(tmp_path / "no" / "where", {})
    assert not (tmp_path / "no").exists()
