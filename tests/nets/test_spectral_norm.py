"""Spectral normalisation: the largest singular value is 1, one power iteration per forward, nothing is lost in a file."""

import copy

import pytest
import torch
from torch import nn

from genlab.models.base.execution import treats_images_alone
from genlab.nets.spectral_norm import SpectralNorm, normalise_spectrum

from gan_nets import FAMILIES, family, largest_singular_values, one_hot

SINGULAR = torch.tensor([3.0, 0.6], dtype=torch.float64)


def turned(angle):
    c, s = torch.tensor(angle, dtype=torch.float64).cos(), torch.tensor(angle, dtype=torch.float64).sin()
    return torch.stack([torch.stack([c, -s]), torch.stack([s, c])])


def known():
    """A 2x2 matrix with the singular values 3 and 0.6, as a linear layer."""
    layer = nn.Linear(2, 2, bias=False).double()
    layer.weight = nn.Parameter(turned(0.4) @ SINGULAR.diag() @ turned(1.1))
    return layer


def normalised(layer=None, seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(layer or known())
    normalise_spectrum(net)
    return net


def vectors(net):
    return {name: value.clone() for name, value in net.state_dict().items() if name.endswith((".u", ".v"))}


def test_a_matrix_is_divided_by_its_known_largest_singular_value():
    net, weight = normalised(), known().weight
    torch.testing.assert_close(net[0].weight, weight / 3, rtol=0, atol=1e-9)
    torch.testing.assert_close(torch.linalg.svdvals(net[0].weight), SINGULAR / 3, rtol=0, atol=1e-9)


@pytest.mark.parametrize("condition", [None, "embedding", "projection"])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_layer_of_a_discriminator_comes_to_one_those_of_labels_too(name, condition):
    torch.manual_seed(0)
    shape, y = (2, 8, 8), one_hot([0, 2], 3)
    net = family(name, spectral=True, group=2, condition=condition).discriminator(shape, 3 if condition else 0).double()
    before = len(vectors(net))
    for _ in range(150):
        net(torch.rand(2, *shape, dtype=torch.float64), y)
    found = largest_singular_values(net)
    assert found == {layer: pytest.approx(1, abs=1e-4) for layer in found}
    assert before == 2 * len(found)
    own = {"embedding": ["plane.linear"] if name != "mlp" else [], "projection": ["projection.linear"], None: []}
    assert [layer for layer in found if layer.startswith(("plane", "projection"))] == own[condition]


def test_a_forward_in_training_is_one_power_iteration_and_in_evaluation_none():
    torch.manual_seed(1)
    net = normalised(nn.Conv2d(3, 5, 2).double())
    x, matrix = torch.rand(2, 3, 4, 4, dtype=torch.float64), net[0].parametrizations.weight.original.detach().flatten(1)
    for _ in range(3):
        u = vectors(net)["0.parametrizations.weight.0.u"]
        v = (matrix.T @ u) / (matrix.T @ u).norm()
        u = (matrix @ v) / (matrix @ v).norm()
        made = net(x)
        after = vectors(net)
        torch.testing.assert_close(after["0.parametrizations.weight.0.v"], v)
        torch.testing.assert_close(after["0.parametrizations.weight.0.u"], u)
        weight = (matrix / (u @ matrix @ v)).view(5, 3, 2, 2)
        torch.testing.assert_close(made, nn.functional.conv2d(x, weight, net[0].bias))
    net.eval()
    torch.testing.assert_close(net(x), made, rtol=0, atol=0)
    assert all(torch.equal(value, after[name]) for name, value in vectors(net).items())


def test_the_gradient_leaves_out_what_the_largest_singular_value_would_take_back():
    """Eq. 12: (G - <G, W'> u v^T) / sigma for the gradient G by W' = W / sigma."""
    net = normalised()
    weight, part = net[0].parametrizations.weight.original, net[0].parametrizations.weight[0]
    slope = torch.randn(2, 2, dtype=torch.float64)
    (net[0].weight * slope).sum().backward()
    scaled = known().weight.detach() / 3
    expected = (slope - (slope * scaled).sum() * torch.outer(part.u, part.v)) / 3
    torch.testing.assert_close(weight.grad, expected, rtol=0, atol=1e-8)


def test_second_derivatives_of_a_gradient_penalty_are_those_of_differences():
    torch.manual_seed(0)
    part = SpectralNorm(torch.randn(3, 4, dtype=torch.float64)).eval()
    x = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x, w: (x @ part(w).T).tanh().sum(), (x, weight))


@pytest.mark.parametrize("name", FAMILIES)
def test_two_forwards_and_a_penalty_train_every_weight(name):
    torch.manual_seed(0)
    net = family(name, spectral=True).discriminator((1, 8, 8), 0)
    x = torch.rand(3, 1, 8, 8, requires_grad=True)
    real, fake = net(x), net(x.detach() + 1)  # the first one's u and v are overwritten before its backward
    (slope,) = torch.autograd.grad(real.sum(), x, create_graph=True)
    (fake.mean() - real.mean() + slope.square().flatten(1).sum(1).mean()).backward()
    for parameter, weight in net.named_parameters():
        assert weight.grad.isfinite().all(), parameter
        assert weight.grad.any() or parameter == "last.bias" or parameter.endswith("bias"), parameter


@pytest.mark.parametrize("name", FAMILIES)
def test_a_loaded_network_goes_on_to_the_same_bits(name):
    torch.manual_seed(0)
    build = family(name, spectral=True, group=2)
    net = build.discriminator((1, 8, 8), 0)
    train(net, range(3))
    other = build.discriminator((1, 8, 8), 0)
    other.load_state_dict(copy.deepcopy(net.state_dict()))
    train(net, range(3, 6))
    train(other, range(3, 6))
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in net.state_dict().items())


def train(net, steps):
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for step in steps:
        optimizer.zero_grad()
        net(torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(step))).square().mean().backward()
        optimizer.step()


def test_the_first_vectors_follow_from_the_seed():
    one, same, other = (vectors(normalised(seed=seed)) for seed in (0, 0, 1))
    assert all(torch.equal(value, same[name]) for name, value in one.items())
    assert any(not torch.equal(value, other[name]) for name, value in one.items())
    torch.manual_seed(0)
    drawn = torch.randn(40)
    torch.manual_seed(0)
    part = SpectralNorm(torch.eye(40))  # which no iteration turns
    torch.testing.assert_close(part.u, drawn / drawn.norm())
    assert not torch.allclose(SpectralNorm(torch.eye(40)).u, part.u)


@pytest.mark.parametrize("training", [True, False])
def test_autocast_does_not_round_the_norm(training):
    torch.manual_seed(0)
    layer = nn.Linear(60, 50)
    nets = [normalised(copy.deepcopy(layer)).train(training) for _ in range(2)]
    with torch.autocast("cpu", torch.bfloat16):
        rounded = nets[0][0].weight
    assert torch.equal(rounded, nets[1][0].weight)
    assert rounded.dtype == torch.float32
    half = nets[0].bfloat16()[0].weight
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), rounded, rtol=2e-2, atol=1e-3)


def test_batches_are_not_joined_where_each_forward_is_a_step():
    plain, spectral = (family("mlp", spectral=wanted).discriminator((1, 8, 8), 0) for wanted in (False, True))
    assert treats_images_alone(plain)
    assert not treats_images_alone(spectral)
