"""A loss that is no longer finite: no update and nothing saved after it, whether the host looks at once or later."""

import copy
import math

import pytest
import torch

from genlab.contracts import DataSpec, Images, NonFiniteLoss
from genlab.models.base.finite import FiniteFlag
from genlab.models.base.schedules import Constant

import leaves
from stepping import noise_of, play, stepping

SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0")


def terms(*values):
    return {name: torch.tensor([1.0, value]) for name, value in zip(("recon", "kl", "loss"), values, strict=True)}


def test_the_first_batch_and_term_are_remembered_on_the_device():
    flag = FiniteFlag()
    for batch, values in enumerate([(1, 2, 3), (1, math.nan, math.nan), (math.inf, 0, math.inf), (1, 2, 3)], 7):
        flag.note(terms(*values), batch)
    with pytest.raises(NonFiniteLoss, match=r"^kl is no longer finite in batch 8;"):
        flag.require()


def test_phases_with_other_terms_are_told_apart():
    flag = FiniteFlag()
    flag.note({"loss_d": torch.ones(2), "d_real": torch.ones(2)}, 1)
    flag.note({"loss_g": torch.tensor([math.inf, 1.0])}, 1)
    flag.note({"loss_d": torch.tensor([math.nan, 1.0]), "d_real": torch.ones(2)}, 2)
    with pytest.raises(NonFiniteLoss, match=r"^loss_g is no longer finite in batch 1;"):
        flag.require()


def test_finite_losses_raise_no_flag():
    flag = FiniteFlag()
    flag.require()
    flag.note(terms(1, 2, 3), 1)
    flag.require()


@pytest.mark.parametrize("fused", [True, False])
def test_no_update_comes_through_while_the_flag_is_up(fused):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight], 0.1, fused=fused)
    flag = FiniteFlag()
    for batch, value in enumerate([1.0, math.nan, 1.0], 1):
        flag.note({"loss": torch.tensor([value])}, batch)
        weight.grad = torch.full((3,), value)
        before = weight.detach().clone()
        if not flag.skip_update(optimizer):
            optimizer.step()
        assert torch.equal(before, weight) == (batch > 1)
    assert weight.isfinite().all()


@pytest.mark.parametrize("leaf", ["AAE", "Remedies", "WarmUp"])
def test_a_bad_batch_stops_every_model_before_its_update(leaf):
    torch.manual_seed(0)
    model = stepping(getattr(leaves, leaf)(lambda p: torch.optim.Adam(p, 0.1), Constant(), SPEC, 3).double())
    good = torch.rand(4, 1, 4, 4, dtype=torch.float64)
    play(model, (Images(good, None, torch.arange(4)), noise_of(model, 0)))
    before = copy.deepcopy(model.state_dict())
    bad = good.clone()
    bad[2, 0, 1, 1] = math.nan
    with pytest.raises(NonFiniteLoss, match="in batch 2;"):
        play(model, (Images(bad, None, torch.arange(4)), noise_of(model, 1)))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
