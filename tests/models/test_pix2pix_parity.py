"""pix2pix's step against the reference implementation's, restated in plain PyTorch from its description.

Exempt from the comparison of gradients: nothing. With batch norm no convolution in front of a norm has a bias.
"""

import copy

import pytest
import torch
from torch import nn

from genlab.contracts import ConfigError, Pairs
from genlab.nets.blocks import BatchNorm, dead_biases
from genlab.nets.patchgan import PatchGAN
from genlab.nets.unet import UNet
from genlab.random import keyed_number

import parity
from parity import FAST, REFERENCE, assert_gradients, assert_loss, images, noise, spec
from reference import ReferencePix2Pix
from stepping import play, stepping

SIDE, BATCH = 64, 2


def pix2pix(dropout=True, norm="batch", inference_norm="batch", inference_dropout=True, **way):
    torch.manual_seed(0)
    g, d = UNet(4, 6, norm, "transposed", dropout), PatchGAN(4, 3, norm)
    inference = {"inference_norm": inference_norm, "inference_dropout": inference_dropout}
    return parity.pix2pix(g, d, spec("pairs", SIDE), way=way, **inference).double()


def batch(step, size=BATCH):
    return Pairs(images(step, "a", size, SIDE), images(step, "b", size, SIDE), torch.arange(size))


@pytest.mark.parametrize(
    "way",
    [FAST, REFERENCE, {"channels_last": True}, {"channels_last": True, "grouped_norm": False}],
    ids=["fast", "reference", "order", "plain_norm_in_order"],
)
@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize(("dropout", "norm"), [(True, "batch"), (False, "batch"), (True, "instance")])
def test_five_steps_equal_the_reference(dropout, norm, size, way):
    five_steps(dropout, norm, size, way)


@pytest.mark.compiled
def test_compiled_networks_equal_the_reference():
    five_steps(dropout=True, norm="batch", size=2, way={"compile": "default"})


def five_steps(dropout, norm, size, way):
    """The model's steps beside the reference's, from the same weights."""
    ours = stepping(pix2pix(dropout, norm, **way))
    reference = ReferencePix2Pix(ours)
    assert bool(dead_biases(ours.generator)) == (norm == "instance")
    for step in range(5):
        one = batch(step, size)
        seed = keyed_number(3, "train", step, "dropout", 0)
        loss_g, loss_d, g_gradients, d_gradients = reference.step(one.a * 2 - 1, one.b * 2 - 1, seed)
        terms = play(ours, (one, noise(step)))
        assert_loss(terms["loss_g"].mean(), loss_g)
        assert_loss(terms["loss_d"].mean(), loss_d)
        assert_gradients(ours.generator, g_gradients)
        assert_gradients(ours.discriminator, d_gradients)
    for (name, mine), theirs in zip(
        ours.named_buffers(), [*reference.G.buffers(), *reference.D.buffers()], strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10, msg=name)  # running statistics, in equal order


def test_the_generator_runs_once_for_both_players():
    model, calls = stepping(pix2pix()), []
    model.generator.register_forward_hook(lambda *_: calls.append(1))
    play(model, (batch(0), noise(0)))
    assert len(calls) == 1


def test_dropout_depends_on_seed_batch_and_rank_and_leaves_the_global_state_alone():
    model, one = pix2pix(), batch(0)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = model.shared_of(one, noise(0))["b"]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(model.shared_of(one, noise(0))["b"], first)
    assert not torch.equal(model.shared_of(one, noise(1))["b"], first)
    other_rank = noise(0).__class__(3, "train", 0, torch.device("cpu"), torch.float64, rank=1, world=2)
    assert not torch.equal(model.shared_of(one, other_rank)["b"], first)


def test_inference_norm_and_dropout_are_options():
    one = batch(0)
    for norm in ("batch", "running"):
        for dropout in (True, False):
            model = pix2pix(inference_norm=norm, inference_dropout=dropout)
            model.load_state_dict(pix2pix().state_dict())
            model.eval()
            before = copy.deepcopy(model.state_dict())
            model.shared_of(one, noise(0, "val"))  # as in validation
            assert not any(module.training for module in model.modules())
            y = model.translate(one.a, "AtoB")
            assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
            assert not any(module.training for module in model.modules())
            assert not any(module.alone for module in model.modules() if isinstance(module, BatchNorm))
            by_hand = copy.deepcopy(model.generator).train(norm == "batch")
            for module in by_hand.modules():
                if isinstance(module, nn.Dropout):
                    module.train(False)
            expected = torch.cat([by_hand(x * 2 - 1) for x in one.a.split(1)]).add(1).div(2).detach()
            assert (float((y - expected).abs().max()) < 1e-15) != dropout


def test_the_other_direction_is_a_clear_error():
    with pytest.raises(ConfigError, match=r"(?s)from a to b.*AtoB.*Type: direction=AtoB"):
        pix2pix().translate(batch(0).a, "BtoA")
