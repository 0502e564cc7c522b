"""Gradients of the two generator losses, against closed forms."""

import pytest
import torch
from torch import nn

from genlab.analysis.base.players import Players
from genlab.analysis.gradients import Gradients, gradient_norms

from on_a_line import Shifted, on_a_line


class Line(nn.Module):
    """The logit slope x + offset."""

    def __init__(self, slope, offset):
        super().__init__()
        self.slope, self.offset = slope, offset

    def forward(self, x):
        return self.slope * x.squeeze(1) + self.offset


@pytest.fixture
def players(composed):
    subject = on_a_line(composed, Shifted(0.5), 3000, "trainer.precision=64-true")
    subject.model.generator.double()
    return Players(subject)


@pytest.mark.parametrize("offset", [-20.0, -3.0, 0.0, 2.0])
def test_of_one_z_the_gradients_are_minus_d_and_minus_1_minus_d_times_that_of_the_logit(offset, players):
    """d logit / d by = slope, so that the norms are slope D and slope (1 - D), and their ratio is D / (1 - D)."""
    z = torch.tensor([[0.25]], dtype=torch.double)
    d = torch.sigmoid(torch.tensor(1.5 * 0.75 + offset, dtype=torch.double))
    norms = gradient_norms(players, Line(1.5, offset), z)
    assert norms["saturating"] == pytest.approx(float(1.5 * d), rel=1e-12)
    assert norms["non_saturating"] == pytest.approx(float(1.5 * (1 - d)), rel=1e-12)
    assert norms["saturating"] / norms["non_saturating"] == pytest.approx(float(d / (1 - d)), rel=1e-9)


def test_of_many_z_the_norm_is_that_of_the_mean_gradient(players):
    z = torch.tensor([[-1.0], [0.0], [3.0]], dtype=torch.double)
    d = torch.sigmoid(2 * (z + 0.5) - 1)
    norms = gradient_norms(players, Line(2.0, -1.0), z)
    assert norms["saturating"] == pytest.approx(float((2 * d).mean()), rel=1e-12)
    assert norms["non_saturating"] == pytest.approx(float((2 * (1 - d)).mean()), rel=1e-12)


def test_the_norm_is_over_all_weights_of_the_generator(players):
    """G(z) = scale z + by has the slopes 2 d z and 2 d."""
    players.generator = nn.Linear(1, 1).double()
    z = torch.tensor([[-1.0], [0.5]], dtype=torch.double)
    slopes = 2 * torch.sigmoid(2 * players.generator(z) - 1)
    expected = ((slopes * z).mean().square() + slopes.mean().square()).sqrt()
    norms = gradient_norms(players, Line(2.0, -1.0), z)
    assert norms["saturating"] == pytest.approx(float(expected.detach()), rel=1e-12)


def test_as_the_fresh_discriminator_learns_to_tell_one_gradient_vanishes_and_the_other_does_not(composed):
    """Fakes at 8, data around 0: d logit / d x stays where D is right, and D of fakes goes to 0."""
    found = Gradients(steps=300, every=50, samples=200, lr=5e-3, batch_size=128)(
        on_a_line(composed, Shifted(8.0), 3000)
    )
    first, last = found.rows[0], found.rows[-1]
    assert [row["step"] for row in found.rows] == list(range(0, 301, 50))
    assert last["accuracy"] > 0.999
    assert last["saturating"] < first["saturating"] / 5
    assert last["non_saturating"] > max(first["non_saturating"], 300 * last["saturating"])
    assert last["d_real"] > 0.95 > 0.05 > last["d_fake"]
    assert found.metrics == {f"gradient_{name}": last[name] for name in ("saturating", "non_saturating")}
    assert "times the first" in found.lines[1]


def test_at_the_start_a_discriminator_at_1_half_gives_both_the_same(players):
    norms = gradient_norms(players, Line(1.0, -0.5), torch.zeros(1, 1, dtype=torch.double))
    assert norms["saturating"] == pytest.approx(norms["non_saturating"], rel=1e-12)


def test_the_generator_that_learns_is_asked_and_not_the_average_that_samples(composed):
    subject, average = on_a_line(composed, Shifted(8.0), 500), Shifted(0.0).requires_grad_(False)
    subject.model.working = lambda: {"generator": average}
    assert Players(subject).generator is average
    assert Gradients(steps=2, every=2, samples=50, lr=5e-3, batch_size=64)(subject).rows[0]["saturating"] > 0


def test_the_generator_stays_and_keeps_no_gradient(composed):
    subject = on_a_line(composed, Shifted(8.0), 500)
    Gradients(steps=5, every=2, samples=50, lr=5e-3, batch_size=64)(subject)
    assert subject.model.generator.by.item() == 8.0
    assert subject.model.generator.by.grad is None
