"""Which numbers come out, of what, when; and that measuring changes nothing else."""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import QUIET, build_model
from genlab.callbacks.evaluate import Measure
from genlab.callbacks.samples import SEED, generated_features
from genlab.callbacks.stopping import MaxSteps
from genlab.contracts import ConfigError, DataError
from genlab.data.store.module import StoreData
from genlab.data.store.source import Prepared
from genlab.metrics.extractors.choose import random_features
from genlab.metrics.extractors.real_features import real_features
from genlab.metrics.frechet import Moments, frechet_distance
from genlab.metrics.kernel import kernel_distance
from genlab.metrics.reconstruction import reconstruction_terms
from genlab.models.base.model import Model
from genlab.models.base.phases import one_phase

RANK = """
import sys
import torch
import genlab.callbacks  # first: it makes torchvision importable
from torch import distributed as dist
from test_evaluate import Dice, measured

folder, rank = sys.argv[1], int(sys.argv[2])
dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
torch.save(measured(Dice()), f"{folder}/{rank}.pt")
dist.destroy_process_group()
"""


class Dice:
    """Samples by its seed."""

    device = torch.device("cpu")

    def sample(self, n, *, label=None, seed=None):
        return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


class Careless(Dice):
    """Samples by the global random state, whatever the seed."""

    def sample(self, n, *, label=None, seed=None):
        return torch.rand(n, 1, 8, 8)


def measured(model):
    """Three chunks, the last of them short."""
    return generated_features(model, 130, random_features((1, 8, 8)), chunk=50)


class Mute(Model):
    """Neither reconstructs nor samples."""

    def __init__(self, *options):
        super().__init__(*options)
        self.level = torch.nn.Parameter(torch.zeros(()))

    def phases(self):
        return one_phase(self, self.terms)

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
    """A model, its data, and ``measure`` attached to what it needs."""

    def make(tmp_path, model="vae", every_n_epochs=1, samples=60, kid=True):
        cfg = composed(f"model={model}", "data=digits", "model.latent_dim=3", "data.limit=64")
        prepared = prepare(cfg)
        measure = Measure(every_n_epochs, samples, samples, kid)
        measure.attach(random_features(prepared.spec.shape), prepared, tmp_path)
        return build_model(cfg, prepared.spec), StoreData(prepared, 32, 0), measure

    return make


def trainer(*callbacks, **options):
    return pl.Trainer(**QUIET, **options, accelerator="cpu", devices=1, logger=False, callbacks=list(callbacks))


def test_the_numbers_are_those_of_the_whole_set_and_of_named_samples(digits, tmp_path):
    model, data, measure = digits(tmp_path, samples=300)
    trainer(measure).test(model, data, verbose=False)
    x = torch.from_numpy(data.prepared.images["test"][:]).float() / 255
    for name, values in reconstruction_terms(x, model.eval().reconstruct(x)).items():
        assert model.measured[f"test/{name}"] == pytest.approx(values.double().mean().item(), rel=1e-6)
    real = real_features(data.prepared, "test", measure.extractor, tmp_path)
    fake = torch.cat([measure.extractor(model.sample(n, seed=SEED + j)) for j, n in enumerate((250, 50))])
    assert model.measured["test/fid_random_300"] == frechet_distance(Moments.of(real), Moments.of(fake))
    assert model.measured["test/kid_random_300"] == kernel_distance(real, fake)
    assert measure.counts == {"test/fid_random_300": 300, "test/kid_random_300": 300, "test/fid_random_300_real": 180}


def test_another_split_can_be_evaluated(digits, tmp_path):
    model, data, measure = digits(tmp_path, kid=False)
    measure.attach(measure.extractor, data.prepared, tmp_path, evaluated="train")
    trainer(measure).test(model, data, verbose=False)
    assert measure.counts == {"test/fid_random_60": 60, "test/fid_random_60_real": 64}


def test_a_model_that_only_reconstructs_has_no_fid_and_one_that_does_nothing_is_left_alone(digits, tmp_path):
    model, data, measure = digits(tmp_path, model="ae")
    trainer(measure).test(model, data, verbose=False)
    assert {"test/mse", "test/psnr", "test/ssim"} <= set(model.measured)
    mute = Mute(model.spec, model.make_optimizer, model.schedule, 0)
    trainer(measure).test(mute, data, verbose=False)
    assert set(mute.measured) == {"test/loss"}
    assert measure.counts == {}


def test_samples_are_measured_every_nth_epoch_and_in_the_last_and_no_old_number_stays(digits, tmp_path):
    model, data, measure = digits(tmp_path, every_n_epochs=2, kid=False)
    seen = Seen()
    trainer(measure, seen, max_epochs=5).fit(model, data)
    assert [bool(names) for names in seen.names] == [False, True, False, True, True]


def test_a_run_that_ends_by_its_batches_is_measured_at_its_end(digits, tmp_path):
    model, data, measure = digits(tmp_path, every_n_epochs=100, kid=False)
    seen = Seen()
    trainer(measure, seen, MaxSteps(6), max_epochs=50).fit(model, data)
    assert model.batches_seen == 6
    assert [bool(names) for names in seen.names] == [False, False, True]


def test_nothing_is_measured_in_a_sanity_check(digits, tmp_path):
    model, data, measure = digits(tmp_path)
    options = {**QUIET, "num_sanity_val_steps": 1}
    pl.Trainer(
        **options, accelerator="cpu", logger=False, callbacks=[measure], max_epochs=1, limit_train_batches=0
    ).fit(model, data)
    assert measure.counts == {}
    assert measure.totals.sums == {}


def test_training_goes_on_as_if_nothing_had_been_measured(digits, tmp_path):
    weights = []
    for samples in (0, 60):
        model, data, measure = digits(tmp_path, samples=samples)
        trainer(measure, max_epochs=2).fit(model, data)
        weights.append([*model.parameters(), torch.get_rng_state()])
    assert all(torch.equal(one, other) for one, other in zip(*weights, strict=True))


def test_a_model_that_draws_from_the_global_random_state_leaves_it_as_it_was():
    state = torch.get_rng_state()
    measured(Careless())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("model, refused", [("vae", True), ("ae", False)])
def test_one_real_image_is_refused_before_the_first_batch_where_it_would_be_needed(digits, tmp_path, model, refused):
    model, data, measure = digits(tmp_path, model=model)
    whole = data.prepared
    one = {name: column[:1] for name, column in whole.columns["test"].items()}
    few = Prepared(whole.spec, {**whole.columns, "test": one})
    measure.attach(measure.extractor, few, tmp_path)
    message = r"images in test: too few for FID and KID. Go without them: metrics\.test_samples=0$"
    with pytest.raises(DataError, match=message) if refused else nullcontext():
        trainer(measure, max_epochs=1).fit(model, data)
    assert model.batches_seen == (0 if refused else 2)


def test_one_sample_is_refused_with_the_words_to_type():
    with pytest.raises(ConfigError, match="metrics.val_samples=0 for none") as caught:
        Measure(1, 1, 1, False)
    assert [p.where for p in caught.value.problems] == ["metrics.val_samples", "metrics.test_samples"]


def test_two_ranks_measure_the_samples_of_one(tmp_path):
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", RANK, str(tmp_path)]
    ranks = [subprocess.Popen([*command, str(rank)], env=here) for rank in (0, 1)]
    assert [rank.wait(timeout=60) for rank in ranks] == [0, 0]
    alone = measured(Dice())
    assert alone.shape == (130, 128)
    for rank in (0, 1):
        assert torch.equal(alone, torch.load(tmp_path / f"{rank}.pt"))
