"""Every objective and every remedy of a GAN: ten float64 steps against a loop written out by hand, image by image."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F

from genlab.models.base.diffaugment import DiffAugment
from genlab.models.base.schedules import Ramp

import players
from players import LR, batch, noise
from stepping import move, play, stepping

STEPS, SIZE = 10, 6
CASES = {
    "saturating": {"loss": "saturating"},
    "non_saturating": {},
    "least_squares": {"loss": "least_squares"},
    "hinge": {"loss": "hinge"},
    "wasserstein": {"loss": "wasserstein", "lambda_gp": 10.0},
    "relativistic": {"loss": "relativistic", "r1": 0.3, "r2": 0.7},
    "penalty beside another loss": {"lambda_gp": 2.0},
    "r1": {"r1": 0.5},
    "r2": {"r2": 0.5},
    "dragan": {"dragan": 1.0},
    "lazy": {"r1": 0.5, "dragan": 0.2, "penalty_every": 3},
    "falling": {"r1": Ramp(1.0, 0.0, 8, 0)},
    "smoothed": {"label_smoothing": 0.1},
    "smoothed squares": {"loss": "least_squares", "label_smoothing": 0.2},
    "noisy": {"instance_noise": Ramp(0.5, 0.0, 8, 0)},
    "augmented": {"augment": ["color", "translation", "cutout"], "r1": 0.1},
    "packed": {"pack": 2, "r1": 0.2, "lambda_gp": 0.1},
    "packed by three, relativistic": {"pack": 3, "loss": "relativistic", "r1": 0.2},
    "top k": {"top_k": 0.5},
    "top k, hinge, falling": {"top_k": Ramp(1.0, 0.3, 5, 0), "loss": "hinge"},
    "k steps of D": {"d_steps": 3},
    "k steps of G": {"g_steps": 3, "loss": "relativistic"},
    "two rates": {"d_lr": 0.2},
    "conditional": {"classes": 4},
    "conditional, all at once": {
        **{"classes": 3, "loss": "relativistic", "r1": 0.1, "r2": 0.2, "instance_noise": 0.1, "pack": 2, "top_k": 0.5},
        **{"d_steps": 2, "g_steps": 2, "d_lr": 0.02},
    },
}


def value(weight, step):
    return weight if isinstance(weight, int | float) else weight.at(step)


def slope(d, x, *y):
    """The length of D's gradient at one image, [1, ...]."""
    x = x.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(d(x, *y).sum(), x, create_graph=True)
    return gradient.square().sum().sqrt()


def rows_of(x, pack):
    """Packs as a list: pack j has the images j, j + B / pack, …, beside each other."""
    packs = len(x) // pack
    return [torch.cat([x[j + k * packs] for k in range(pack)])[None] for j in range(packs)]


def target(score, to):
    """Cross-entropy of one logit against a target."""
    return F.binary_cross_entropy_with_logits(score, torch.full_like(score, to))


def d_loss(loss, real, fake, smoothing):
    """Of one real and one fake score, from the formulas."""
    return {
        "saturating": lambda: target(real, 1 - smoothing) + target(fake, 0),
        "non_saturating": lambda: target(real, 1 - smoothing) + target(fake, 0),
        "least_squares": lambda: (real - 1 + smoothing) ** 2 + fake**2,
        "hinge": lambda: (1 - real).clamp(min=0) + (1 + fake).clamp(min=0),
        "wasserstein": lambda: fake - real,
        "relativistic": lambda: target(real - fake, 1),
    }[loss]()


def g_loss(loss, fake, real):
    """Of one fake score, and a real one beside it."""
    return {
        "saturating": lambda: -target(fake, 0),
        "non_saturating": lambda: target(fake, 1),
        "least_squares": lambda: (fake - 1) ** 2,
        "hinge": lambda: -fake,
        "wasserstein": lambda: -fake,
        "relativistic": lambda: target(fake - real, 1),
    }[loss]()


class ByHand:
    """The same game with the same noise, one image after the other."""

    def __init__(self, model, options, classes):
        self.g, self.d = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
        self.o, self.classes = players.PLAIN | options, classes

    def made(self, n, stage, y):
        z = noise(n, stage).normal("z", SIZE, self.o["latent_dim"])
        return self.g(z, *y)

    def shown(self, x, n, stage, purpose):
        x = DiffAugment(self.o["augment"])(x, noise(n, stage), purpose)
        sigma = value(self.o["instance_noise"], n)
        return x + sigma * noise(n, stage).normal(f"instance_{purpose}", *x.shape) if sigma else x

    def judged(self, x, y):
        """Score of each pack."""
        labels = [rows_of(one, self.o["pack"]) for one in y]
        return [self.d(row, *(one[i] for one in labels)) for i, row in enumerate(rows_of(x, self.o["pack"]))]

    def penalty(self, real, fake, y, n):
        o, packs, labels = self.o, rows_of(real, self.o["pack"]), [rows_of(one, self.o["pack"]) for one in y]
        if n % o["penalty_every"]:
            return 0.0
        fakes, total = rows_of(fake, o["pack"]), 0.0
        place = noise(n).uniform("penalty_D", len(packs))
        draw = noise(n).uniform("dragan_D", len(packs), *packs[0].shape[1:])
        far = noise(n).uniform("dragan_place_D", len(packs))
        spread = torch.cat(packs).std(correction=0)
        for i, (x, x_fake) in enumerate(zip(packs, fakes, strict=True)):
            label = [one[i] for one in labels]
            between = place[i] * x + (1 - place[i]) * x_fake
            if o["lambda_gp"]:
                total = total + o["lambda_gp"] * (slope(self.d, between, *label) - 1) ** 2
            if r1 := value(o["r1"], n):
                total = total + r1 / 2 * slope(self.d, x, *label) ** 2
            if o["r2"]:
                total = total + o["r2"] / 2 * slope(self.d, x_fake, *label) ** 2
            if o["dragan"]:
                total = total + o["dragan"] * (slope(self.d, x + far[i] * 0.5 * spread * draw[i], *label) - 1) ** 2
        return o["penalty_every"] * total / len(packs)

    def descend(self, net, loss, rate):
        parameters = list(net.parameters())
        for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.data -= rate * gradient

    def step(self, n):
        o, one = self.o, batch(n, SIZE, classes=self.classes)
        y = (F.one_hot(one.label, self.classes).double(),) if self.classes else ()
        x = one.image * 2 - 1
        fake = self.made(n, "train", y).detach()
        real, fake = self.shown(x, n, "train", "real_D"), self.shown(fake, n, "train", "fake_D")
        pairs = zip(self.judged(real, y), self.judged(fake, y), strict=True)
        parts = [d_loss(o["loss"], *pair, o["label_smoothing"]) for pair in pairs]
        loss_d = sum(parts) / len(parts) + self.penalty(real, fake, y, n)
        self.descend(self.d, loss_d, o["d_lr"] or LR)
        for turn in range(o["g_steps"] if (n + 1) % o["d_steps"] == 0 else 0):
            stage = f"train-{turn}" if turn else "train"
            wanted = self.judged(self.shown(self.made(n, stage, y), n, stage, "wanted_D"), y)
            beside = self.judged(self.shown(x, n, stage, "beside_D"), y)
            losses = [g_loss(o["loss"], *pair) for pair in zip(wanted, beside, strict=True)]
            best = sorted(range(len(wanted)), key=lambda i: -wanted[i].item())
            best = best[: max(1, round(value(o["top_k"], n) * len(wanted)))]
            self.descend(self.g, sum(losses[i] for i in best) / len(best), LR)
        return loss_d


@pytest.mark.parametrize("case", CASES)
def test_ten_steps_equal_a_loop_written_by_hand(case):
    options = dict(CASES[case])
    classes = options.pop("classes", 0)
    model = stepping(players.gan(classes=classes, **options))
    by_hand = ByHand(model, options, classes)
    before = copy.deepcopy(model.state_dict())
    for n in range(STEPS):
        loss_d = by_hand.step(n)
        terms = play(model, (batch(n, SIZE, classes=classes), noise(n)))
        torch.testing.assert_close(terms["loss_d"].mean(), loss_d.squeeze(), rtol=0, atol=1e-10)
    theirs = [*by_hand.g.parameters(), *by_hand.d.parameters()]
    for mine, expected in zip(model.parameters(), theirs, strict=True):
        torch.testing.assert_close(mine, expected, rtol=0, atol=1e-10)
    assert not any(torch.equal(before[name], w) for name, w in model.state_dict().items() if w.ndim > 1)


@pytest.mark.parametrize("case", CASES)
def test_a_step_of_one_leaves_no_gradient_in_the_other(case):
    options = dict(CASES[case])
    classes = options.pop("classes", 0)
    model = stepping(players.gan(classes=classes, **options))
    one = batch(0, SIZE, classes=classes), noise(0)
    for phase, moved, still in (("d", "discriminator", "generator"), ("g", "generator", "discriminator")):
        for parameter in model.parameters():
            parameter.grad = None
        move(model, phase, one)
        assert all(p.grad is not None for p in getattr(model, moved).parameters())
        assert all(p.grad is None for p in getattr(model, still).parameters())


def test_the_average_of_the_generator_has_a_half_life_in_images_and_samples():
    model = stepping(players.gan(ema_images=20, d_steps=2))
    weight, average = model.generator.layer.weight, model.ema["generator"].layer.weight
    expected, seen = weight.detach().clone(), 0
    for n in range(12):
        seen += SIZE
        model.images_seen = seen
        play(model, (batch(n, SIZE), noise(n)))
        if n % 2:
            decay = 0.5 ** (2 * SIZE / min(20, 0.05 * seen))
            expected = decay * expected + (1 - decay) * weight.detach()
        torch.testing.assert_close(average, expected, rtol=0, atol=1e-12)
    z = model.draw(4, seed=1)
    assert torch.equal(model.sample(4, seed=1), (model.ema["generator"](z) + 1) / 2)
    assert not torch.equal(average, weight)


def test_a_falling_share_ends_where_its_schedule_does():
    model = players.gan(top_k=Ramp(1.0, 0.5, 4, 0))
    model.train()
    shares = []
    for model.batches_seen in (0, 2, 4, 9):
        loss = torch.arange(1.0, 9.0, dtype=torch.float64)
        kept = model.objective.best(loss, loss)
        shares.append((kept != 0).sum().item() / 8)
        assert math.isclose(kept.mean().item(), loss[loss > 8 - 8 * shares[-1]].mean().item())
    assert shares == [1, 0.75, 0.5, 0.5]


def test_the_best_of_fakes_that_are_all_alike_weigh_what_all_do():
    model, loss = players.gan(top_k=0.25).train(), torch.full((8,), 0.7, dtype=torch.float64)
    torch.testing.assert_close(model.objective.best(loss, torch.zeros_like(loss)).mean(), loss.mean())
    score = torch.tensor([3.0, 1, 1, 1, 0, 0, 0, 0], dtype=torch.float64)
    loss = torch.arange(8.0, dtype=torch.float64)
    torch.testing.assert_close(model.objective.best(loss, score).mean(), loss[:4].mean())
