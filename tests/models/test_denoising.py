"""Denoising autoencoder and restoration: the target is the clean image, and what is given is restored as it is given."""

import pytest
import torch
from torch.distributions import Normal

from genlab.apps.command import main as door
from genlab.contracts import ConfigError, Corrupts, DataSpec, Decodes, Encodes, Images, Samples
from genlab.models.base.noise import ImageNoise, Noise
from genlab.models.base.pixels import Pixels
from genlab.models.base.schedules import Constant
from genlab.models.corruptions.gaussian import Gaussian
from genlab.models.corruptions.mask import Mask
from genlab.models.denoising_ae import DenoisingAutoencoder
from genlab.models.restoration import Restoration
from genlab.nets.mlp import MLP
from genlab.nets.residual_conv import ResidualConv
from genlab.runs.load import load

SHAPE = (1, 6, 6)
SPEC = DataSpec("x", "images", SHAPE, {}, "0")
X = torch.rand(4, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
INDEX = torch.tensor([3, 8, 1, 0])


def denoising(corruption):
    net = MLP([9], "tanh", "none", 0.0)
    return DenoisingAutoencoder(
        corruption, 2, "gaussian", 0.5, "linear", 1, net, None, torch.optim.SGD, Constant(), SPEC, 0
    ).double()


def restoration(corruption):
    net = ResidualConv(4, 3, 2, "relu")
    return Restoration(corruption, 0.5, net, torch.optim.SGD, Constant(), SPEC, 0).double()


MAKERS = pytest.mark.parametrize("make", [denoising, restoration])


def noise(batch=0, seed=0):
    return Noise(seed, "train", batch, torch.device("cpu"), torch.float64)


def restored(model, x):
    """What the networks put out for images as they are given."""
    if isinstance(model, Restoration):
        return (model.generator(2 * x - 1).detach() + 1) / 2
    return model.decoder(model.encoder(x)).detach()


@MAKERS
def test_the_loss_is_the_density_of_the_clean_image_around_what_is_made_of_the_corrupted_one(make, monkeypatch):
    torch.manual_seed(0)
    model, targets = make(Mask(0.5)), []
    nll = Pixels.nll
    monkeypatch.setattr(Pixels, "nll", lambda self, output, x: targets.append(x) or nll(self, output, x))
    found = model.terms(Images(X, None, INDEX), noise())
    assert targets[0] is X  # the very tensor
    corrupted = Mask(0.5)(X, noise())
    assert not torch.equal(corrupted, X)
    made = restored(model, corrupted)
    if "squared_error" in found:
        torch.testing.assert_close(found.pop("squared_error"), (X - made).square().sum((1, 2, 3)))
    assert found.keys() == {"loss", "recon"}
    for value in found.values():
        torch.testing.assert_close(value.detach(), -Normal(made, 0.5).log_prob(X).sum((1, 2, 3)))


@MAKERS
def test_training_corrupts_anew_in_every_batch_and_validation_never(make):
    model = make(Gaussian(0.5))
    batch = Images(X, None, INDEX)

    def loss(number, seed=0):
        return model.terms(batch, noise(number, seed))["loss"].detach()

    assert torch.equal(loss(0), loss(0))
    assert not torch.equal(loss(0), loss(1))
    assert not torch.equal(loss(0), loss(0, seed=1))
    model.eval()
    assert torch.equal(loss(0), loss(1, seed=1))
    order = [2, 0]
    some = model.terms(Images(X[order], None, INDEX[order]), noise())["loss"].detach()
    torch.testing.assert_close(some, loss(0)[order])


@MAKERS
def test_protocols_take_images_as_they_are_given(make):
    model = make(Mask(0.5))
    torch.testing.assert_close(model.reconstruct(X), restored(model, X).clamp(0, 1))
    torch.testing.assert_close(model.score(X), -Normal(restored(model, X), 0.5).log_prob(X).sum((1, 2, 3)))
    torch.testing.assert_close(model.corrupt(X, INDEX), Mask(0.5)(X, ImageNoise(INDEX, torch.float64)))
    assert isinstance(model, Corrupts)
    assert isinstance(model, Samples) == (make is denoising)  # from a mixture of its codes
    codes = isinstance(model, Encodes) and isinstance(model, Decodes)
    assert codes == (make is denoising)
    if codes:
        torch.testing.assert_close(model.encode(X).mean, model.encoder(X).detach())


def test_of_super_resolution_is_measured_what_is_gained_on_bicubic_interpolation(train):
    options = ["model=restoration", "model/corruption=downsample", "model.generator.width=8", "data=mnist"]
    run = train(*options, "data.limit=64", "data.batch_size=16", "trainer.max_epochs=1", "callbacks.pictures.count=8")
    model = load(run)
    assert {path.name[:8] for path in (run / "images").iterdir()} == {"restored", "recon_00"}
    last = {name: value for name, value in table(run)[-1].items() if name.startswith("test/psnr_")}
    assert set(last) == {"test/psnr_corrupted", "test/psnr_restored", "test/psnr_gain"}
    gain = float(last["test/psnr_restored"]) - float(last["test/psnr_corrupted"])
    assert float(last["test/psnr_gain"]) == pytest.approx(gain)
    assert model.corruption.factor == 4


def table(run):
    import csv

    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["model=denoising_ae", "model.corruption.rate=1.5"], ["model.corruption.rate=1.5", "less than 1"]),
        (["model=denoising_ae", "model.corruption.rate=-0.1"], ["at least 0"]),
        (["model=denoising_ae", "model/corruption=gaussian", "model.corruption.sigma=-1"], ["at least 0"]),
        (["model=denoising_ae", "model/corruption=salt_pepper", "model.corruption.rate=2"], ["at most 1"]),
        (["model=denoising_ae", "model/corruption=blur", "model.corruption.sigma=0"], ["greater than 0"]),
        (["model=denoising_ae", "model/corruption=blur", "model.corruption.sigma=9"], ["sigma=2, at most 4"]),
        (["model=denoising_ae", "model/corruption=hole", "model.corruption.share=1.0"], ["less than 1"]),
        (["model=denoising_ae", "model/corruption=hole", "model.corruption.place=left"], ["'anywhere' or 'centre'"]),
        (["model=restoration", "model/corruption=downsample", "model.corruption.factor=1"], ["at least 2"]),
        (["model=restoration", "model/corruption=downsample", "model.corruption.factor=5"], ["factor=5", "factor=2"]),
        (["model=restoration", "model/generator=unet_64"], ["multiples of 64", "model/generator=residual_conv"]),
        (["model=dropout_ae", "model.net.encoder.dropout=1.0"], ["model.net.encoder.dropout=1.0", "less than 1"]),
        (["model=ae", "model/penalty=kl_sparsity", "model.penalty.target=1"], ["less than 1"]),
        (["model=ae", "model/penalty=l1", "model.penalty.weight=-1"], ["model.penalty.weight=-1"]),
        (["model=ae", "model/penalty=contractive", "model.penalty.probes=0"], ["at least 1"]),
        (["model=ae", "model/penalty=sparse"], ["kl_sparsity", "contractive"]),
    ],
)
def test_what_cannot_be_is_one_message_and_exit_2_and_nothing_is_half_made(typed, words, tmp_path):
    options = ["data=digits", "logger=csv", "metrics=none", "trainer.accelerator=cpu", f"paths.runs={tmp_path}/runs"]
    with pytest.raises(ConfigError) as caught:
        door.run("train", [*typed, *options])
    assert caught.value.exit_code == 2
    assert len(caught.value.problems) <= 1
    for word in words:
        assert word in str(caught.value)
    assert not list(tmp_path.rglob("*"))
