"""Two games of two numbers each, theta of G and psi of D, whose only equilibrium is (0, 0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from genlab.losses.adversarial import fake_loss, generator_loss, real_loss

GameLoss = Literal["non_saturating", "saturating", "hinge", "wasserstein"]  # those that push at a score of 0
SLOPES = {"non_saturating": 0.5, "saturating": 0.5, "hinge": 1.0, "wasserstein": 1.0}  # |f'(0)|: of D's loss and of G's


class TwoPlayers(Protocol):
    """A game. Each player minimises its own loss; theta and psi are scalars []."""

    @property
    def strength(self) -> float:
        """c^2: minus the product of d^2 loss_d / d psi d theta and d^2 loss_g / d theta d psi at (0, 0)."""
        ...

    @property
    def gamma(self) -> float:
        """d^2 loss_d / d psi^2 at (0, 0): what R1 adds."""
        ...

    def discriminator_loss(self, theta: Tensor, psi: Tensor) -> Tensor:
        """What psi minimises."""
        ...

    def generator_loss(self, theta: Tensor, psi: Tensor) -> Tensor:
        """What theta minimises."""
        ...


@dataclass(frozen=True)
class DiracGAN:
    """Data is a point at 0, the generator's a point at theta, and D(x) = psi x.

    Mescheder, Geiger and Nowozin, 2018, "Which Training Methods for GANs do actually Converge?" (arXiv:1801.04406),
    definition 2.1: f(theta psi) + f(0), with psi of the other sign; here with the losses that GANs are trained by. All of them
    have the slope |f'(0)| of ``SLOPES`` at a score of 0, so c^2 = f'(0)^2: 1/4 for both cross-entropies, else 1.

    Args:
        loss: one of genlab's.
        gamma: of R1, gamma / 2 E|grad D(x)|^2 over data (section 4.1, eq. 9), which is gamma / 2 psi^2 here.
    """

    loss: GameLoss
    gamma: float = 0.0

    @property
    def strength(self) -> float:
        """c^2 = f'(0)^2."""
        return SLOPES[self.loss] ** 2

    def discriminator_loss(self, theta: Tensor, psi: Tensor) -> Tensor:
        """The loss of D on data and fake, and R1."""
        x = torch.zeros(1, dtype=psi.dtype, requires_grad=True)
        score = psi * x
        (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
        fake = (psi * theta)[None]
        found = real_loss[self.loss](score) + fake_loss[self.loss](fake) + self.gamma / 2 * slope.square()
        return found.sum()

    def generator_loss(self, theta: Tensor, psi: Tensor) -> Tensor:
        """The loss of G on its one point."""
        return generator_loss[self.loss]((psi * theta)[None]).sum()


@dataclass(frozen=True)
class Bilinear:
    """min over theta, max over psi of theta psi; Gidel et al., 2019 (arXiv:1807.04740), section 2.3. c^2 = 1.

    Args:
        gamma: of gamma / 2 psi^2, which psi's loss has besides, as R1 in the Dirac-GAN.
    """

    gamma: float = 0.0

    @property
    def strength(self) -> float:
        """c^2 = 1."""
        return 1.0

    def discriminator_loss(self, theta: Tensor, psi: Tensor) -> Tensor:
        """psi maximises."""
        return self.gamma / 2 * psi.square() - theta * psi

    def generator_loss(self, theta: Tensor, psi: Tensor) -> Tensor:
        """theta minimises."""
        return theta * psi
