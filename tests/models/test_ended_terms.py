"""A term that training no longer computes is no longer reported; one that comes in every n-th update is, in between."""

import pytest
import torch

from genlab.contracts import Domains, Pairs
from genlab.models.base.schedules import Until
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet

import parity
import players
from parity import images, spec
from stepping import noise_of, play, stepping

SIDE = 16
NETS = ResNet(2, 1, 1, "instance", "transposed", False), PatchGAN(2, 1, "instance")
ENDS = Until(1.0, 0.0, 3)
BOTH = ("_AtoB", "_BtoA")


def domains(step):
    return Domains(images(step, "a", 2, SIDE), images(step, "b", 2, SIDE), torch.arange(2), torch.arange(2))


def reported(model, batch, steps=5):
    """The names in the row of each of some steps."""
    rows, model = [], stepping(model.double())
    model.log_every, model._trainer = 1, object()
    model.report = lambda split, values: rows.append(values.keys())
    for step in range(steps):
        model.newest_terms |= play(model, (batch(step), noise_of(model, step)))
        model.report_training()
    return rows


def cyclegan(**terms):
    return reported(parity.cyclegan(*NETS, spec("domains", SIDE), **terms), domains)


def pix2pix(**terms):
    return reported(parity.pix2pix(*NETS, spec("pairs", SIDE), **terms), lambda step: Pairs(*domains(step)[:3]))


def gan(**terms):
    return reported(players.gan(players.Smooth(), **terms), lambda step: players.batch(step, 4))


@pytest.mark.parametrize(
    ("steps", "weight", "term", "ways"),
    [
        *((gan, name, term, ("",)) for name, term in {"lambda_gp": "penalty", "r1": "r1", "dragan": "dragan"}.items()),
        *((pix2pix, name, name, ("",)) for name in ("r1", "r2")),
        *((cyclegan, name, term, BOTH) for name, term in {"lambda_gp": "penalty", "r2": "r2"}.items()),
    ],
)
def test_a_penalty_whose_weight_falls_to_nothing_is_not_reported_again(steps, weight, term, ways):
    rows = steps(**{weight: ENDS})
    for way in ways:
        assert [f"loss_d_{term}{way}" in row for row in rows] == [True] * 3 + [False] * 2
        assert all(f"loss_d_real{way}" in row for row in rows)


def test_nor_is_one_of_a_second_step_and_another_goes_on():
    rows = cyclegan(r1=ENDS, r2=0.5, lambda_second=1.0, lambda_identity=Until(0.5, 0.0, 2))
    for way in (*BOTH, "_second_AtoB", "_second_BtoA"):
        assert [f"loss_d_r1{way}" in row for row in rows] == [True] * 3 + [False] * 2
        assert all(f"loss_d_r2{way}" in row for row in rows)
    assert [f"identity_l1{BOTH[0]}" in row for row in rows] == [True] * 2 + [False] * 3


def test_a_penalty_of_every_fourth_update_is_told_in_between_until_its_weight_is_nothing():
    rows = gan(r1=ENDS, r2=1.0, penalty_every=4)
    assert ["loss_d_r1" in row for row in rows] == [True] * 3 + [False] * 2
    assert all("loss_d_r2" in row for row in rows)


def test_what_comes_back_is_told_again():
    rows = gan(r1=Until(0.0, 1.0, 2))
    assert ["loss_d_r1" in row for row in rows] == [False] * 2 + [True] * 3
