"""The adversarial step against a loop written out by hand, in float64; and what Lightning refuses or forgets."""

import copy

import pytest
import torch
import torch.nn.functional as F

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.contracts import Images
from genlab.models.base.noise import Noise
from genlab.nets.dcgan import DCGAN
from genlab.runs.load import load_run

import players
from stepping import move, play, stepping

LR, BETAS = 1e-3, (0.5, 0.999)


def gan(shape=(1, 16, 16), d_steps=1, loss="non_saturating"):
    adam = lambda p: torch.optim.Adam(p, LR, BETAS)  # noqa: E731
    return players.gan(DCGAN(8, "batch", False, 0, "projection"), shape, optimizer=adam, d_steps=d_steps, loss=loss)


def batch(step, size=6, shape=(1, 16, 16)):
    stream = torch.Generator().manual_seed(step)
    image = torch.rand(size, *shape, generator=stream, dtype=torch.float64)
    return Images(image, None, torch.arange(size))


def noise(step, rows=6):
    return Noise(3, "train", step, torch.device("cpu"), torch.float64)


def test_ten_steps_equal_a_loop_written_by_hand():
    ours = stepping(gan())
    g, d = copy.deepcopy(ours.generator), copy.deepcopy(ours.discriminator)
    opt_g, opt_d = torch.optim.Adam(g.parameters(), LR, BETAS), torch.optim.Adam(d.parameters(), LR, BETAS)
    for step in range(10):
        x = batch(step).image * 2 - 1
        z = noise(step).normal("z", 6, 5)
        fake = g(z)
        opt_d.zero_grad()
        real_score, fake_score = d(x), d(fake.detach())
        loss_d = F.binary_cross_entropy_with_logits(real_score, torch.ones_like(real_score))
        loss_d = loss_d + F.binary_cross_entropy_with_logits(fake_score, torch.zeros_like(fake_score))
        loss_d.backward()
        d_gradients = [p.grad.clone() for p in d.parameters()]
        opt_d.step()
        opt_g.zero_grad()
        score = d(fake)
        loss_g = F.binary_cross_entropy_with_logits(score, torch.ones_like(score))
        loss_g.backward()
        g_gradients = [p.grad.clone() for p in g.parameters()]
        opt_g.step()

        terms = play(ours, (batch(step), noise(step)))
        torch.testing.assert_close(terms["loss_d"].mean(), loss_d, rtol=0, atol=1e-10)
        torch.testing.assert_close(terms["loss_g"].mean(), loss_g, rtol=0, atol=1e-10)
        for parameter, gradient in zip(ours.generator.parameters(), g_gradients, strict=True):
            torch.testing.assert_close(parameter.grad, gradient, rtol=0, atol=1e-10)
        for parameter, gradient in zip(ours.discriminator.parameters(), d_gradients, strict=True):
            torch.testing.assert_close(parameter.grad, gradient, rtol=0, atol=1e-10)
    for mine, theirs in zip(ours.parameters(), [*g.parameters(), *d.parameters()], strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("phase", "mover", "other"), [("d", "discriminator", "generator"), ("g", "generator", "discriminator")]
)
def test_a_step_leaves_no_gradient_in_the_other_and_does_not_move_it(phase, mover, other):
    model = stepping(gan())
    before = copy.deepcopy(model.state_dict())
    one = batch(0)
    move(model, phase, (one, noise(0)))
    moved, still = getattr(model, mover), getattr(model, other)
    assert all(p.grad is not None and p.requires_grad for p in moved.parameters())
    assert all(p.grad is None and p.requires_grad for p in still.parameters())
    for name, parameter in model.named_parameters():
        assert torch.equal(before[name], parameter) == name.startswith(other), name


def test_fakes_are_made_once_for_both_players():
    model = stepping(gan())
    calls = []
    model.generator.register_forward_hook(lambda *_: calls.append(1))
    play(model, (batch(0), noise(0)))
    assert len(calls) == 1


def test_d_steps_lets_the_generator_move_every_kth_time():
    model = stepping(gan(d_steps=3))
    moves = []
    for step in range(7):
        before = [p.clone() for p in model.generator.parameters()]
        play(model, (batch(step), noise(step)))
        moves.append(any(not torch.equal(a, b) for a, b in zip(before, model.generator.parameters(), strict=True)))
    assert moves == [False, False, True, False, False, True, False]


def test_accumulated_batches_play_as_one_large_one():
    """In evaluation mode, where batch norm does not look at the batch."""
    one, many = stepping(gan()), stepping(gan())
    for model in (one, many):
        model.eval()
    large = batch(0, size=6)
    z = noise(0).normal("z", 6, 5)

    class Rows:
        def __init__(self, rows):
            self.rows = rows

        def normal(self, *_):
            return z[self.rows]

    parts = [slice(0, 3), slice(3, 6)]
    play(one, (large, Rows(slice(0, 6))))
    play(many, *((Images(large.image[rows], None, large.index[rows]), Rows(rows)) for rows in parts))
    for a, b in zip(one.parameters(), many.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


@pytest.mark.parametrize("model", ["vae", "dcgan"])
def test_what_the_trainer_is_told_of_an_update_is_the_models_to_do(model, composed):
    told = {"gradient_clip_val": 0.3, "gradient_clip_algorithm": "value", "accumulate_grad_batches": 4}
    usual = {"gradient_clip_val": None, "gradient_clip_algorithm": "norm", "accumulate_grad_batches": 1}
    for given, expected in ((told, told), ({}, usual), ({"gradient_clip_algorithm": "null"}, usual)):
        cfg = composed(f"model={model}", "data=digits", *(f"trainer.{key}={value}" for key, value in given.items()))
        built = build_model(cfg, prepare(cfg).spec)
        assert {key: getattr(built, key) for key in expected} == expected


def test_clipping_and_accumulation_reach_the_players_through_the_trainer(train, composed):
    small = ["model=dcgan", "data=digits", "data.limit=64", "data.batch_size=8", "trainer.max_epochs=1"]
    small += ["callbacks=none", "metrics.val_samples=0", "metrics.test_samples=0"]
    small += ["trainer.accumulate_grad_batches=3", "trainer.gradient_clip_algorithm=value"]
    cfg = composed(*small)
    begun = build_model(cfg, prepare(cfg).spec)
    run = load_run(train(*small, "trainer.gradient_clip_val=1e-12"))
    assert run.model.updates == 3  # 8 batches: 3 + 3 + the 2 that are left at the end of the epoch
    assert run.step == 8
    for before, after in zip(begun.parameters(), run.model.parameters(), strict=True):
        assert (after - before).abs().max() < 1e-6  # Adam's steps are 2e-4, but not of gradients below its epsilon
