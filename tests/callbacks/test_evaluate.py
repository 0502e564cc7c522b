"""Which numbers come out, of what, when; and that measuring changes nothing else."""

from contextlib import nullcontext

import lightning.pytorch as pl
import pytest
import torch

from evaluators import FID_ALONE, SMALL, Dice, evaluators, measured, translated
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import QUIET, build_model
from genlab.callbacks.samples import SEED
from genlab.callbacks.stopping import MaxSteps
from genlab.contracts import ConfigError, DataError
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.choose import make_extractor
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.metrics.extractors.small_networks import random_features
from genlab.metrics.frechet import frechet_distance
from genlab.metrics.kernel import mmd2
from genlab.metrics.moments import Moments
from genlab.metrics.reconstruction import reconstruction_terms
from genlab.models.base.model import Model

NO_MIXTURE = "model.mixture.components=0"  # an autoencoder that does not sample


class Careless(Dice):
    """Samples by the global random state, whatever the seed."""

    def sample(self, n, *, label=None, seed=None):
        return torch.rand(n, 1, 8, 8)


class Mute(Model):
    """Neither reconstructs nor samples."""

    def __init__(self, *options):
        super().__init__(*options)
        self.level = torch.nn.Parameter(torch.zeros(()))

    def terms(self, batch, noise):
        return {"loss": (batch.image - self.level).square().flatten(1).mean(1)}


class Seen(pl.Callback):
    """Which metrics a validation of the fit has left, by epoch."""

    def __init__(self):
        self.names = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.names.append({n for n in pl_module.measured if n.startswith("val/fid")})


@pytest.fixture
def digits(composed):
    """A model, its data, and what measures them."""

    def make(tmp_path, *more, model="vae", tested="test"):
        cfg = composed(f"model={model}", "data=digits", "model.latent_dim=3", "data.limit=64", *SMALL, *more)
        prepared = prepare(cfg)
        net = build_model(cfg, prepared.spec)
        return net, StoreData(prepared, 32, 0), evaluators(cfg, net, prepared, tmp_path, tested)

    return make


def trainer(*callbacks, **options):
    return pl.Trainer(**QUIET, **options, accelerator="cpu", devices=1, logger=False, callbacks=list(callbacks))


def fid(real, fake):
    return frechet_distance(Moments.of(real), Moments.of(fake))


def test_the_numbers_are_those_of_the_whole_set_and_of_named_samples(digits, tmp_path):
    model, data, evaluate = digits(tmp_path, "metrics.test_samples=300")
    trainer(evaluate).test(model, data, verbose=False)
    x = torch.from_numpy(data.prepared.images["test"][:]).float() / 255
    for name, values in reconstruction_terms(x, model.eval().reconstruct(x)).items():
        assert model.measured[f"test/{name}"] == pytest.approx(values.double().mean().item(), rel=1e-6)
    extractor = random_features((1, 8, 8))
    real = RealFeatures(data.prepared, "test", extractor, tmp_path).features
    fake = torch.cat([extractor(model.sample(n, seed=SEED + j)) for j, n in enumerate((250, 50))])
    assert model.measured["test/fid_random_300_vs_180"] == fid(real, fake)
    assert model.measured["test/kid_random_300_vs_180"] == pytest.approx(float(mmd2(real, fake)), rel=1e-9)
    every = ("fid", "kid")
    names = [f"test/{name}_random_300_vs_180" for name in every]
    assert evaluate.counts == dict.fromkeys(names, 300) | {f"{name}_real": 180 for name in names}


def test_in_the_test_error_bars_and_the_floor_of_training_images_stand_beside_each_number(digits, tmp_path):
    bars = ["metrics.bootstrap=20", "metrics.floor=true"]
    model, data, evaluate = digits(tmp_path, "metrics.test_samples=50", *bars)
    trainer(evaluate).test(model, data, verbose=False)
    name, found = "test/fid_random_50_vs_180", model.measured
    assert {n.removeprefix(name) for n in found if n.startswith(name)} == {"", "_se", "_floor"}
    kid = {f"test/kid_random_50_vs_180{end}" for end in ("", "_se", "_floor")}
    assert {n for n in found if "kid" in n} == kid
    assert 0 < found[f"{name}_se"] < found[name]
    train, real = (
        RealFeatures(data.prepared, split, random_features((1, 8, 8)), tmp_path) for split in ("train", "test")
    )
    of_50 = fid(real.features, RealFeatures(data.prepared, "train", train.extractor, tmp_path, limit=50).features)
    assert found[f"{name}_floor"] == of_50
    assert of_50 != fid(real.features, train.features)
    assert evaluate.counts[f"{name}_floor"] == 50
    trainer(evaluate).validate(model, data, verbose=False)
    assert not [n for n in found if n.startswith("val/") and n.endswith(("_se", "_floor", "_inf"))]


def test_the_floor_of_a_fid_against_training_images_is_of_test_images(digits, tmp_path):
    more = ["metrics=[default,fid_train]", "metrics.kid=null", "metrics.fid=null", "metrics.floor=true"]
    model, data, evaluate = digits(tmp_path, *more, "metrics.test_samples=200")
    trainer(evaluate).test(model, data, verbose=False)
    extractor = random_features((1, 8, 8))
    test, train = (RealFeatures(data.prepared, split, extractor, tmp_path).features for split in ("test", "train"))
    assert model.measured["test/fid_random_200_vs_64_train_floor"] == fid(train, test)
    assert evaluate.counts["test/fid_random_200_vs_64_train_floor"] == 180


def test_another_split_can_be_evaluated(digits, tmp_path):
    model, data, evaluate = digits(tmp_path, *FID_ALONE, tested="train")
    trainer(evaluate).test(model, data, verbose=False)
    assert evaluate.counts == {"test/fid_random_60_vs_64": 60, "test/fid_random_60_vs_64_real": 64}


MORE = [
    "metrics=[default,fid_train]",
    *FID_ALONE,
    "metrics.fid_train.test_samples=300",
    "metrics.fid.extractor=auto",
]


def test_two_fids_have_each_their_extractor_count_and_real_images(digits, tmp_path, monkeypatch):
    """Neither changes the other."""
    monkeypatch.setattr("genlab.callbacks.evaluators.evaluation.make_extractor", untaught)
    model, data, evaluate = digits(tmp_path, *MORE)
    trainer(evaluate).test(model, data, verbose=False)
    found = {name: value for name, value in model.measured.items() if "fid" in name}
    extractor = random_features((1, 8, 8))
    real = RealFeatures(data.prepared, "train", extractor, tmp_path).features
    fake = torch.cat([extractor(model.sample(n, seed=SEED + j)) for j, n in enumerate((250, 50))])
    assert found.keys() == {"test/fid_classifier_60_vs_180", "test/fid_random_300_vs_64_train"}
    assert found["test/fid_random_300_vs_64_train"] == fid(real, fake)
    counted = {"test/fid_classifier_60_vs_180": 60, "test/fid_classifier_60_vs_180_real": 180}
    assert evaluate.counts == counted | {
        "test/fid_random_300_vs_64_train": 300,
        "test/fid_random_300_vs_64_train_real": 64,
    }
    alone, data, evaluate = digits(tmp_path, *FID_ALONE, "metrics.fid.extractor=auto")
    trainer(evaluate).test(alone, data, verbose=False)
    assert alone.measured["test/fid_classifier_60_vs_180"] == found["test/fid_classifier_60_vs_180"]


def untaught(chosen, prepared, folder):
    """A classifier that has learnt nothing."""
    other = make_extractor(chosen._replace(network="random"), prepared, folder)
    return Extractor(chosen.name, other.net, other.num_features)


def test_notes_say_where_images_are_too_few_and_where_features_mean_nothing(digits, tmp_path, monkeypatch):
    """180 real images of val and test; 128 features."""
    monkeypatch.setattr("genlab.callbacks.evaluators.evaluation.make_extractor", untaught)
    one, classifier = "metrics.val_samples=0", "metrics.extractor=classifier"
    _, data, evaluate = digits(tmp_path, one)
    random, few, subsets = evaluate.notes
    assert subsets.startswith("KID: 60 images, fewer than metrics.kid.measure.subset_size=1000: one estimate")
    assert few.startswith("FID, KID: 60 images in test, fewer than the 128 features of each: such numbers say little")
    assert random.startswith("FID, KID by random features: they compare runs on the same images")
    assert digits(tmp_path, one, classifier, "metrics.test_samples=128", *FID_ALONE)[2].notes == []
    assert digits(tmp_path, *NO_SAMPLES)[2].notes == []
    whole = data.prepared
    six = {name: column[:6] for name, column in whole.columns["test"].items()}
    model, _, evaluate = digits(tmp_path, one, classifier, "metrics.test_samples=500", *FID_ALONE)
    evaluate.attach(model, PreparedData(whole.spec, {**whole.columns, "test": six}), tmp_path, {"test": "test"})
    assert [note.partition(",")[2][:16] for note in evaluate.notes] == [" KID: 6 images i"]


def test_two_evaluators_of_one_name_are_refused_before_anything_is_taught(digits, tmp_path):
    """By what the names will be: ``auto`` is the classifier on digits."""
    same = ["metrics=[default,fid_train]", "metrics.fid_train.against=null", "metrics.fid_train.extractor=classifier"]
    message = r"metrics.fid_train: would report the same as metrics.fid: val/fid_classifier_60_vs_180\n.*metrics.fid_train=null"
    with pytest.raises(ConfigError, match=message):
        digits(tmp_path, *same, "metrics.extractor=auto")
    assert not list(tmp_path.rglob("*.pt"))
    digits(tmp_path, *same, "metrics.fid_train.val_samples=0", "metrics.fid_train.test_samples=61")


def test_a_model_that_only_reconstructs_has_no_fid_and_one_that_does_nothing_is_left_alone(digits, tmp_path):
    model, data, evaluate = digits(tmp_path, NO_MIXTURE, model="ae")
    trainer(evaluate).test(model, data, verbose=False)
    assert {"test/mse", "test/psnr", "test/ssim"} <= set(model.measured)
    mute = Mute(model.spec, model.make_optimizer, model.schedule, 0)
    evaluate.attach(mute, data.prepared, tmp_path, {"test": "test"})
    trainer(evaluate).test(mute, data, verbose=False)
    assert set(mute.measured) == {"test/loss"}
    assert evaluate.counts == {}


NO_SAMPLES = ("metrics.val_samples=0", "metrics.test_samples=0")
NO_DISTANCE = ("metrics.fid=null", *FID_ALONE)


@pytest.mark.parametrize(("model", "more"), [("ae", (NO_MIXTURE,)), ("vae", NO_SAMPLES), ("vae", NO_DISTANCE)])
def test_no_classifier_is_taught_where_nothing_is_looked_at_with_it(model, more, digits, tmp_path):
    _, _, evaluate = digits(tmp_path, *more, "metrics.extractor=auto", model=model)
    assert evaluate.make_ready() == []
    assert not list(tmp_path.rglob("*.pt"))


def test_samples_are_measured_every_nth_epoch_and_in_the_last_and_no_old_number_stays(digits, tmp_path):
    model, data, evaluate = digits(tmp_path, "metrics.every_n_epochs=2")
    seen = Seen()
    trainer(evaluate, seen, max_epochs=5).fit(model, data)
    assert [bool(names) for names in seen.names] == [False, True, False, True, True]


def test_a_number_of_before_a_resume_does_not_stay(digits, tmp_path):
    """It came with the checkpoint, and is of other weights; what evaluators did not report is not theirs to drop."""
    model, data, evaluate = digits(tmp_path, "metrics.every_n_epochs=2")
    model.measured = {"val/fid_random_60": 1.0, "val/own": 3.0, "test/fid_random_60": 2.0}
    saved = {}
    evaluate.reported = ["val/fid_random_60", "test/fid_random_60"]
    evaluate.on_save_checkpoint(None, model, saved)
    evaluate.reported = []
    evaluate.on_load_checkpoint(None, model, saved)
    seen = Seen()
    trainer(evaluate, seen, max_epochs=3).fit(model, data)
    assert not seen.names[0]
    assert seen.names[2]
    assert model.measured["val/own"] == 3.0
    assert model.measured["test/fid_random_60"] == 2.0


def test_a_run_that_ends_by_its_batches_is_measured_at_its_end(digits, tmp_path):
    model, data, evaluate = digits(tmp_path, "metrics.every_n_epochs=100")
    seen = Seen()
    trainer(evaluate, seen, MaxSteps(6), max_epochs=50).fit(model, data)
    assert model.batches_seen == 6
    assert [bool(names) for names in seen.names] == [False, False, True]


def test_nothing_is_measured_in_a_sanity_check(digits, tmp_path):
    model, data, evaluate = digits(tmp_path)
    options = {**QUIET, "num_sanity_val_steps": 1}
    pl.Trainer(
        **options, accelerator="cpu", logger=False, callbacks=[evaluate], max_epochs=1, limit_train_batches=0
    ).fit(model, data)
    assert evaluate.counts == {}
    assert model.measured.keys() == {f"val/{name}" for name in ("loss", "recon", "kl", "elbo")}


def test_training_goes_on_as_if_nothing_had_been_measured(digits, tmp_path):
    weights = []
    for samples in (0, 60):
        model, data, evaluate = digits(tmp_path, f"metrics.val_samples={samples}")
        trainer(evaluate, max_epochs=2).fit(model, data)
        weights.append([*model.parameters(), torch.get_rng_state()])
    assert all(torch.equal(one, other) for one, other in zip(*weights, strict=True))


def test_a_model_that_draws_from_the_global_random_state_leaves_it_as_it_was():
    state = torch.get_rng_state()
    measured(Careless())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("model, more, refused", [("vae", (), True), ("ae", (), True), ("ae", (NO_MIXTURE,), False)])
@pytest.mark.parametrize("split", ["test", "train"])
def test_one_real_image_is_refused_at_once_where_it_would_be_needed(split, digits, tmp_path, model, more, refused):
    net, data, evaluate = digits(tmp_path, "metrics=[default,fid_train]", *more, model=model)
    whole = data.prepared
    one = {name: column[:1] for name, column in whole.columns[split].items()}
    few = PreparedData(whole.spec, {**whole.columns, split: one})
    message = rf"2 real images in {split}: too few for FID. Go without: metrics\.(test|val)_samples=0$"
    with pytest.raises(DataError, match=message) if refused else nullcontext():
        evaluate.attach(net, few, tmp_path, {"val": "val", "test": "test"})


@pytest.mark.parametrize("world", [2, 3])
def test_two_and_three_ranks_measure_what_one_does_on_rank_0(world, tmp_path, trainings):
    """130 samples in three chunks, 61 and 40 translations in batches of 7."""
    place = {"folder": tmp_path, "output": tmp_path / "log.txt"}
    ranks = [trainings.start("evaluators:measure_as", rank, world, str(tmp_path), **place) for rank in range(world)]
    assert [rank.wait(60) for rank in ranks] == [0] * world, ranks[0].said()
    samples, (translations, means) = measured(Dice()), translated()
    assert samples.shape == (130, 128)
    assert {way: len(features) for way, features in translations.items()} == {"_AtoB": 60, "_BtoA": 40}
    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(world)]
    assert torch.equal(samples, found[0][0])
    for way, features in translations.items():
        torch.testing.assert_close(found[0][1][way], features, rtol=1e-6, atol=1e-6)
    for own, there, mean in found:
        assert own is None or own is found[0][0]
        assert not there or there is found[0][1]
        assert mean == pytest.approx(means, rel=1e-12)
