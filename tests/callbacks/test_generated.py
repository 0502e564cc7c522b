"""What is measured of a model: its averaged networks, batch norm by its running statistics, and numbers alone."""

import pytest
import torch

from evaluators import SMALL, evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import QUIET, build_model
from genlab.callbacks.recall import Fresh
from genlab.callbacks.samples import SEED, SampleFeatures
from genlab.contracts import NonFiniteImages
from genlab.data.store.module import StoreData
from genlab.metrics.extractors.small_networks import random_features
from genlab.models.cyclegan import CycleGAN

import photographs


@pytest.fixture
def tested(composed, folders, tmp_path):
    """``tested(change)``: a CycleGAN with averages after ``change(model)`` and a test, and the test images of A."""

    def run(change, *more):
        import lightning.pytorch as pl

        path = f"data.path={folders['unpaired_folders']}"
        chosen = ["model=cyclegan", *photographs.SMALL["cyclegan"], "data=unpaired_folders", path, *photographs.CUT]
        cfg = composed(*chosen, *SMALL, "model.ema=0.9", "data.batch_size=3", *more)
        prepared = prepare(cfg)
        model = build_model(cfg, prepared.spec)
        change(model)
        callback = evaluators(cfg, model, prepared, tmp_path)
        trainer = pl.Trainer(**QUIET, accelerator="cpu", devices=1, logger=False, callbacks=[callback])
        data = StoreData(prepared, 3, 0)
        trainer.test(model, data, verbose=False)
        return model, torch.cat([data.rows("test").images("a", torch.arange(5).numpy(), 0)]).float() / 255

    return run


@torch.no_grad()
def grey(model):
    """The averaged generators give grey, whatever they see."""
    for weight in model.ema.parameters():
        weight.zero_()


def test_the_averages_of_the_weights_are_what_is_measured(tested):
    model, a = tested(grey, "metrics.target_rate=null")
    change = (a - 0.5).abs().mean().item()
    for name in ("change_AtoB", "cycle_l1_AtoB"):
        assert model.measured[f"test/{name}"] == pytest.approx(change, rel=1e-5)


def test_a_translation_that_is_no_number_is_refused_with_the_metrics_it_would_enter(tested, monkeypatch):
    translate = CycleGAN.translate

    def spoilt(self, x, direction):
        y = translate(self, x, direction)
        y[-1] = torch.inf if direction == "BtoA" else y[-1]
        return y

    monkeypatch.setattr(CycleGAN, "translate", spoilt)
    words = (
        r"1 of 4 generated images are not numbers \(translations BtoA of the images 0 to 3\): nothing can be said of "
    )
    with pytest.raises(NonFiniteImages, match=words + ".*test/fid_random_4_vs_5_BtoA, test/fid_random_5_vs_4_AtoB"):
        tested(lambda model: None, "metrics.target_rate=null")


def test_samples_are_made_with_running_statistics_from_fixed_noise(composed):
    cfg = composed("model=dcgan", "data=digits", "model.latent_dim=3", "model.net.width=4")
    prepared = prepare(cfg)
    model = build_model(cfg, prepared.spec).train()
    before = {name: value.clone() for name, value in model.named_buffers()}
    extractor, features = random_features((1, 8, 8)), SampleFeatures(model, prepared, Fresh())
    features.ask(extractor, 20)
    features.gather()
    (found,) = features.of(extractor, 20).values()
    z = model.draw(20, seed=SEED)
    alone = torch.cat([extractor(model.eval().decode(one[None])) for one in z])  # in no one's company
    torch.testing.assert_close(found, alone)
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())
