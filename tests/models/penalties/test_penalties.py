"""Sparse and contractive penalties, in float64: closed forms against autograd, and what they do to an autoencoder."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, kl_divergence

from genlab.config.files import Conf
from genlab.contracts import ConfigError, DataSpec, Images
from genlab.losses.contraction import estimated_jacobian, exact_jacobian, one_layer_jacobian
from genlab.losses.sparsity import activity_divergence, l1_norm
from genlab.models.autoencoder import Autoencoder
from genlab.models.base import distributed
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant, Ramp
from genlab.models.penalties import kl_sparsity
from genlab.models.penalties.contractive import Contractive
from genlab.models.penalties.kl_sparsity import KLSparsity
from genlab.models.penalties.l1 import L1
from genlab.models.penalties.none import NoPenalty
from genlab.nets.conv import Conv
from genlab.nets.mlp import MLP

SHAPE, D, B = (1, 5, 5), 4, 6
SPEC = DataSpec("x", "images", SHAPE, {}, "0")
NOISE = Noise(0, "train", 0, torch.device("cpu"), torch.float64)
X = torch.rand(B, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def autoencoder(penalty, net=None):
    torch.manual_seed(0)
    net = net or MLP([7], "tanh", "none", 0.0)
    return Autoencoder(
        D, "gaussian", 1.0, "linear", 1, penalty, net, None, torch.optim.SGD, Constant(), SPEC, 0
    ).double()


def terms(model, x=X, noise=NOISE):
    return model.terms(Images(x, None, torch.arange(len(x))), noise)


def jacobians(model, x=X):
    """d code / d x of each image, [B, D, pixels], by torch's own way."""
    return torch.stack([torch.autograd.functional.jacobian(lambda one: model.codes(one[None])[0], one) for one in x])


def test_every_file_in_conf_is_covered():
    assert set(Conf().options("model/penalty")) == {"none", "l1", "kl_sparsity", "contractive"}


def test_without_a_penalty_the_loss_is_the_reconstruction():
    model = autoencoder(NoPenalty())
    found = terms(model)
    assert found.keys() == {"loss", "recon", "squared_error"}
    assert torch.equal(found["loss"], found["recon"])
    assert not [name for name in model.state_dict() if name.startswith("penalty")]


def test_l1_is_the_sum_of_the_absolute_codes_and_enters_by_its_weight():
    model = autoencoder(L1(0.3))
    found = terms(model)
    assert torch.equal(found["penalty"], torch.linalg.vector_norm(model.encoder(X), 1, 1))
    torch.testing.assert_close(found["loss"], found["recon"] + 0.3 * found["penalty"])
    assert l1_norm(torch.tensor([[1.0, -2.0, 0.0]])).item() == 3


def test_the_weight_may_follow_a_schedule():
    model = autoencoder(L1(Ramp(0.0, 2.0, batches=10, wait=0)))
    model.batches_seen = 5
    found = terms(model)
    torch.testing.assert_close(found["loss"], found["recon"] + 1.0 * found["penalty"])
    model.eval()
    found = terms(model)
    torch.testing.assert_close(found["loss"], found["recon"] + 2.0 * found["penalty"])


# ---- sparse activity -----------------------------------------------------------------------------------------------


def test_the_divergence_of_activity_is_that_of_two_coins():
    activity = torch.tensor([0.05, 0.2, 0.9], dtype=torch.float64)
    expected = kl_divergence(Bernoulli(torch.full_like(activity, 0.05)), Bernoulli(activity)).sum()
    torch.testing.assert_close(activity_divergence(activity, 0.05).sum(), expected)
    assert activity_divergence(activity[:1], 0.05).item() == pytest.approx(0, abs=1e-12)
    assert activity_divergence(torch.tensor([0.0, 1.0]), 0.05).isfinite().all()


def test_sparse_codes_are_sigmoids_and_their_mean_over_the_batch_is_penalised():
    model = autoencoder(KLSparsity(2.0, 0.1))
    code = model.encoder(X).sigmoid()
    torch.testing.assert_close(model.encode(X).mean, code)
    found = terms(model)
    torch.testing.assert_close(found["penalty"], activity_divergence(code.mean(0), 0.1).sum().expand(B))
    torch.testing.assert_close(found["loss"], found["recon"] + 2.0 * found["penalty"])
    torch.testing.assert_close(model.reconstruct(X), model.decoder(code).clamp(0, 1))


def test_in_evaluation_the_activity_is_that_of_training_whatever_the_batch():
    model = autoencoder(KLSparsity(1.0, 0.1))
    terms(model)
    torch.testing.assert_close(model.penalty.activity, model.encoder(X).sigmoid().mean(0))
    first = model.penalty.activity.clone()
    terms(model, X[:2])
    second = model.encoder(X[:2]).sigmoid().mean(0)
    torch.testing.assert_close(model.penalty.activity, (first + second) / 2)
    model.eval()
    torch.testing.assert_close(terms(model)["penalty"][:2], terms(model, X[:2])["penalty"])
    assert model.penalty.batches == 2


def test_two_ranks_penalise_the_mean_over_both_and_their_gradients_average_to_that_of_one(monkeypatch):
    def gradient(penalty, code):
        code = code.clone().requires_grad_()
        penalty(None, None, code, NOISE)["penalty"].mean().backward()
        return code.grad

    def fresh():
        return KLSparsity(1.0, 0.1).bound_to(None, D).double()

    code = torch.rand(B, D, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    halves, whole = (code[::2], code[1::2]), gradient(fresh(), code)
    assert distributed.world_size() == 1
    monkeypatch.setattr(kl_sparsity, "world_size", lambda: 2)
    for own, other in (halves, halves[::-1]):
        monkeypatch.setattr(kl_sparsity, "sum_over_ranks", lambda x, other=other: x + other.mean(0))
        half = gradient(fresh(), own)
        rank = 0 if own is halves[0] else 1
        torch.testing.assert_close(half / 2, whole[rank::2])  # gradients are averaged over two ranks


# ---- contraction ---------------------------------------------------------------------------------------------------


def test_of_one_layer_the_norm_is_in_closed_form():
    model = autoencoder(Contractive(0.5, None), MLP([], "tanh", "none", 0.0))
    assert "in closed form" in str(model.notes())
    found = terms(model)
    torch.testing.assert_close(found["penalty"], jacobians(model).square().flatten(1).sum(1))
    torch.testing.assert_close(found["loss"], found["recon"] + 0.5 * found["penalty"])


def test_probes_that_would_not_be_used_are_refused():
    with pytest.raises(ConfigError, match=r"probes=3: an encoder of one layer.*\n.*model.penalty.probes=null"):
        autoencoder(Contractive(0.5, 3), MLP([], "tanh", "none", 0.0))


@pytest.mark.parametrize("net", [MLP([7, 6], "tanh", "none", 0.0), Conv(4, 8, "silu", "group")], ids=["mlp", "conv"])
def test_of_more_layers_it_is_exact_too(net):
    model = autoencoder(Contractive(0.5, None), net)
    assert f"exact, {D} backward passes" in str(model.notes())
    torch.testing.assert_close(terms(model)["penalty"], jacobians(model).square().flatten(1).sum(1))


def test_both_ways_agree_and_so_do_their_gradients():
    shallow = autoencoder(Contractive(1.0, None), MLP([], "tanh", "none", 0.0))
    gradients = []
    for closed in (True, False):
        shallow.zero_grad()
        shallow.penalty.shallow = closed
        terms(shallow)["penalty"].sum().backward()
        gradients.append([p.grad.clone() for p in shallow.encoder.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_the_estimate_is_unbiased():
    model = autoencoder(Contractive(1.0, 3000))
    assert "estimated from 3000 probes" in str(model.notes())
    exact = jacobians(model).square().flatten(1).sum(1)
    torch.testing.assert_close(terms(model)["penalty"], exact, rtol=0.1, atol=0)
    few = autoencoder(Contractive(1.0, 1))
    assert torch.equal(terms(few)["penalty"], terms(few)["penalty"])
    other = Noise(0, "train", 1, torch.device("cpu"), torch.float64)
    assert not torch.equal(terms(few)["penalty"], terms(few, noise=other)["penalty"])


def test_known_jacobians():
    x = torch.rand(3, 4, dtype=torch.float64)
    weight = torch.arange(8, dtype=torch.float64).view(2, 4)
    assert exact_jacobian(lambda x: x @ weight.T, x).tolist() == [140.0] * 3  # 0 + 1 + 4 + … + 49
    assert one_layer_jacobian(torch.ones(3, 2, dtype=torch.float64), weight).tolist() == [140.0] * 3
    only = torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(3, 1, 2)
    assert estimated_jacobian(lambda x: x @ weight.T, x, only).tolist() == [14.0] * 3


@pytest.mark.parametrize("probes", [None, 2])
def test_it_is_computed_in_validation_where_lightning_has_switched_autograd_off(probes):
    model = autoencoder(Contractive(1.0, probes)).eval()
    expected = terms(model)["penalty"].detach()
    with torch.inference_mode():
        found = terms(model, X.clone())
    torch.testing.assert_close(found["penalty"].clone(), expected)
    assert all(p.grad is None for p in model.parameters())


def test_training_contracts():
    model = autoencoder(Contractive(30.0, None))
    before = float(terms(model)["penalty"].detach().mean())
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        optimizer.zero_grad()
        terms(model)["loss"].mean().backward()
        optimizer.step()
    after = float(terms(model)["penalty"].detach().mean())
    assert after < before / 4
    assert math.isfinite(after)


def test_batch_norm_is_refused_with_the_remedy():
    with pytest.raises(ConfigError, match=r"(?s)batch norm.*model.net.norm=none"):
        autoencoder(Contractive(1.0, None), MLP([7], "tanh", "batch", 0.0))
    autoencoder(Contractive(1.0, None), MLP([7], "tanh", "layer", 0.0))
    assert isinstance(autoencoder(L1(1.0), MLP([7], "tanh", "batch", 0.0)).encoder[2], nn.BatchNorm1d)
