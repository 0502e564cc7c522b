"""CycleGAN's step against the reference implementation's, restated in plain PyTorch from its description.

Exempt from the comparison of gradients: the biases in front of an instance norm, whose true gradient is 0. With this
file's networks they are the first bias of every convolution but the last of the generators (13 tensors each), and those
of the middle convolutions of the discriminators (2 tensors each).
"""

import pytest
import torch

from genlab.contracts import Domains
from genlab.models.base.phases import with_losses
from genlab.models.base.totals import Totals
from genlab.nets.blocks import dead_biases
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet

import parity
from parity import FAST, REFERENCE, assert_gradients, assert_loss, gradients, images, noise, spec
from reference import ReferenceCycleGAN
from stepping import play, stepping

SIDE, BATCH = 32, 2


def cyclegan(identity=0.5, pool=0, weights=(10.0, 10.0), **way):
    torch.manual_seed(0)
    g, d = ResNet(4, 4, 2, "instance", "transposed", False), PatchGAN(4, 2, "instance")
    terms = {"lambda_cycle_a": weights[0], "lambda_cycle_b": weights[1], "lambda_identity": identity, "pool_size": pool}
    return parity.cyclegan(g, d, spec("domains", SIDE), way=way, **terms).double()


def batch(step, a=BATCH, b=BATCH):
    return Domains(images(step, "a", a, SIDE), images(step, "b", b, SIDE), torch.arange(a), torch.arange(b))


@pytest.mark.parametrize("way", [FAST, REFERENCE], ids=["fast", "reference"])
@pytest.mark.parametrize("weights", [(10.0, 10.0), (10.0, 4.0)])
@pytest.mark.parametrize("pool", [0, 3])
@pytest.mark.parametrize("identity", [0.5, 0.0])
def test_five_steps_equal_the_reference(identity, pool, weights, way):
    five_steps(cyclegan(identity, pool, weights=weights, **way), identity, pool, weights)


@pytest.mark.parametrize("switch", FAST)
def test_each_switch_alone_equals_the_reference(switch):
    five_steps(cyclegan(pool=3, **{**REFERENCE, switch: not REFERENCE[switch]}), 0.5, 3, (10.0, 10.0))


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("grouped", [True, False])
def test_the_fast_way_also_in_the_other_memory_order(grouped, size):
    five_steps(cyclegan(channels_last=True, grouped_norm=grouped), 0.5, 0, (10.0, 10.0), size)


def test_each_network_is_compiled_and_its_weights_keep_their_names():
    model, plain = cyclegan(compile="default"), cyclegan()
    assert all(net._compiled_call_impl is not None for phase in model.phases() for net in phase.nets)
    assert model.state_dict().keys() == plain.state_dict().keys()


@pytest.mark.compiled
def test_compiled_networks_equal_the_reference():
    five_steps(cyclegan(pool=3, compile="default"), 0.5, 3, (10.0, 10.0))


def five_steps(model, identity, pool, weights, size=BATCH):
    """The model's steps beside the reference's, from the same weights."""
    ours = stepping(model)
    reference = ReferenceCycleGAN(ours, identity, pool, *weights)
    for step in range(5):
        one = batch(step, size, size)
        loss_g, loss_d, g_gradients, d_gradients = reference.step(one.a * 2 - 1, one.b * 2 - 1, noise(step))
        terms = play(ours, (one, noise(step)))
        assert_loss(terms["loss_g"].mean(), loss_g)
        assert_loss(terms["loss_d"].mean(), loss_d)
        for net, expected in zip(ours.phases()[0].nets, g_gradients, strict=True):
            assert_gradients(net, expected)
        for net, expected in zip(ours.phases()[1].nets, d_gradients, strict=True):
            assert_gradients(net, expected)
    if pool:
        assert reference.pool_a.swaps > 0
        assert reference.pool_b.swaps > 0


def test_which_biases_are_exempt():
    model = cyclegan()
    assert [len(dead_biases(net)) for phase in model.phases() for net in phase.nets] == [13, 13, 2, 2]


def test_no_generator_runs_more_often_than_needed():
    """A translation, a way back, an identity, the latter with the first where passes are joined; none for D."""
    for identity, batched, calls in ((0.5, False, 3), (0.5, True, 2), (0.0, True, 2)):
        model, seen = stepping(cyclegan(identity, batched=batched)), []
        model.generator_AtoB.register_forward_hook(lambda *_, seen=seen: seen.append(1))
        play(model, (batch(0), noise(0)))
        assert len(seen) == calls


def test_accumulated_batches_play_as_one_large_one():
    """The discriminators see what was made before the generators moved, also when several batches make one update."""
    one, many = stepping(cyclegan()), stepping(cyclegan())
    large = batch(0, 4, 4)
    play(one, (large, noise(0)))
    play(many, *((Domains(*(x[rows] for x in large)), noise(0)) for rows in (slice(0, 2), slice(2, 4))))
    for name, net in one.named_children():
        assert_gradients(getattr(many, name), gradients(net))


def test_domains_of_different_size_are_measured_each_on_its_own():
    """Means over all of A and all of B are those of one batch with as many of each, wherever the batches were cut."""
    model = cyclegan().eval()
    whole = batch(0, 4, 4)
    together, apart = Totals(), Totals()
    with torch.no_grad():
        together.add(model.evaluation_terms(whole, noise(0)))
        for a, b in ((slice(0, 3), slice(0, 1)), (slice(3, 4), slice(1, 3)), (slice(4, 4), slice(3, 4))):
            part = Domains(whole.a[a], whole.b[b], whole.index_a[a], whole.index_b[b])
            apart.add(model.evaluation_terms(part, noise(0)))
    expected, got = (with_losses(model.phase_list, part.means()) for part in (together, apart))
    assert expected.keys() == got.keys() > {"loss_g", "loss_d", "cycle_l1_AtoB", "identity_l1_BtoA"}
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-10), name
