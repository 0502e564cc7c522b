"""The semi-supervised adversarial autoencoder beside a loop by hand; what it does with labels, and without."""

import copy

import torch
import torch.nn.functional as F

from genlab.contracts import DataSpec, HasParts, HasStyle, Images
from genlab.models.base.schedules import Constant
from genlab.models.ss_aae import SSAAE
from genlab.nets.code_discriminator import CodeDiscriminator
from genlab.nets.mlp import MLP

from stepping import move, noise_of, play, stepping

SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0", classes=3, class_names=("a", "b", "c"))
RATES = [1e-2, 4e-3, 2e-3, 3e-3]


def made(labelled=20):
    torch.manual_seed(0)
    rates = [lambda parameters, lr=lr: torch.optim.Adam(parameters, lr) for lr in RATES]
    parts = MLP([12], "tanh", "none", 0.0), CodeDiscriminator([9, 8], "relu")
    return stepping(SSAAE(2, labelled, "gaussian", 1.0, "linear", 1, *parts, *rates, Constant(), SPEC, 3).double())


def batch(step, size=8):
    stream = torch.Generator().manual_seed(step)
    image = torch.rand(size, 1, 4, 4, generator=stream, dtype=torch.float64)
    index = torch.randperm(64, generator=stream)[:size]
    return Images(image, index % 3, index)


def stepped(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def entropy(logit, target):
    return F.binary_cross_entropy_with_logits(logit, torch.full_like(logit, target))


def test_its_updates_are_those_of_a_loop_by_hand():
    ours = made()
    nets = [ours.encoder, ours.decoder, ours.y_discriminator, ours.z_discriminator]
    e, p, dy, dz = (copy.deepcopy(net) for net in nets)
    moved = ([*e.parameters(), *p.parameters()], [*dy.parameters(), *dz.parameters()], e.parameters(), e.parameters())
    ae, d, g, c = (torch.optim.Adam(list(ps), lr) for ps, lr in zip(moved, RATES, strict=True))

    def code(x):
        logits, z = e(x)[:, :3], e(x)[:, 3:]
        return logits, logits.softmax(1), z

    for step in range(5):
        items, noise = batch(step), noise_of(ours, step)
        _, y, z = code(items.image)
        stepped(ae, (p(torch.cat([y, z], 1)) - items.image).square().sum() / 16)
        real = F.one_hot((3 * noise.uniform("y", 8)).floor().long(), 3).double()
        of_y = entropy(dy(real), 1.0) + entropy(dy(y.detach()), 0.0)
        stepped(d, of_y + entropy(dz(noise.normal("prior", 8, 2)), 1.0) + entropy(dz(z.detach()), 0.0))
        _, y, z = code(items.image)
        stepped(g, entropy(dy(y), 1.0) + entropy(dz(z), 1.0))
        known = ours.labelled.of(items, training=True)
        logits, _, _ = code(items.image)
        loss = F.cross_entropy(logits[known], items.label[known], reduction="sum") * 64 / 20 / 8
        stepped(c, loss)
        play(ours, (items, noise))
    theirs = [w for net in (e, p, dy, dz) for w in net.parameters()]
    for mine, other in zip([w for net in nets for w in net.parameters()], theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


def test_no_player_leaves_a_gradient_in_another():
    ours = made()
    judges = ["y_discriminator", "z_discriminator"]
    for phase, still in {"ae": judges, "d": ["encoder", "decoder"], "g": [*judges, "decoder"], "y": judges}.items():
        ours.zero_grad(set_to_none=True)
        move(ours, phase, (batch(0, 64), noise_of(ours, 0)))
        assert all(w.grad is None for net in still for w in getattr(ours, net).parameters()), phase
        assert any(w.grad is not None for w in ours.parameters())


def test_on_average_over_the_set_its_loss_is_the_cross_entropy_of_the_labelled_images_alone():
    ours, every = made(), batch(0, 64)
    shared, known = ours.shared(every, None), ours.labelled.of(every, training=True)
    found = ours.classification(every, shared, None)["loss_y"]
    alone = F.cross_entropy(shared["logits"][known], every.label[known])
    torch.testing.assert_close(found.mean(), alone)
    assert not found[~known].any()
    whole = ours.eval().classification(every, shared, None)
    torch.testing.assert_close(whole["loss_y"], F.cross_entropy(shared["logits"], every.label, reduction="none"))
    wrong = shared["logits"].argmax(1) != every.label
    assert torch.equal(whole["class_error"], wrong.double())


def test_a_sample_has_the_class_that_is_asked_for_and_the_style_of_its_seed():
    ours, label = made(), torch.tensor([0, 1, 2, 2])
    code = ours.draw(4, seed=1)
    assert code[:, :3].sum(1).tolist() == [1.0] * 4
    asked = torch.cat([F.one_hot(label, 3).double(), code[:, 3:]], 1)
    assert torch.equal(ours.sample(4, label=label, seed=1), ours.decode(asked))
    assert torch.equal(ours.sample(4, seed=1), ours.decode(code))


def test_codes_are_probabilities_and_a_style_and_do_not_look_at_the_label():
    ours, items = made(), batch(0)
    code = ours.encode(items.image, label=items.label).mean
    torch.testing.assert_close(code[:, :3].sum(1), torch.ones(8).double())
    assert torch.equal(code, ours.encode(items.image).mean)
    assert isinstance(ours, HasStyle)
    assert torch.equal(ours.style(items.image), code[:, 3:])
    assert isinstance(ours, HasParts)
    classes, style = ours.code_parts()
    assert (classes.size, classes.names, style.size) == (3, ("a", "b", "c"), 2)
