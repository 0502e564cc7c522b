"""Codes held against the prior: which codes, the test's numbers, and a run that is measured again."""

import json

import pytest
import torch

from evaluators import evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.callbacks.evaluators import codes
from genlab.callbacks.evaluators.codes import CodePrior, in_order
from genlab.callbacks.evaluators.evaluator import Seen
from genlab.callbacks.samples import SEED
from genlab.contracts import Code, Images
from genlab.inference.encoded import chosen
from genlab.metrics.two_sample import GaussianKernel, median_distance, two_sample_test
from genlab.random import keyed_generator

from family import member

CODES = ["data=digits", "metrics=[default,code_prior]", "metrics.fid=null", "metrics.kid=null"]
CODES += ["metrics.code_prior.samples=150", "metrics.code_prior.permutations=19"]


class Known:
    """Codes are the images' first two pixels, draws are standard normal."""

    device = torch.device("cpu")

    def __init__(self, logvar=None):
        self.logvar = logvar

    def encode(self, x, *, label=None):
        mean = x.flatten(1)[:, :2]
        return Code(mean, None if self.logvar is None else torch.full_like(mean, self.logvar))

    def draw(self, n, *, seed=None):
        return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


def batches(count, size, shift=0.0):
    image = shift + torch.randn(count, 1, 1, 2, generator=torch.Generator().manual_seed(0))
    return [Images(image[i], None, i) for i in torch.arange(count).split(size)]


@pytest.fixture
def now(composed, tmp_path):
    cfg = composed("model=vae", *CODES)
    prepared = prepare(cfg)
    measure = evaluators(cfg, build_model(cfg, prepared.spec), prepared, tmp_path)
    return measure.stages["test"][0]


def measured(now, model, seen):
    one = CodePrior(1, [], 150, 199)
    now.model, now.counts = model, {}
    one.begin(now)
    for number, batch in enumerate(seen):
        one.look(now, Seen(model, batch, 0), number)
    return one.finish(now)


def test_codes_of_chosen_images_of_the_split_are_held_against_so_many_draws(now):
    found = measured(now, Known(), batches(180, 50))
    prior = Known().draw(1150, seed=SEED).double()
    kernel = GaussianKernel(median_distance(prior[:1000]))
    kept = chosen(torch.arange(180), 180, 150)
    x = torch.cat([batch.image for batch in batches(180, 50)]).flatten(1)[kept].double()
    stream = keyed_generator(torch.device("cpu"), "codes", SEED)
    assert (found["code_mmd"], found["code_mmd_p"]) == two_sample_test(x, prior[1000:], kernel, 199, stream)
    assert now.counts == {"test/code_mmd": 150, "test/code_mmd_p": 150}


def test_p_tells_the_prior_from_what_is_not(now):
    assert measured(now, Known(), batches(180, 50))["code_mmd_p"] > 0.05
    far = measured(now, Known(), batches(180, 50, shift=0.7))
    assert far["code_mmd_p"] == 1 / 200
    assert far["code_mmd"] > 3 * far["code_mmd_se"] > 0


def test_a_code_that_is_a_distribution_is_drawn_from(now):
    """Means alone are too narrow: variances 0.5 and 0.5 make the prior's."""
    narrow = [Images(batch.image / 2**0.5, None, batch.index) for batch in batches(180, 50)]
    assert measured(now, Known(), narrow)["code_mmd_p"] < 0.05
    assert measured(now, Known(-0.6931), narrow)["code_mmd_p"] > 0.05


def test_numbers_depend_on_neither_batches_nor_ranks(now, monkeypatch):
    one = measured(now, Known(-1.0), batches(180, 50))
    assert measured(now, Known(-1.0), batches(180, 7)) == one

    def gather(seen):
        return {"0": [tuple(x[::2] for x in row) for row in seen], "1": [tuple(x[1::2] for x in row) for row in seen]}

    monkeypatch.setattr(codes, "gather_by_rank", gather)
    assert measured(now, Known(-1.0), batches(180, 50)) == one
    monkeypatch.setattr(codes, "gather_by_rank", lambda seen: {})
    assert measured(now, Known(-1.0), batches(180, 50)) == {}


def test_codes_are_put_in_the_order_of_their_images():
    rows = [(torch.tensor([2, 0]), torch.tensor([[2.0], [0.0]])), (torch.tensor([1]), torch.tensor([[1.0]]))]
    assert in_order(rows).tolist() == [[0.0], [1.0], [2.0]]


def test_images_of_a_set_that_is_sorted_by_class_are_chosen_from_every_class_alike():
    kept = chosen(torch.arange(4000), 4000, 2000)
    shares = kept.view(10, 400).double().mean(1)
    assert int(kept.sum()) == 2000
    assert shares.tolist() == pytest.approx([0.5] * 10, abs=0.1)
    assert torch.equal(chosen(torch.tensor([7, 3999]), 4000, 2000), kept[[7, 3999]])
    assert chosen(torch.arange(9), 9, 9).all()


@pytest.mark.parametrize("name", ["HVAE", "VAE"])
def test_codes_of_a_posterior_that_is_the_prior_are_told_from_it_by_nothing(name, now):
    """All weights are 0, hence q(z|x) = p(z) = N(0, I): their means alone would be one point."""
    model = member(name)
    for parameter in model.parameters():
        parameter.data.zero_()
    image = torch.rand(180, 1, 2, 3, generator=torch.Generator().manual_seed(0))
    seen = [Images(image[i], None, i) for i in torch.arange(180).split(50)]
    found = measured(now, model, seen)
    assert found["code_mmd_p"] > 0.05
    assert abs(found["code_mmd"]) < 4 * found["code_mmd_se"]


@pytest.mark.parametrize("name", ["CVAE", "DBVAE", "FactorVAE", "HVAE", "VAE"])
def test_codes_that_are_inferred_are_those_of_the_posterior(name):
    model, noise = member(name), torch.randn(3, 4 if name == "HVAE" else 2)
    x, y = torch.rand(3, 1, 2, 3), torch.tensor([0, 2, 1])
    found = model.infer(x, noise, label=y)
    mean, logvar = model.encode(x, label=y)
    assert found.shape == noise.shape
    if logvar is not None:
        torch.testing.assert_close(found, mean + (logvar / 2).exp() * noise)
    torch.testing.assert_close(model.infer(x, 0 * noise, label=y), mean)


MIXED = (
    "ae",
    "pca",
    "linear_ae",
    "logistic_pca",
    "denoising_ae",
    "dropout_ae",
)  # what they draw from is fitted at the end
FITS = {"vae": {"val", "test"}, "aae": {"val", "test"}, "factor_vae": {"val", "test"}, "dcgan": set()}


def fitting(composed, tmp_path, *typed):
    """The stages in which it measures."""
    cfg = composed(*typed, *CODES)
    prepared = prepare(cfg)
    stages = evaluators(cfg, build_model(cfg, prepared.spec), prepared, tmp_path).stages
    return {stage for stage, (_, found) in stages.items() if any(isinstance(one, CodePrior) for one in found)}


@pytest.mark.parametrize(("model", "stages"), [*FITS.items(), *((model, {"test"}) for model in MIXED)])
def test_it_fits_models_that_encode_and_can_draw_by_then(model, stages, composed, tmp_path):
    assert fitting(composed, tmp_path, f"model={model}") == stages


def test_it_leaves_out_an_autoencoder_without_a_mixture(composed, tmp_path):
    assert fitting(composed, tmp_path, "model=ae", "model.mixture.components=0") == set()


def test_a_run_is_measured_in_validation_and_test_and_again_to_the_same_numbers(train, tmp_path):
    run = train("model=aae", "model.latent_dim=2", *CODES, "trainer.max_epochs=1", "data.limit=600", "callbacks=none")
    first = json.loads((run / "summary.json").read_text())
    names = {f"{split}/code_mmd{end}" for split in ("val", "test") for end in ("", "_p", "_se")}
    assert names <= set(first["metrics"])
    assert first["counts"]["test/code_mmd"] == 150
    train(f"ckpt={run}", *CODES[1:], f"output={tmp_path}/again", command="evaluate")
    again = json.loads((tmp_path / "again" / "summary.json").read_text())["metrics"]
    for name in ("test/code_mmd", "test/code_mmd_p", "test/d_accuracy"):
        assert again[name] == pytest.approx(first["metrics"][name], rel=1e-6)
