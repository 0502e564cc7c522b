"""The bound of a fresh discriminator against distances that are known, and what is said of the run's own."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from genlab.analysis.base.judging import Verdict
from genlab.analysis.base.players import Players
from genlab.analysis.equilibrium import Equilibrium
from genlab.analysis.gradients import Gradients

from on_a_line import Shifted, on_a_line

LOG2 = math.log(2)
QUICK = {"steps": 300, "every": 50, "samples": 20_000, "lr": 5e-3, "batch_size": 256}


def jensen_shannon(shift):
    """Of N(0, 1) and N(shift, 1), in nats, by the trapezoidal rule."""
    x = np.linspace(-12, 12 + shift, 400_001)
    p, q = (np.exp(-((x - at) ** 2) / 2) / math.sqrt(2 * math.pi) for at in (0, shift))
    middle = np.maximum((p + q) / 2, 1e-300)
    terms = sum(d * np.log(np.maximum(d, 1e-300) / middle) for d in (p, q)) / 2
    return float(np.trapezoid(terms, x) if hasattr(np, "trapezoid") else np.trapz(terms, x))


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_the_bound_lies_below_the_true_divergence_and_near_it(shift, composed):
    found = Equilibrium(**QUICK)(on_a_line(composed, Shifted(shift)))
    bound, error, truth = found.metrics["test/jsd_bound"], found.metrics["test/jsd_bound_se"], jensen_shannon(shift)
    assert truth - 0.01 - 3 * error < bound < truth + 3 * error
    assert 0 < error < 0.005
    assert found.counts == {"test/real": 20_000, "test/fake": 20_000}
    assert "divergence is at least" in found.lines[1]


def test_a_generator_that_makes_real_data_is_proved_no_distance(composed):
    found = Equilibrium(**QUICK)(on_a_line(composed, Shifted(0.0)))
    assert abs(found.metrics["test/jsd_bound"]) < 3 * found.metrics["test/jsd_bound_se"] + 1e-3
    assert found.metrics["test/fresh_loss"] == pytest.approx(LOG2, abs=2e-3)
    assert "no distance is proved" in found.lines[1]


def test_a_generator_that_makes_noise_is_nearly_log_2_away(composed):
    found = Equilibrium(**QUICK)(on_a_line(composed, Shifted(8.0)))
    assert LOG2 - 0.005 < found.metrics["test/jsd_bound"] < LOG2
    assert found.metrics["test/fresh_accuracy"] > 0.999


def test_the_verdict_is_the_cross_entropy_of_the_logits_with_its_standard_error():
    dice = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(n, generator=dice, dtype=torch.double) + at for n, at in ((500, 0.3), (800, -0.2)))
    verdict, d_real, d_fake = Verdict(real, fake), torch.sigmoid(real), torch.sigmoid(fake)
    loss = (-d_real.log().mean() - (1 - d_fake).log().mean()) / 2
    assert verdict.loss == pytest.approx(float(loss), rel=1e-12)
    assert verdict.bound == pytest.approx(LOG2 - float(loss), rel=1e-12)
    halves = [(-d_real.log()).var() / 500, (-(1 - d_fake).log()).var() / 800]
    assert verdict.loss_se == pytest.approx(float(sum(halves).sqrt()) / 2, rel=1e-12)
    right = [(d_real > 0.5).double().mean(), (d_fake < 0.5).double().mean()]
    assert verdict.accuracy == pytest.approx(float(sum(right)) / 2)
    assert (verdict.d_real, verdict.d_fake) == (
        pytest.approx(float(d_real.mean())),
        pytest.approx(float(d_fake.mean())),
    )
    assert verdict.distance == pytest.approx(float((torch.cat([d_real, d_fake]) - 0.5).abs().mean()))


class Fixed(nn.Module):
    """D(x) = sigmoid(slope x + 1)."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, x):
        return self.slope * x.squeeze(1) + 1


def test_the_runs_own_discriminator_is_judged_as_it_is(composed):
    subject = on_a_line(composed, Shifted(0.0), 1000)
    subject.model.discriminator = Fixed(0.0)
    found = Equilibrium(
        **QUICK | {"steps": 1, "every": 1},
    )(subject).metrics
    d = 1 / (1 + math.exp(-1))
    assert found["test/d_real"] == pytest.approx(d, abs=1e-6)
    assert found["test/d_fake_distance"] == pytest.approx(d - 0.5, abs=1e-6)
    assert found["test/d_distance"] == pytest.approx(d - 0.5, abs=1e-6)
    assert found["test/d_accuracy"] == 0.5


def test_scores_of_another_loss_are_not_taken_for_probabilities(composed):
    subject = on_a_line(composed, Shifted(0.0), 1000, "model.loss=hinge")
    found = Equilibrium(**QUICK | {"steps": 1, "every": 1})(subject)
    assert not [name for name in found.metrics if "/d_" in name]
    assert "no probabilities" in found.lines[0]


def test_the_judged_samples_have_no_say_in_which_step_is_judged(composed, monkeypatch):
    """The curve is of the part that is not judged; the step is its best, and the numbers of the table are its own."""
    asked, held_out = [], Players.held_out

    def noted(self, split, count):
        asked.append((split, count))
        return held_out(self, split, count)

    monkeypatch.setattr(Players, "held_out", noted)
    found = Equilibrium(**QUICK)(on_a_line(composed, Shifted(1.0)))
    assert asked == [("test", 20_000), ("val", 2000), ("test", 20_000)]
    best = min(found.rows, key=lambda row: row["loss"])
    assert found.metrics["fresh_step"] == best["step"]
    assert [row["step"] for row in found.rows] == list(range(0, 301, 50))


def test_the_discriminator_of_the_best_step_is_judged_though_it_went_on(composed):
    """At this rate it gets worse again. One that stops at that step is the same."""
    subject, hasty = on_a_line(composed, Shifted(1.0), 2000), QUICK | {"lr": 0.3, "every": 5, "steps": 60}
    found = Equilibrium(**hasty)(subject).metrics
    assert found["fresh_step"] < 60
    stopped = Equilibrium(**hasty | {"steps": int(found["fresh_step"])})(subject).metrics
    assert stopped == found


def test_the_same_seed_finds_the_same_and_leaves_torchs_own_random_state_alone(composed):
    subject, quick = on_a_line(composed, Shifted(1.0), 1000), QUICK | {"steps": 20, "every": 10}
    before = torch.get_rng_state()
    one, other = Equilibrium(**quick)(subject).rows, Equilibrium(**quick)(subject).rows
    assert one == other
    assert torch.equal(before, torch.get_rng_state())
    subject.seed = 1
    assert Equilibrium(**quick)(subject).rows != one


def test_the_generator_and_the_runs_discriminator_are_left_as_they_are(composed):
    subject = on_a_line(composed, Shifted(1.0), 1000)
    before = {name: value.clone() for name, value in subject.model.state_dict().items()}
    Equilibrium(**QUICK | {"steps": 5, "every": 5})(subject)
    assert all(torch.equal(value, before[name]) for name, value in subject.model.state_dict().items())
    assert all(weight.grad is None for weight in subject.model.parameters())


def test_a_picture_names_the_run_and_the_batch_and_not_the_path(composed):
    subject = on_a_line(composed, Shifted(1.0), 300)
    for analysis in (Equilibrium(**QUICK | {"steps": 2}), Gradients(2, 1, 1e-3, 16, samples=20)):
        assert analysis(subject).picture.texts[0].get_text().endswith(": gan on line, batch 0")
