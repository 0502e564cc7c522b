"""One update of both players by torch's own SGD, its Jacobian at the equilibrium as measured, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.analysis.games.two_players import TwoPlayers

START = (0.7, 0.0)  # theta, psi of a trajectory


@dataclass(frozen=True)
class Updates:
    """How both players step.

    Args:
        alternating: G sees the D of this update, as in every model of genlab; False: that of the one before.
        lr_g: of theta; ``lr_d``: of psi.
        momentum: of both: v <- momentum v + gradient, parameter <- parameter - lr v, as ``torch.optim.SGD`` has it.
    """

    alternating: bool
    lr_g: float
    lr_d: float
    momentum: float = 0.0


def update(game: TwoPlayers, how: Updates, state: Tensor) -> Tensor:
    """D steps, then G. State: theta, psi and the velocities of both, float64 [4] -> [4], differentiable.

    G takes the D that it sees for given: its gradient does not look through D's step, which theta has a part in.
    """
    theta, psi, v_theta, v_psi = state.unbind()
    slope = of(game.discriminator_loss(theta, psi), psi)
    new_psi, v_psi = stepped(psi, v_psi, slope, how.lr_d, how.momentum)
    own = theta.clone()  # what D's step was made of is ``theta``
    slope = of(game.generator_loss(own, new_psi if how.alternating else psi), own)
    new_theta, v_theta = stepped(theta, v_theta, slope, how.lr_g, how.momentum)
    return torch.stack([new_theta, new_psi, v_theta, v_psi])


def of(loss: Tensor, player: Tensor) -> Tensor:
    """The gradient that a player gets."""
    (slope,) = torch.autograd.grad(loss, player, create_graph=True)
    return slope


def stepped(parameter: Tensor, velocity: Tensor, slope: Tensor, lr: float, momentum: float) -> tuple[Tensor, Tensor]:
    """A step of ``torch.optim.SGD`` through which gradients flow: the parameter and its velocity after it."""
    parameter, velocity = parameter.clone(), velocity.clone()
    optimizer = torch.optim.SGD([parameter], lr, differentiable=True)
    optimizer.param_groups[0]["momentum"] = momentum  # its constructor refuses a negative one, its step does not
    optimizer.state[parameter]["momentum_buffer"] = velocity
    parameter.grad = slope
    optimizer.step()
    return parameter, velocity


def jacobian(game: TwoPlayers, how: Updates) -> Tensor:
    """Of ``update`` at (0, 0), by autograd, float64: [4, 4], without momentum that of theta and psi alone, [2, 2]."""
    found = torch.autograd.functional.jacobian(
        lambda state: update(game, how, state), torch.zeros(4, dtype=torch.double)
    )
    return found if how.momentum else found[:2, :2]


def eigenvalues(game: TwoPlayers, how: Updates) -> Tensor:
    """Of the measured Jacobian, complex [4] or [2]."""
    return torch.linalg.eigvals(jacobian(game, how))


def trajectory(game: TwoPlayers, how: Updates, steps: int) -> Tensor:
    """(theta, psi) from ``START`` on, float64 [steps + 1, 2]."""
    state = torch.tensor([*START, 0.0, 0.0], dtype=torch.double)
    path = [state]
    for _ in range(steps):
        state = update(game, how, state.requires_grad_()).detach()
        path.append(state)
    return torch.stack(path)[:, :2].detach()
