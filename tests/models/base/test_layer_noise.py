"""Dropout in the terms of a phase: its masks are a function of seed, batch, phase and rank, as all noise is."""

import pytest
import torch

from genlab.contracts import DataSpec, Images
from genlab.models.autoencoder import Autoencoder
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.penalties.none import NoPenalty
from genlab.nets.by_half import ByHalf
from genlab.nets.mlp import MLP

from stepping import move, stepping

SPEC = DataSpec("x", "images", (1, 6, 6), {}, "0")
BATCH = Images(torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(0)), None, torch.arange(4))


def autoencoder(encoder=0.5, decoder=0.5):
    torch.manual_seed(0)
    halves = ByHalf(*(MLP([20], "tanh", "none", rate) for rate in (encoder, decoder)))
    sgd = lambda parameters: torch.optim.SGD(parameters, 0.1)  # noqa: E731
    return stepping(Autoencoder(3, "gaussian", 1.0, "linear", 1, NoPenalty(), halves, None, sgd, Constant(), SPEC, 0))


def loss(batch=0, rank=0, state=0, **rates):
    """Of one step, whatever torch's global random state is."""
    model = autoencoder(**rates)
    torch.manual_seed(state)
    before = torch.get_rng_state()
    terms = move(model, "", (BATCH, Noise(0, "train", batch, torch.device("cpu"), rank=rank, world=2)))
    assert torch.equal(torch.get_rng_state(), before)
    return terms["loss"]


def test_masks_follow_from_batch_and_rank_and_not_from_the_global_state():
    assert torch.equal(loss(state=1), loss(state=2))
    assert not torch.equal(loss(batch=0), loss(batch=1))
    assert not torch.equal(loss(rank=0), loss(rank=1))


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_each_half_has_a_rate_of_its_own_and_none_outside_training(half):
    other = {"encoder": "decoder", "decoder": "encoder"}[half]
    assert not torch.equal(loss(**{half: 0.0}), loss(**{half: 0.9}))
    assert torch.equal(loss(**{half: 0.0, other: 0.0}, batch=0), loss(**{half: 0.0, other: 0.0}, batch=1))
    model = autoencoder()
    assert torch.equal(model.reconstruct(BATCH.image), model.reconstruct(BATCH.image))
