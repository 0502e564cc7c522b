"""Three phases, two rates, several steps on a batch, a lazy penalty, a weight that grows: each beside a loop by hand."""

import copy
import csv
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F

from genlab.contracts import DataSpec, Images
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant, Ramp

import leaves
from killing import assert_same_run
from stepping import move, noise_of, play, stepping
from striking import sends

SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0")
LR = 1e-2


def made(leaf, **more):
    torch.manual_seed(0)
    optimizer = lambda parameters: torch.optim.Adam(parameters, LR)  # noqa: E731
    return stepping(getattr(leaves, leaf)(optimizer, Constant(), SPEC, 3, **more).double())


def batch(step, size=6):
    image = torch.rand(size, 1, 4, 4, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
    return Images(image, None, torch.arange(size))


def assert_equal_weights(model, *nets):
    theirs = [p for net in nets for p in net.parameters()]
    for mine, other in zip(model.parameters(), theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


def ones(score):
    return F.binary_cross_entropy_with_logits(score, torch.ones_like(score))


def zeros(score):
    return F.binary_cross_entropy_with_logits(score, torch.zeros_like(score))


def stepped(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_an_adversarial_autoencoder_moves_its_encoder_twice():
    ours = made("AAE")
    e, p, d = (copy.deepcopy(net) for net in (ours.encoder, ours.decoder, ours.discriminator))
    opt_ae = torch.optim.Adam([*e.parameters(), *p.parameters()], LR)
    opt_d, opt_g = torch.optim.Adam(d.parameters(), LR), torch.optim.Adam(e.parameters(), LR)
    for step in range(6):
        x, noise = batch(step).image.flatten(1), noise_of(ours, step)
        z = e(x)
        stepped(opt_ae, (p(z) - x).square().mean())
        stepped(opt_d, ones(d(noise.normal("prior", 6, 3))) + zeros(d(z.detach())))  # codes from before the move
        stepped(opt_g, ones(d(e(x))))
        terms = play(ours, (batch(step), noise))
    assert set(terms) == {"loss_ae", "loss_d", "loss_g"}
    assert_equal_weights(ours, e, p, d)


def test_two_rates_several_steps_on_a_batch_and_a_lazy_penalty():
    ours = made("Remedies")
    g, d = copy.deepcopy(ours.generator), copy.deepcopy(ours.discriminator)
    opt_g, opt_d = torch.optim.Adam(g.parameters(), LR), torch.optim.Adam(d.parameters(), 4e-3, (0.5, 0.99))
    penalties = 0
    for step in range(9):
        x, noise = batch(step).image.flatten(1), noise_of(ours, step)
        for turn in ("train", "train-1", "train-2"):  # new fakes at every move of D, beside the same real images
            fake = g(noise_of(ours, step, turn).normal("z", 6, 3))
            stepped(opt_d, ones(d(x)) + zeros(d(fake.detach())))
        if (step + 1) % 4 == 0:
            at = x.clone().requires_grad_(True)
            (slope,) = torch.autograd.grad(d(at).sum(), at, create_graph=True)
            stepped(opt_d, 4 * 5 * slope.square().sum(1).mean())
            penalties += 1
        stepped(opt_g, ones(d(g(noise.normal("z", 6, 3)))))
        play(ours, (batch(step), noise))
    assert penalties == 2
    assert_equal_weights(ours, g, d)


@pytest.mark.parametrize("leaf", ["AAE", "Remedies", "WarmUp"])
def test_a_run_that_is_stopped_in_its_middle_goes_on_to_the_same_bits(leaf, breakable):
    """After batch 10: of 17 an epoch; the penalty comes every fourth time, the weight has grown almost to its end."""
    job = breakable("ae")
    leaves.put_into(job.cfg, leaf)
    assert job.until(sends("train", 10, "SIGTERM")).exit_code == 143
    assert job.saved == 10
    assert job.until() is None
    assert_same_run(job.undisturbed(), job.run)


def test_fakes_are_made_once_for_every_move_of_d_and_g_moves_on_the_first():
    ours, calls = made("Remedies"), []
    ours.generator.register_forward_hook(lambda _, codes, __: calls.append(codes[0]))
    play(ours, (batch(0), noise_of(ours, 0)))
    assert len(calls) == 3
    for turn, codes in zip(("train", "train-1", "train-2"), calls, strict=True):
        torch.testing.assert_close(codes, noise_of(ours, 0, turn).normal("z", 6, 3), rtol=0, atol=0)


def test_the_graphs_of_several_batches_are_never_kept_at_once():
    """D is shown fakes without a graph; G makes its own, and backward frees each before the next is made."""
    ours, graphs = made("Remedies"), []
    ours.generator.register_forward_hook(lambda *_: graphs.append(torch.is_grad_enabled()))
    play(ours, *((batch(step), noise_of(ours, step)) for step in (0, 1)))
    assert graphs == 3 * [False, False] + [True, True]


@pytest.mark.parametrize("leaf", ["AAE", "Remedies", "WarmUp"])
def test_terms_that_are_kept_until_the_next_move_keep_no_graph(leaf):
    ours = made(leaf)
    assert not any(term.requires_grad for term in play(ours, (batch(0), noise_of(ours, 0))).values())


def test_a_weight_grows_by_our_own_counter():
    ours = made("WarmUp")
    e, p = copy.deepcopy(ours.encoder), copy.deepcopy(ours.decoder)
    optimizer = torch.optim.Adam([*e.parameters(), *p.parameters()], LR)
    for step in range(15):
        x = batch(step).image.flatten(1)
        weight = 2.0 * min(1.0, max(0.0, (step - 2) / 10))  # by the batches before it
        stepped(optimizer, (p(e(x)) - x).square().mean() + weight * e(x).square().mean())
        play(ours, (batch(step), noise_of(ours, step)))
    assert_equal_weights(ours, e, p)


def test_a_ramp_waits_moves_and_stays():
    ramp = Ramp(1.0, 3.0, batches=4, wait=2)
    assert [ramp.at(batch) for batch in (0, 2, 3, 4, 6, 99)] == [1.0, 1.0, 1.5, 2.0, 3.0, 3.0]


def test_a_warm_up_gives_batch_n_an_nth_of_its_weight_and_the_first_one_none(train):
    """Four epochs of three batches: n / 8 up to batch 8, then all of it; of two batches together, the first one's n."""
    beta = "model.beta={_target_:genlab.models.base.schedules.Ramp,start:0.0,end:1.0,batches:8,wait:0}"
    short = [
        "data=digits",
        "data.limit=48",
        "data.batch_size=16",
        "metrics=none",
        "callbacks=none",
        "trainer.max_epochs=4",
    ]
    for together, first in ((1, list(range(12))), (2, [0, 2, 3, 5, 6, 8, 9, 11])):
        more = f"trainer.accumulate_grad_batches={together}", "trainer.log_every_n_steps=1"
        run = train("model=vae", "model.likelihood=gaussian", "model.sigma=1.0", beta, *short, *more)
        with open(run / "metrics.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["train/loss"]]
        found = [tuple(float(row[f"train/{name}"]) for name in ("loss", "recon", "kl")) for row in rows]
        expected = [recon + min(1.0, n / 8) * kl for n, (_, recon, kl) in zip(first, found, strict=True)]
        assert [loss for loss, _, _ in found] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("leaf", ["AAE", "Remedies"])
def test_who_does_not_move_keeps_its_weights_and_gets_no_gradient(leaf):
    ours = made(leaf)
    for phase in ours.phase_list:
        ours.zero_grad(set_to_none=True)
        before = {name: p.clone() for name, p in ours.named_parameters()}
        move(ours, phase.name, (batch(0), noise_of(ours, 0)))
        own = {id(p) for net in phase.nets for p in net.parameters()}
        moved = {name for name, p in ours.named_parameters() if not torch.equal(before[name], p)}
        others = {name for name, p in ours.named_parameters() if id(p) not in own}
        assert moved
        assert not moved & others, phase.name
        assert all(ours.get_parameter(name).grad is None for name in others), phase.name
        assert all(p.requires_grad for p in ours.parameters())


@pytest.mark.parametrize("leaf", ["AAE", "Remedies", "WarmUp"])
def test_an_update_on_two_batches_is_one_on_a_batch_twice_as_large(leaf):
    constant = {"weight": 0.5} if leaf == "WarmUp" else {}
    one, two = made(leaf, **constant), made(leaf, **constant)

    @dataclass(frozen=True)
    class Rows(Noise):
        """The noise of some rows of a larger batch."""

        kept: slice | None = None

        def normal(self, purpose, rows, *shape):
            return Noise.normal(self, purpose, 12, *shape)[self.kept]

    for step in range(4):
        large, noise = batch(step, 12), noise_of(one, step)
        halves = [slice(0, 6), slice(6, 12)]
        play(one, (large, noise))
        play(two, *((Images(large.image[k], None, large.index[k]), Rows(**vars(noise), kept=k)) for k in halves))
    assert_equal_weights(one, *two.children())
