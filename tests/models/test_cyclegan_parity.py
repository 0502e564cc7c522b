"""CycleGAN's step against the reference implementation's, restated in plain PyTorch from its description.

Exempt from the comparison of gradients: the biases in front of an instance norm, whose true gradient is 0. With this
file's networks they are the first bias of every convolution but the last of the generators (13 tensors each), and those
of the middle convolutions of the discriminators (2 tensors each).
"""

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F

from genlab.contracts import Domains
from genlab.models.cyclegan import CycleGAN
from genlab.models.schedules import Constant
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet_generator import ResNet
from genlab.nets.translation import dead_biases

from parity import BETAS, LR, adam, assert_gradients, assert_loss, gradients, images, noise, spec, stepping

SIDE, BATCH = 32, 2


def cyclegan(identity=0.5, pool=0, loss="least_squares", weights=(10.0, 10.0)):
    torch.manual_seed(0)
    g, d = ResNet(4, 4, 2, "instance", "transposed", False), PatchGAN(4, 2, "instance")
    model = CycleGAN(loss, *weights, identity, pool, g, d, adam, Constant(), spec("domains", SIDE), seed=3)
    return model.double()


def batch(step, a=BATCH, b=BATCH):
    return Domains(images(step, "a", a, SIDE), images(step, "b", b, SIDE), torch.arange(a), torch.arange(b))


class Pool:
    """The reference's pool; ``decisions`` stand in for Python's ``random``."""

    def __init__(self, size):
        self.size, self.images, self.swaps = size, [], 0

    def query(self, made, decisions):
        if self.size == 0:
            return made
        shown = []
        coins = torch.rand(len(made), generator=decisions, dtype=torch.float64).tolist()
        places = torch.randint(self.size, (len(made),), generator=decisions).tolist()
        for image, p, place in zip(made, coins, places, strict=True):
            image = image.detach().unsqueeze(0)
            if len(self.images) < self.size:
                self.images.append(image)
                shown.append(image)
            elif p > 0.5:
                shown.append(self.images[place].clone())
                self.images[place] = image
                self.swaps += 1
            else:
                shown.append(image)
        return torch.cat(shown)


class Reference:
    """G_A = A to B, D_A judges domain B. The generators first, then the discriminators on the fakes made before."""

    def __init__(self, model, identity, pool, lambda_a=10.0, lambda_b=10.0):
        self.G_A, self.G_B = copy.deepcopy(model.generator_AtoB), copy.deepcopy(model.generator_BtoA)
        self.D_A, self.D_B = copy.deepcopy(model.discriminator_B), copy.deepcopy(model.discriminator_A)
        self.identity, self.lambda_a, self.lambda_b = identity, lambda_a, lambda_b
        self.pool_a, self.pool_b = Pool(pool), Pool(pool)
        self.opt_g = torch.optim.Adam(itertools.chain(self.G_A.parameters(), self.G_B.parameters()), LR, BETAS)
        self.opt_d = torch.optim.Adam(itertools.chain(self.D_A.parameters(), self.D_B.parameters()), LR, BETAS)

    @staticmethod
    def gan(scores, real):
        return F.mse_loss(scores, torch.full_like(scores, 1.0 if real else 0.0))

    def freeze(self, frozen):
        for net in (self.D_A, self.D_B):
            net.requires_grad_(not frozen)

    def step(self, real_a, real_b, noise):
        fake_b = self.G_A(real_a)
        rec_a = self.G_B(fake_b)
        fake_a = self.G_B(real_b)
        rec_b = self.G_A(fake_a)
        self.freeze(True)
        self.opt_g.zero_grad()
        loss_g = self.gan(self.D_A(fake_b), True) + self.gan(self.D_B(fake_a), True)
        loss_g = loss_g + F.l1_loss(rec_a, real_a) * self.lambda_a + F.l1_loss(rec_b, real_b) * self.lambda_b
        if self.identity > 0:
            loss_g = loss_g + F.l1_loss(self.G_A(real_b), real_b) * self.lambda_b * self.identity
            loss_g = loss_g + F.l1_loss(self.G_B(real_a), real_a) * self.lambda_a * self.identity
        loss_g.backward()
        g_gradients = [gradients(self.G_A), gradients(self.G_B)]
        self.opt_g.step()
        self.freeze(False)
        self.opt_d.zero_grad()
        losses = []
        for net, real, pool, fake, name in (
            (self.D_A, real_b, self.pool_b, fake_b, "b"),
            (self.D_B, real_a, self.pool_a, fake_a, "a"),
        ):
            shown = pool.query(fake, noise.decisions(f"pool_{name}"))
            loss = (self.gan(net(real), True) + self.gan(net(shown.detach()), False)) * 0.5
            loss.backward()
            losses.append(loss)
        d_gradients = [gradients(self.D_A), gradients(self.D_B)]
        self.opt_d.step()
        return loss_g, sum(losses), g_gradients, d_gradients


@pytest.mark.parametrize("weights", [(10.0, 10.0), (10.0, 4.0)])
@pytest.mark.parametrize("pool", [0, 3])
@pytest.mark.parametrize("identity", [0.5, 0.0])
def test_five_steps_equal_the_reference(identity, pool, weights):
    ours = stepping(cyclegan(identity, pool, weights=weights))
    reference = Reference(ours, identity, pool, *weights)
    for step in range(5):
        one = batch(step)
        loss_g, loss_d, g_gradients, d_gradients = reference.step(one.a * 2 - 1, one.b * 2 - 1, noise(step))
        terms = ours.play([(one, noise(step))])
        assert_loss(terms["loss_g"].mean(), loss_g)
        assert_loss(terms["loss_d"].mean(), loss_d)
        for net, expected in zip(ours.players()["generator"], g_gradients, strict=True):
            assert_gradients(net, expected)
        for net, expected in zip(ours.players()["discriminator"], d_gradients, strict=True):
            assert_gradients(net, expected)
    if pool:
        assert reference.pool_a.swaps > 0
        assert reference.pool_b.swaps > 0


def test_which_biases_are_exempt():
    model = cyclegan()
    assert [len(dead_biases(net)) for nets in model.players().values() for net in nets] == [13, 13, 2, 2]


def test_no_generator_runs_more_often_than_needed():
    """A translation each, a way back each, an identity each: six in all, none of them for the discriminators."""
    for identity, calls in ((0.5, 3), (0.0, 2)):
        model, seen = stepping(cyclegan(identity)), []
        model.generator_AtoB.register_forward_hook(lambda *_, seen=seen: seen.append(1))
        model.play([(batch(0), noise(0))])
        assert len(seen) == calls


def test_accumulated_batches_play_as_one_large_one():
    """The discriminators see what was made before the generators moved, also when several batches make one update."""
    one, many = stepping(cyclegan()), stepping(cyclegan())
    large = batch(0, 4, 4)
    one.play([(large, noise(0))])
    many.play([(Domains(*(x[rows] for x in large)), noise(0)) for rows in (slice(0, 2), slice(2, 4))])
    for name, net in one.named_children():
        assert_gradients(getattr(many, name), gradients(net))


def test_domains_of_different_size_are_measured_each_on_its_own():
    """Means over all of A and all of B are those of one batch with as many of each, wherever the batches were cut."""
    model = cyclegan().eval()
    whole = batch(0, 4, 4)
    from genlab.models.ranks import Totals

    together, apart = Totals(), Totals()
    with torch.no_grad():
        together.add(model.evaluation_terms(whole, noise(0)))
        for a, b in ((slice(0, 3), slice(0, 1)), (slice(3, 4), slice(1, 3)), (slice(4, 4), slice(3, 4))):
            part = Domains(whole.a[a], whole.b[b], whole.index_a[a], whole.index_b[b])
            apart.add(model.evaluation_terms(part, noise(0)))
    expected, got = model.completed(together.means()), model.completed(apart.means())
    assert expected.keys() == got.keys() > {"loss_g", "loss_d", "cycle_l1_AtoB", "identity_l1_BtoA"}
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-10), name
