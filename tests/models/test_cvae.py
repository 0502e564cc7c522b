"""The conditional VAE: labels to both networks, one z for all labels, and the bound of a model that is known."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from genlab.contracts import ConfigError, DataSpec, Decodes, Draws, Images, Weighs
from genlab.models.base.labels import encoded_labels, label_size
from genlab.models.base.schedules import Constant
from genlab.models.cvae import CVAE
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal
from genlab.nets.conv import Conv
from genlab.nets.mlp import MLP

SHAPE, PIXELS, LATENT, SIGMA = (1, 2, 3), 6, 2, 0.5
CLASSES = DataSpec("c", "images", SHAPE, {"train": 8}, "0", classes=3, class_names=("a", "b", "c"))
MIXED = DataSpec("m", "images", SHAPE, {"train": 8}, "0", attributes=("kind", "angle"), levels=(2, 0))
Y = torch.tensor([0, 2, 1, 2])


def cvae(spec=CLASSES, net=None, likelihood="gaussian"):
    torch.manual_seed(0)
    parts = ELBO(1), StandardNormal(), net or MLP([], "tanh", "none", 0.0)
    return CVAE(LATENT, 1.0, likelihood, SIGMA, "linear", 1, *parts, torch.optim.SGD, Constant(), spec, 0).double()


def pictures(count=4):
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def knows(model):
    """The encoder gives the true posterior of a linear decoder whose columns are at right angles."""
    columns = torch.linalg.qr(torch.randn(PIXELS, LATENT, dtype=torch.float64))[0] * torch.tensor([1.5, 0.4])
    decoder, encoder = model.decoder[0], model.encoder[1]
    decoder.weight.data[:, :LATENT] = columns
    variance = 1 / (1 + columns.square().sum(0) / SIGMA**2)
    towards = variance[:, None] * columns.T / SIGMA**2
    encoder.weight.data = torch.cat([towards, torch.zeros_like(towards)])
    encoder.bias.data = torch.cat([-towards @ decoder.bias.data, variance.log()])
    model.label_image[0].weight.data = -decoder.weight.data[:, LATENT:]  # the posterior's mean follows x - b - W y
    return columns, decoder.weight.detach()[:, LATENT:], decoder.bias.detach()


def test_with_the_true_posterior_every_weight_is_the_likelihood_of_the_image_given_its_label():
    model, x = cvae(), pictures()
    columns, of_label, bias = knows(model)
    mean = bias + encoded_labels(Y, CLASSES, torch.float64) @ of_label.T
    right = MultivariateNormal(mean, columns @ columns.T + SIGMA**2 * torch.eye(PIXELS).double())
    log_w = torch.cat(list(model.log_weights(x, [torch.randn(4, 5, LATENT).double()], label=Y)), 1)
    assert torch.allclose(log_w, right.log_prob(x.flatten(1))[:, None].expand(4, 5), atol=1e-9)
    assert torch.allclose(model.bound(x, 3, label=Y), right.log_prob(x.flatten(1)), atol=1e-9)
    assert not torch.allclose(model.bound(x, 3, label=(Y + 1) % 3), right.log_prob(x.flatten(1)), atol=1e-2)


def test_the_terms_are_of_the_images_own_labels_whatever_the_number_of_codes():
    model, x = cvae(), pictures()
    knows(model)
    batch = Images(x, Y, torch.arange(4))
    model.objective = ELBO(3)
    terms = model.terms(batch, model.noise("val", 0))
    assert torch.allclose(terms["elbo"], -(terms["recon"] + terms["kl"]))
    alone = [model.nll(x[i : i + 1], torch.zeros(1, 3, LATENT).double(), *model.given(Y[i : i + 1])) for i in range(4)]
    assert torch.allclose(model.nll(x, torch.zeros(4, 3, LATENT).double(), *model.given(Y)), torch.cat(alone))


def test_the_label_reaches_the_encoder_the_decoder_and_not_the_draws():
    model, x = cvae(), pictures()
    a, b = torch.zeros(4).long(), torch.ones(4).long()
    assert not torch.allclose(model.encode(x, label=a).mean, model.encode(x, label=b).mean)
    z = model.draw(4, seed=3)
    assert torch.equal(model.sample(4, label=a, seed=3), model.decode(z, label=a))
    assert torch.equal(model.sample(4, label=b, seed=3), model.decode(z, label=b))
    assert not torch.allclose(model.decode(z, label=a), model.decode(z, label=b))
    assert isinstance(model, Draws)
    assert isinstance(model, Decodes)
    assert isinstance(model, Weighs)
    assert model.noise_size == LATENT


def test_a_continuous_attribute_is_one_input_of_its_own_value():
    label = torch.tensor([[1, 0.25], [0, -1.5]])
    assert label_size(MIXED) == 3
    assert encoded_labels(label, MIXED, torch.float64).tolist() == [[0, 1, 0.25], [1, 0, -1.5]]
    model = cvae(MIXED)
    near, far = (model.sample(1, label=torch.tensor([[1, angle]]), seed=0) for angle in (0.2, 0.8))
    middle = model.sample(1, label=torch.tensor([[1, 0.5]]), seed=0)
    assert not torch.equal(near, far)
    inside = ((near > 0) & (near < 1) & (far > 0) & (far < 1) & (middle > 0) & (middle < 1))[0]
    assert torch.allclose(((near + far) / 2)[0][inside], middle[0][inside])  # of a linear decoder


def test_any_network_takes_the_label():
    model = cvae(net=Conv(4, 8, "silu", "none"))
    assert model.reconstruct(pictures(), label=Y).shape == (4, *SHAPE)


def test_without_labels_it_says_what_it_needs():
    with pytest.raises(ConfigError, match="CVAE needs classes or attributes, and n has no labels"):
        cvae(DataSpec("n", "images", SHAPE, {"train": 8}, "0"))
    with pytest.raises(ConfigError, match="needs classes of each image"):
        cvae().encode(pictures())


def test_the_loss_is_in_nats_of_an_image():
    model, x = cvae(), pictures()
    z = torch.zeros(4, 1, LATENT).double()
    output = model.output(z[:, 0], *model.given(Y))
    error = (output - x).flatten(1).square().sum(1)
    assert torch.allclose(
        model.nll(x, z, *model.given(Y))[:, 0],
        error / (2 * SIGMA**2) + PIXELS * math.log(SIGMA * math.sqrt(2 * math.pi)),
    )
