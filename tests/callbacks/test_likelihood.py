"""NLL by importance sampling on a VAE whose evidence is known, and that nothing but images, seed and samples matters."""

import json
import math

import pytest
import torch

import untrained
from genlab.apps.command import main as door
from genlab.apps.command.paths import prepare
from genlab.callbacks.evaluators.likelihood import ImportanceSampled
from genlab.config.compose import compose
from genlab.contracts import ConfigError
from genlab.data.store.binarize import binarized_digest
from genlab.inference.encoded import chosen
from genlab.losses.likelihood import bernoulli_nll, bernoulli_nll_of_each
from genlab.models.base.pixels import Pixels
from genlab.random import normal
from measuring import Counted
from split import IMAGES, evaluation, ledger, measured, nll, poor

from vae_parts import LATENT, PIXELS, SHAPE, SIGMA, evidence, knows, linear, pictures


def test_with_the_true_posterior_every_sample_weighs_the_evidence():
    model, x = knows(linear()), pictures(5)
    values, now = measured(nll(7), model, x)
    exact = -evidence(model, x)
    assert values["nll"] == pytest.approx(float(exact.mean()), rel=1e-8)
    assert values["nll_se"] == pytest.approx(float(exact.std()) / math.sqrt(5), rel=1e-7)
    assert values["nll_ess"] == pytest.approx(7, rel=1e-7)
    assert [row["nll"] for row in now.tables["nll"]] == pytest.approx(exact.tolist(), rel=1e-8)
    assert now.counts == {"test/nll_real": 5, "test/nll_samples": 7}


def test_of_images_that_the_model_makes_the_nll_is_their_entropy_within_its_error(monkeypatch):
    """x ~ N(b, W W' + sigma^2 I): the mean of -log p(x) is known without any image."""
    monkeypatch.setattr(Pixels, "require_unit_range", lambda self, x: None)  # a Gaussian knows no bounds
    model = poor()
    weight, bias = model.decoder[0].weight.detach(), model.decoder[0].bias.detach()
    covariance = weight @ weight.T + SIGMA**2 * torch.eye(PIXELS).double()
    draws = torch.randn(500, PIXELS, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    x = (draws @ torch.linalg.cholesky(covariance).T + bias).view(-1, *SHAPE)
    values, _ = measured(nll(400), model, x, 100)
    entropy = 0.5 * (PIXELS * math.log(2 * math.pi * math.e) + float(torch.logdet(covariance)))
    assert 0.02 < values["nll_se"] < 0.2
    assert abs(values["nll"] - entropy) < 3.5 * values["nll_se"]


def test_it_comes_down_to_the_evidence_from_above_as_samples_grow():
    model, x = poor(), pictures(IMAGES)
    exact = -float(evidence(model, x).mean())
    gaps = [measured(nll(k), model, x)[0]["nll"] - exact for k in (1, 20, 2000)]
    assert gaps[0] > 0.1 > 2 * abs(gaps[1])
    assert abs(gaps[2]) < 5e-3
    assert 1 < measured(nll(2000), model, x)[0]["nll_ess"] < 2000


@pytest.mark.parametrize(("size", "block"), [(7, None), (512, 50), (16, 300), (16, 1), (40, 77)])
def test_neither_batches_nor_blocks_matter(size, block):
    model, x = poor(), pictures(IMAGES)
    one, other = measured(nll(), model, x)[0], measured(nll(block=block), model, x, size)[0]
    assert other == pytest.approx(one, rel=1e-11)


def test_images_in_another_order_and_fewer_of_them_have_the_same_numbers_each():
    model, x = poor(), pictures(IMAGES)
    each = {row["index"]: row["nll"] for row in measured(nll(), model, x)[1].tables["nll"]}
    few, now = measured(nll(images=9), model, x, 7)
    rows = chosen(torch.arange(IMAGES), IMAGES, 9).nonzero().flatten().tolist()
    assert [row["index"] for row in now.tables["nll"]] == rows != list(range(9))
    assert [row["nll"] for row in now.tables["nll"]] == pytest.approx([each[i] for i in rows], rel=1e-11)
    assert few["nll"] == pytest.approx(sum(each[i] for i in rows) / 9, rel=1e-11)
    assert now.counts["test/nll_real"] == 9


def test_two_ranks_measure_what_one_does(trainings, tmp_path):
    ranks = [
        trainings.start("split:measure_as", n, 2, str(tmp_path), folder=tmp_path, output=tmp_path / f"{n}.txt")
        for n in (0, 1)
    ]
    assert [rank.wait(100) for rank in ranks] == [0, 0], [(tmp_path / f"{n}.txt").read_text() for n in (0, 1)]
    both = [torch.load(tmp_path / f"{n}.pt") for n in (0, 1)]
    for place, one in enumerate((nll(), ledger())):
        alone = measured(one, poor(), pictures(IMAGES))[0]
        assert both[0][place] == pytest.approx(alone, rel=1e-10)
        assert both[1][place] == both[0][place]


def test_another_seed_draws_other_codes():
    model, x = poor(), pictures(IMAGES)
    one = measured(nll(), model, x)[0]
    model.seed += 1
    assert measured(nll(), model, x)[0]["nll"] != one["nll"]


def test_every_image_is_encoded_once_in_evaluation_mode_and_the_mode_comes_back():
    model, x, seen = poor().train(), pictures(IMAGES), []
    model.encoder.register_forward_hook(lambda net, inputs, output: seen.append((len(output), net.training)))
    measured(nll(300, block=20), model, x, 16)
    assert sum(count for count, _ in seen) == IMAGES
    assert not any(training for _, training in seen)
    assert model.training


def test_decoder_rows_are_bounded_whatever_the_batch(monkeypatch):
    """28 KB of memory stand for all there is."""
    monkeypatch.setattr("genlab.inference.importance.BYTES", {"cpu": 32 * PIXELS * 8 * 18})
    model, rows = poor(), []
    model.decoder.register_forward_hook(lambda net, inputs, output: rows.append(len(output)))
    one = measured(nll(), model, pictures(IMAGES))[0]
    assert max(rows) <= 18
    assert sum(rows) == 300 * IMAGES
    monkeypatch.undo()
    assert one == pytest.approx(measured(nll(), poor(), pictures(IMAGES))[0], rel=1e-11)


# ---- its noise and its density -----------------------------------------------------------------------------------------


def test_noise_is_standard_normal_and_a_number_of_its_image_draw_and_place_alone():
    index = torch.arange(400)
    z = normal(index, 0, 60, 5, (3, 9), torch.float64)
    flat = z.flatten()
    for power, moment, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(float(flat.pow(power).mean()) - moment) < 4 * math.sqrt(spread / len(flat))
    uniform = torch.special.ndtr(flat).sort().values
    distance = (uniform - (torch.arange(len(flat)) + 0.5) / len(flat)).abs().max()
    assert float(distance) < 1.63 / math.sqrt(len(flat))  # Kolmogorov and Smirnov, 1 %
    for view in (z.flatten(0, 1), z.transpose(1, 2).flatten(0, 1), z.flatten(1).T):
        assert view.T.corrcoef().fill_diagonal_(0).abs().max() < 5.5 / math.sqrt(len(view))
    torch.testing.assert_close(normal(index[7:9], 30, 2, 5, (3, 9), torch.float64), z[7:9, 30:32], rtol=0, atol=0)
    assert not torch.equal(normal(index, 0, 60, 5, (4, 9), torch.float64), z)
    assert not torch.equal(normal(index, 0, 60, 5, (3, 8), torch.float64), z)


def test_single_precision_noise_is_finite_and_that_of_double():
    one, two = (normal(torch.arange(2000), 0, 100, 7, (0, 6), kind) for kind in (torch.float32, torch.float64))
    assert one.isfinite().all()
    torch.testing.assert_close(one.double(), two, rtol=0, atol=2e-3)  # near 0 the logarithm of float32 has few digits


def test_of_several_outputs_for_an_image_the_bernoulli_is_that_of_each():
    x = (torch.rand(3, *SHAPE) > 0.5).double()
    logits = (4 * torch.randn(12, *SHAPE)).double()
    expected = bernoulli_nll(logits, x.repeat_interleave(4, 0))
    torch.testing.assert_close(bernoulli_nll_of_each(logits, x), expected, rtol=1e-13, atol=0)
    torch.testing.assert_close(Pixels("bernoulli", 1.0, "linear").nll(logits, x), expected, rtol=1e-13, atol=0)
    far = torch.tensor([[50.0], [-50.0], [800.0], [-800.0]])
    torch.testing.assert_close(bernoulli_nll_of_each(far, torch.zeros(1, 1)), torch.tensor([50.0, 0, 800, 0]))
    many = (torch.rand(3, 784) > 0.5).float()
    sure = (2 * many - 1) * (
        100 + 200 * torch.rand(3, 784)
    )  # where a difference of two sums is off by 0.01, up and down
    found = bernoulli_nll_of_each(sure, many)
    assert found.ge(0).all()
    assert found.le(1e-30).all()


# ---- what it refuses, and what it keeps --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("gan", "GAN has no likelihood that could be estimated"),
        ("ae", "Autoencoder has no likelihood that could be estimated"),
        ("vae", "grey pixels under a Bernoulli have a cross-entropy, not a likelihood"),
    ],
)
def test_what_has_no_likelihood_is_refused_before_anything_is_made(model, told, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    chosen = ["data=digits", f"model={model}"]
    run = untrained.saved(compose("train", chosen), tmp_path / "run")
    asked = ["metrics.nll=5", f"paths.runs={tmp_path}/runs"]
    for command, more in (("train", [*chosen, "logger=csv"]), ("evaluate", [f"ckpt={run}", f"output={tmp_path}/out"])):
        with pytest.raises(ConfigError) as refused:
            door.run(command, [*more, *asked])
        assert refused.value.exit_code == 2
        assert str(refused.value).startswith(f"metrics.nll=5: {told}")
        assert "metrics.nll=0" in str(refused.value)
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("features"))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["metrics.nll=-1"], "metrics.nll=-1: must be at least 0"),
        (["metrics.nll=5", "metrics.nll_block=0"], "metrics.nll_block=0: must be at least 1"),
        (["metrics.nll=5", "metrics.nll_images=0"], "metrics.nll_images=0: must be at least 1"),
        (["metrics.nll=5", "metrics=none"], "metrics.nll=5: nothing in metrics measures it"),
    ],
)
def test_what_makes_no_sense_is_refused(typed, told):
    with pytest.raises(ConfigError) as refused:
        door.run("train", ["model=vae", "model.likelihood=gaussian", "data=digits", *typed])
    assert told in str(refused.value)


def test_a_second_evaluation_weighs_nothing_again_and_says_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    chosen = ["data=digits", "model=vae", "model.likelihood=gaussian", "model.latent_dim=3", "data.batch_size=40"]
    run = untrained.saved(compose("train", chosen), tmp_path / "run")
    found = []
    for number in (0, 1):
        options = [f"ckpt={run}", "metrics=[none,likelihood]", "metrics.nll=20", f"output={tmp_path}/{number}"]
        with Counted() as counted:
            assert door.run("evaluate", options) == 0
        assert counted.passes.count("log_weights") == (5 if number == 0 else 0)
        found.append(json.loads((tmp_path / str(number) / "summary.json").read_text()))
        rows = (tmp_path / str(number) / "tables" / "nll.csv").read_text().splitlines()
        assert rows[0] == "index,nll,ess"
        assert len(rows) == 181
    assert found[0] == found[1]
    assert found[0]["counts"]["test/nll_real"] == 180
    assert "bpd" not in "".join(found[0]["metrics"])  # a density has none
    assert "of a density" in found[0]["notes"][0]


def test_in_validation_it_is_not_measured():
    assert nll().count(evaluation(poor(), pictures(3), "val")) == 0
    assert nll(0).count(evaluation(poor(), pictures(3))) == 0
    assert isinstance(nll(), ImportanceSampled)
    assert poor().noise_size == LATENT


def test_black_and_white_pixels_have_bits_and_their_images_a_digest(tmp_path, monkeypatch):
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    chosen = ["data=digits", "data.binarize=dynamic", "model=vae", "model.latent_dim=3"]
    run = untrained.saved(compose("train", chosen), tmp_path / "run")
    options = [f"ckpt={run}", "metrics=[none,likelihood]", "metrics.nll=20", f"output={tmp_path}/out"]
    assert door.run("evaluate", options) == 0
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    metrics = found["metrics"]
    assert metrics["test/nll_bpd"] == pytest.approx(metrics["test/nll"] / 64 / math.log(2), rel=1e-12)
    assert metrics["test/bpd"] == pytest.approx(-metrics["test/elbo"] / 64 / math.log(2), rel=1e-6)
    assert metrics["test/nll_bpd"] < metrics["test/bpd"]  # of the ELBO
    assert abs(metrics["test/nll_bpd"] - 1) < 0.1  # untrained: every pixel is black or white by chance
    assert metrics["test/nll"] < -metrics["test/elbo"]
    told, images = found["notes"]
    assert told == "nll: 20 importance samples an image, in nats an image"
    assert "SHA-256" in images
    assert binarized_digest(prepare(compose("train", chosen)), "test") in images
