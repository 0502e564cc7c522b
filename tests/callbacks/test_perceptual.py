"""LPIPS of reconstructions and of translations: under which name, of which images, and what is refused at the start."""

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from evaluators import evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import QUIET, build_model
from genlab.contracts import ConfigError, DataError
from genlab.data.store.module import StoreData
from genlab.metrics.perceptual import LPIPS

from backbones import published
from photographs import CUT, SMALL

LPIPS_ALONE = ["metrics=[none,lpips]", "metrics.lpips.net=squeeze"]


@pytest.fixture
def measuring(composed, folders, tmp_path):
    """A model, its data, and what measures them; A and B are photographs of 32 pixels."""

    def make(model, data, *more):
        own = SMALL["pix2pix"] + CUT if model == "pix2pix" else ["model.latent_dim=3"]
        own += [f"data.path={folders[data]}"] if data in folders else []
        cfg = composed(f"model={model}", f"data={data}", *own, "data.batch_size=8", *LPIPS_ALONE, *more)
        prepared = prepare(cfg)
        net = build_model(cfg, prepared.spec)
        return net, StoreData(prepared, 8, 0), evaluators(cfg, net, prepared, tmp_path)

    return make


def measured(model, data, evaluate):
    """The test's numbers."""
    trainer = pl.Trainer(**QUIET, accelerator="cpu", devices=1, logger=False, callbacks=[evaluate])
    trainer.test(model, data, verbose=False)
    return model.measured


def images(data, side):
    return torch.from_numpy(np.array(data.prepared.columns["test"][side])).float() / 255


def test_translations_are_compared_with_their_targets(measuring, tmp_path, monkeypatch):
    distances = LPIPS("squeeze", published("squeeze", tmp_path, monkeypatch))
    model, data, evaluate = measuring("pix2pix", "paired_folders")
    found = measured(model, data, evaluate)
    expected = distances(model.translate(images(data, "a"), "AtoB"), images(data, "b"))
    assert found["test/lpips_squeeze"] == pytest.approx(expected.mean().item(), rel=1e-4)
    assert "lpips" in evaluate.headline


def test_reconstructions_are_compared_with_their_images(measuring, tmp_path, monkeypatch):
    distances = LPIPS("squeeze", published("squeeze", tmp_path, monkeypatch))
    model, data, evaluate = measuring("ae", "mnist", "data.limit=100")
    x = images(data, "image")
    found = measured(model, data, evaluate)
    assert found["test/lpips_squeeze"] == pytest.approx(distances(x, model.reconstruct(x)).mean().item(), rel=1e-4)
    assert evaluate.notes[-1].startswith("LPIPS: images of 28 pixels; it was made with patches of 64")


def test_missing_weights_are_told_at_the_start_with_the_remedy(measuring, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    with pytest.raises(
        ConfigError, match=f"there is no {file}\n.*Fetch https://download.pytorch.org/models/{file.name}"
    ):
        measuring("ae", "mnist", "data.limit=100")


def test_images_too_small_for_every_network_are_refused_at_the_start(measuring):
    message = "LPIPS, net=squeeze: images of 8 pixels; it takes 17 and more. Go without: metrics.lpips=null"
    with pytest.raises(DataError, match=message):
        measuring("ae", "digits")


def test_where_another_network_takes_the_images_it_is_named(measuring):
    with pytest.raises(DataError, match="28 pixels; it takes 31 and more. Type: metrics.lpips.net=vgg, or go without"):
        measuring("ae", "mnist", "data.limit=100", "metrics.lpips.net=alex")


def test_a_model_with_nothing_to_compare_needs_no_weights(measuring, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    _, _, evaluate = measuring("gan", "digits", "metrics.lpips.net=alex")
    assert "lpips_alex" not in str(evaluate.stages)
