"""``loss_d_real`` and ``loss_d_fake`` mean the same in every model; ``loss_d`` is what its paper makes of them."""

import math

import pytest
import torch

from genlab.callbacks.alarms import losses_d
from genlab.models.aae import AAE
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.ss_aae import SSAAE
from genlab.nets.gan_mlp import GANMLP

import players
from family import SPEC, batch, member, parts, unfused
from stepping import stepping

UNDECIDED = math.log(2)  # nats: the cross-entropy of a discriminator that says 0.5 of everything


def gan():
    net = GANMLP([4], [4], "relu", "leaky_relu", False, 0, "projection")
    return players.gan(net, SPEC.shape, optimizer=unfused, double=False)


MODELS = {  # and by how much of one loss an undecided discriminator's loss_d is
    "gan": (gan, 2),
    "aae": (lambda: AAE(posterior="gaussian", labelled=0, prior=StandardNormal(), **parts()), 2),
    "ss_aae": (lambda: SSAAE(labelled=10, y_optimizer=unfused, **parts()), 4),
    "factor_vae": (lambda: member("FactorVAE"), 1),
}


@pytest.mark.parametrize("name", MODELS)
def test_an_undecided_discriminator_has_the_same_loss_of_real_and_of_fake_in_every_model(name):
    model, share = MODELS[name][0](), MODELS[name][1]
    for key, weight in model.named_parameters():
        if "discriminator" in key:
            torch.nn.init.zeros_(weight)
    model = stepping(model)
    phase = next(phase for phase in model.phase_list if phase.name == "d")
    items, noise = batch(0, model)
    with torch.no_grad():
        terms = phase.all_terms(items, model.shared(items, noise), noise)
    single = [value for key, value in terms.items() if key.startswith(("loss_d_real", "loss_d_fake"))]
    assert len(single) in (2, 4)
    for value in single:
        torch.testing.assert_close(value, torch.full_like(value, UNDECIDED))
    assert terms["loss_d"].mean().item() == pytest.approx(share * UNDECIDED)
    measured = {f"train/{key}": value.mean().item() for key, value in terms.items()}
    ends = ["_y", "_z"] if name == "ss_aae" else [""]
    assert losses_d(measured) == dict.fromkeys(
        ends, pytest.approx(UNDECIDED)
    )  # what the alarm of one that has won sees
    assert any(note.startswith("loss_d: ") for note in model.notes())
