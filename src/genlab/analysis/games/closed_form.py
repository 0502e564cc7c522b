"""Eigenvalues of the update of both games at the equilibrium, and where R1 makes them contract: derived, not measured.

Near (0, 0) the gradients are linear: that of psi's loss is a theta + gamma psi, that of theta's g psi, with a g = -c^2
(``TwoPlayers.strength``), since what one gains the other loses. With k = lr_g lr_d c^2, the strength of both steps together,
and r = lr_d gamma:

*Simultaneous*: theta' = theta - lr_g g psi, psi' = (1 - r) psi - lr_d a theta. Trace 2 - r, determinant 1 - r + k:

    lambda^2 - (2 - r) lambda + 1 - r + k = 0.

Without R1 lambda = 1 +- i sqrt(k), and |lambda|^2 = 1 + k > 1 whatever the learning rates: it spirals out (for equal rates h:
1 +- i h f'(0), Mescheder et al., 2018, arXiv:1801.04406, lemma 2.4). A quadratic lambda^2 - t lambda + d has both roots inside
the unit circle if and only if d < 1, 1 - t + d > 0 and 1 + t + d > 0 (Jury). Here these are k < r, k > 0 and
4 - 2 r + k > 0, so R1 makes it contract exactly for

    lr_g c^2 < gamma < 2 / lr_d + lr_g c^2 / 2.

*Alternating*, D first: theta' = theta - lr_g g psi'. Trace 2 - r - k, determinant 1 - r:

    lambda^2 - (2 - r - k) lambda + 1 - r = 0.

Without R1 the determinant is 1: for k < 4 both roots are on the unit circle, and it runs in circles for ever. With R1 and
complex roots |lambda|^2 = 1 - r. By Jury: 0 < r, k > 0 and 4 - 2 r - k > 0, so it contracts exactly for

    0 < gamma < 2 / lr_d - lr_g c^2 / 2.

*Momentum* mu of both: x_(n+1) - x_n = mu (x_n - x_(n-1)) - lr gradient_n. For theta_n = Theta lambda^n, psi_n = Psi lambda^n
and q = (lambda - 1)(lambda - mu), psi has (q + r lambda) Psi + lr_d a lambda Theta = 0 and theta has
q Theta + lr_g g lambda^(1 + s) Psi = 0, where s = 1 if it is alternating, else 0. Both have a solution where

    q (q + r lambda) + k lambda^(2 + s) = 0.

The simultaneous one splits: with the two roots sigma of sigma^2 - r sigma + k = 0 (the eigenvalues of the gradients, times the
learning rates) it is lambda^2 - (1 + mu - sigma) lambda + mu = 0 for each. Without R1 and with negative mu the alternating one
contracts (Gidel et al., 2019, arXiv:1807.04740, theorem 6), the simultaneous one never does (theorem 5).
"""

from __future__ import annotations

import cmath

import numpy as np

from genlab.analysis.games.two_players import TwoPlayers
from genlab.analysis.games.update import Updates


def derived(game: TwoPlayers, how: Updates) -> list[complex]:
    """The eigenvalues: two without momentum, else four."""
    k, r, mu = how.lr_g * how.lr_d * game.strength, how.lr_d * game.gamma, how.momentum
    if how.momentum and how.alternating:
        q = np.poly1d([1, -(1 + mu), mu])
        return [complex(root) for root in (q * (q + np.poly1d([r, 0])) + np.poly1d([k, 0, 0, 0])).roots]
    if how.momentum:
        return [root for sigma in roots(r, k) for root in roots(1 + mu - sigma, mu)]
    return roots(2 - r - k, 1 - r) if how.alternating else roots(2 - r, 1 - r + k)


def roots(trace: complex, determinant: complex) -> list[complex]:
    """Of x^2 - trace x + determinant."""
    middle, reach = trace / 2, cmath.sqrt(trace * trace / 4 - determinant)
    return [middle + reach, middle - reach]


def contracting(game: TwoPlayers, how: Updates) -> tuple[float, float]:
    """Between which gamma of R1 the spectral radius is below 1, without momentum; whatever gamma the game has.

    The second may be below the first: then there is none.
    """
    half = how.lr_g * game.strength / 2
    return (0.0, 2 / how.lr_d - half) if how.alternating else (2 * half, 2 / how.lr_d + half)
