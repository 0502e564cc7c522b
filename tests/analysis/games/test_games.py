"""The games: eigenvalues as measured against the closed forms, R1's edges, and the steps that GANs really take."""

from itertools import product

import pytest
import torch
from torch import nn

from genlab.analysis.game import Game, apart, told_edges
from genlab.analysis.games.closed_form import contracting, derived
from genlab.analysis.games.two_players import SLOPES, Bilinear, DiracGAN
from genlab.analysis.games.update import Updates, eigenvalues, jacobian, trajectory, update
from genlab.apps.train.build import build_model
from genlab.contracts import DataSpec, Points

from stepping import noise_of, play, stepping

GAMES = [*(DiracGAN(loss, gamma) for loss in SLOPES for gamma in (0.0, 0.3, 2.1)), Bilinear(), Bilinear(0.3)]
RATES = [(0.1, 0.1), (0.5, 0.2), (0.02, 0.7)]
MOMENTA = [0.0, -0.5, -0.1, 0.4, 0.9]
SETTINGS = [
    (game, Updates(alternating, *rates, momentum))
    for game, alternating, rates, momentum in product(GAMES, (False, True), RATES, MOMENTA)
]


def test_sets_are_as_far_apart_as_their_farthest_pair_in_whatever_order_they_come():
    assert apart([3, 2j, 1], [1, 3, 2j]) == 0
    assert apart([3, 2j, 1], [1.5, 2.9, 2j]) == 0.5
    assert apart([1, 1, 0], [1, 0, 0]) == 1


def radius(game, how):
    return max(abs(complex(value)) for value in eigenvalues(game, how))


def as_matrix(game, how):
    """The linear update written out: theta, psi and their velocities, with -a g = c^2 as a = c, g = -c."""
    c, gamma, mu = game.strength**0.5, game.gamma, how.momentum
    d = [[1, 0, 0, 0], [-how.lr_d * c, 1 - how.lr_d * gamma, 0, -how.lr_d * mu], [0, 0, 1, 0], [c, gamma, 0, mu]]
    g = [[1, how.lr_g * c, -how.lr_g * mu, 0], [0, 1, 0, 0], [0, -c, mu, 0], [0, 0, 0, 1]]
    d, g = (torch.tensor(rows, dtype=torch.double) for rows in (d, g))
    return g @ d if how.alternating else d + g - torch.eye(4, dtype=torch.double)


def test_measured_eigenvalues_are_those_of_the_closed_forms_to_1e_8():
    """the Dirac-GAN of four losses and the bilinear game, with R1, with momentum, both orders of steps."""
    differences = [apart([complex(v) for v in eigenvalues(*one)], derived(*one)) for one in SETTINGS]
    assert len(differences) == 420
    assert max(differences) < 1e-8


def test_the_closed_forms_are_those_of_the_update_written_out_as_a_matrix():
    for game, how in SETTINGS:
        whole = as_matrix(game, how)
        values = torch.linalg.eigvals(whole if how.momentum else whole[:2, :2])
        assert apart([complex(v) for v in values], derived(game, how)) < 1e-8, (game, how)


def test_without_a_penalty_simultaneous_steps_go_out_and_alternating_ones_run_in_circles():
    """1 +- i h f'(0) and |lambda| = 1 (Mescheder et al., 2018, lemmas 2.4 and 2.5)."""
    for loss, h in product(SLOPES, (0.01, 0.3, 0.9)):
        expected = [complex(1, h * SLOPES[loss]), complex(1, -h * SLOPES[loss])]
        measured = [complex(v) for v in eigenvalues(DiracGAN(loss), Updates(False, h, h))]
        assert apart(measured, expected) < 1e-12
        assert radius(DiracGAN(loss), Updates(True, h, h)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("alternating", [False, True])
def test_r1_contracts_exactly_between_the_edges_that_the_theory_gives(alternating, rates):
    how = Updates(alternating, *rates)
    for loss in SLOPES:
        low, high = contracting(DiracGAN(loss), how)
        assert low == (0 if alternating else pytest.approx(rates[0] * SLOPES[loss] ** 2))
        for edge, inwards in ((low, 1), (high, -1)):
            assert radius(DiracGAN(loss, edge), how) == pytest.approx(1, abs=1e-8)
            assert radius(DiracGAN(loss, edge * (1 + inwards * 1e-4) + inwards * 1e-9), how) < 1
            assert edge == 0 or radius(DiracGAN(loss, edge * (1 - inwards * 1e-4)), how) > 1
        assert radius(DiracGAN(loss, (low * high) ** 0.5 if low else high / 3), how) < 1 - 1e-4


def test_negative_momentum_helps_alternating_steps_of_the_bilinear_game_and_no_others():
    """Gidel et al., 2019, theorems 5 and 6."""
    for mu in (-0.7, -0.5, -0.2, 0.2, 0.5):
        assert radius(Bilinear(), Updates(False, 0.1, 0.1, mu)) > 1
        assert (radius(Bilinear(), Updates(True, 0.1, 0.1, mu)) < 1) == (mu < 0)


def by_hand(game, alternating, momentum, steps):
    """Both players as parameters of torch's own optimiser, and backward."""
    theta, psi = (nn.Parameter(torch.tensor(x, dtype=torch.double)) for x in (0.7, 0.0))
    g, d = torch.optim.SGD([theta], 0.3, momentum), torch.optim.SGD([psi], 0.2, momentum)
    for _ in range(steps):
        slope = torch.autograd.grad(game.generator_loss(theta, psi), theta)
        d.zero_grad()
        game.discriminator_loss(theta.detach(), psi).backward()
        d.step()
        theta.grad = torch.autograd.grad(game.generator_loss(theta, psi), theta)[0] if alternating else slope[0]
        g.step()
    return [theta.item(), psi.item()]


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_a_trajectory_is_that_of_a_loop_with_torchs_optimisers(alternating, momentum):
    for game in (DiracGAN("non_saturating", 0.4), DiracGAN("hinge"), Bilinear(0.1)):
        path = trajectory(game, Updates(alternating, 0.3, 0.2, momentum), 30)
        assert path.shape == (31, 2)
        assert path[-1].tolist() == pytest.approx(by_hand(game, alternating, momentum, 30), abs=1e-12)


class Point(nn.Module):
    """G: one point, whatever z."""

    def __init__(self, at):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(at))

    def forward(self, z):
        return self.theta.expand(len(z), 1)


class Slope(nn.Module):
    """D(x) = psi x."""

    def __init__(self, psi):
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(psi))

    def forward(self, x):
        return self.psi * x.squeeze(1)


@pytest.mark.parametrize("loss", ["non_saturating", "saturating", "hinge"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_a_gan_that_trains_as_every_gan_here_does_takes_the_alternating_way(loss, optimizer, composed):
    typed = [
        f"model.loss={loss}",
        f"model/optimizer={optimizer}",
        "model.optimizer.lr=0.3",
        "trainer.precision=64-true",
    ]
    cfg = composed("model=gan", "data=toy2d", "trainer.accelerator=cpu", *typed)
    model = build_model(cfg, DataSpec("toy", "points", (1,), {}, ""))
    model.generator, model.discriminator = Point(0.7).double(), Slope(0.0).double()
    model = stepping(model.train())
    for step in range(20):
        play(model, (Points(torch.zeros(4, 1, dtype=torch.double), None, torch.arange(4)), noise_of(model, step)))
    momentum = cfg.model.optimizer.get("momentum", 0.0)
    expected = trajectory(DiracGAN(loss), Updates(True, 0.3, 0.3, momentum), 20)[-1]
    found = [model.generator.theta.item(), model.discriminator.psi.item()]
    assert found == pytest.approx(expected.tolist(), abs=1e-6)  # the first weights were float32


def test_an_update_leaves_the_equilibrium_alone_and_has_velocities_of_its_own():
    how = Updates(True, 0.1, 0.1, -0.5)
    assert (
        update(DiracGAN("non_saturating", 1.0), how, torch.zeros(4, dtype=torch.double).requires_grad_()).tolist()
        == [0] * 4
    )
    assert jacobian(DiracGAN("hinge"), how).shape == (4, 4)


def test_the_findings_have_a_row_a_setting_and_say_what_becomes_of_each():
    findings = Game("dirac", "non_saturating", 0.5, 0.5, 0.3, -0.3, 5)()
    named = {row["name"]: row for row in findings.rows if row["name"]}
    assert len(named) == 6
    assert named["simultaneous, plain"]["radius"] == pytest.approx((1 + 0.25**2) ** 0.5)
    assert named["alternating, R1 0.3"]["radius"] == pytest.approx((1 - 0.15) ** 0.5)
    assert "simultaneous: 1.031 plain (goes out)" in findings.lines[0]
    assert "alternating: 1.000 plain (circles), 0.922 with R1 0.3 (comes in)" in findings.lines[0]
    assert "gamma from 0.125 to 4.06, alternating ones for gamma up to 3.94" in findings.lines[1]
    assert findings.metrics["largest_difference"] < 1e-8
    scanned = [row for row in findings.rows if not row["name"]]
    assert all((row["radius"] < 1) == (0.125 < row["gamma"] < 4.0625) for row in scanned if not row["alternating"])


def test_where_no_weight_of_r1_contracts_that_is_said():
    assert told_edges((0.125, 4.0625)) == "gamma from 0.125 to 4.06"
    assert told_edges((0.0, 3.9375)) == "gamma up to 3.94"
    assert told_edges((1.0, 0.7)) == told_edges((0.0, -0.3)) == "no gamma"
    played = Game("dirac", "non_saturating", lr_g=4.0, lr_d=10.0, gamma=0.3, momentum=-0.3, steps=5)()
    assert "R1 contracts simultaneous updates for no gamma, alternating ones for no gamma" in played.lines[1]


def test_the_radius_of_each_setting_is_said_with_what_becomes_of_it():
    played = Game("dirac", "non_saturating", lr_g=0.5, lr_d=0.5, gamma=0.3, momentum=-0.3, steps=5)()
    assert played.lines[0] == (
        "Spectral radius of updates that are simultaneous: 1.031 plain (goes out), 0.955 with R1 0.3 (comes in), "
        "1.010 with momentum -0.3 (goes out); alternating: 1.000 plain (circles), 0.922 with R1 0.3 (comes in), "
        "0.991 with momentum -0.3 (comes in)"
    )
