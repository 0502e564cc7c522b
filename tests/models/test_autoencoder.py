"""The autoencoder: one way through the bottleneck, the same for its loss, its score and its reconstruction."""

import torch
from torch.distributions import Normal

from genlab.contracts import DataSpec, Images
from genlab.models.autoencoder import Autoencoder
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.penalties.none import NoPenalty
from genlab.nets.mlp import MLP

SHAPE = (3, 2, 2)


def test_the_loss_is_the_density_of_an_image_around_its_reconstruction_and_so_is_the_score():
    torch.manual_seed(0)
    spec = DataSpec("x", "images", SHAPE, {}, "0")
    net = MLP([], "tanh", "none", 0.0)
    model = Autoencoder(
        2, "gaussian", 0.25, "linear", 1, NoPenalty(), net, None, torch.optim.SGD, Constant(), spec, 0
    ).double()
    x = torch.rand(4, *SHAPE, dtype=torch.float64)
    out = model.decoder(model.encoder(x)).detach()
    expected = -Normal(out, 0.25).log_prob(x).sum((1, 2, 3))
    found = model.terms(Images(x, None, torch.arange(4)), Noise(0, "train", 0, x.device))
    assert found.keys() == {"loss", "recon", "squared_error"}
    torch.testing.assert_close(found["squared_error"], (x - out).square().sum((1, 2, 3)))
    for value in (found["loss"], found["recon"], model.score(x)):
        torch.testing.assert_close(value.detach(), expected)
    torch.testing.assert_close(model.reconstruct(x), out.clamp(0, 1))
    assert model.encode(x).mean.shape == (4, 2)
    assert model.encode(x).logvar is None
