"""``what=game``: the Dirac-GAN or the bilinear game: eigenvalues of the update, measured and derived, and trajectories.

Whether training converges near the equilibrium is decided by the eigenvalues of one update: it contracts if all lie inside the
unit circle. ``games`` has the two games, the update by genlab's losses and torch's SGD, and the closed forms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.subject import Subject
from genlab.analysis.games.closed_form import contracting, derived
from genlab.analysis.games.picture import Case, draw
from genlab.analysis.games.two_players import Bilinear, DiracGAN, GameLoss, TwoPlayers
from genlab.analysis.games.update import Updates, eigenvalues, trajectory
from genlab.config.types import NonNegativeFloat, PositiveFloat, PositiveInt
from genlab.config.what_is_analyzed import LooksAt

Momentum = Annotated[float, Field(gt=-1, lt=1)]
GAMMAS = 25  # between a tenth of where R1 begins to help and beyond where it helps no more
EDGE = 1e-9  # a radius nearer to 1 is 1: a circle for ever


@dataclass
class Game(Analysis):
    """Simultaneous and alternating updates: plain, with R1, with momentum; then R1 of many weights.

    Args:
        game: ``dirac`` or ``bilinear``.
        loss: of the Dirac-GAN.
        lr_g: of G; ``lr_d``: of D.
        gamma: weight of R1.
        momentum: of both players.
        steps: of each trajectory.
    """

    looks_at: ClassVar[LooksAt] = "nothing"

    game: Literal["dirac", "bilinear"]
    loss: GameLoss
    lr_g: PositiveFloat
    lr_d: PositiveFloat
    gamma: NonNegativeFloat
    momentum: Momentum
    steps: PositiveInt

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row a setting. Picture: trajectories, eigenvalues, spectral radius over gamma."""
        cases = [Case(name, game, how, trajectory(game, how, self.steps)) for name, game, how in self.settings()]
        rows = [row_of(name, game, how) for name, game, how in (*self.settings(), *self.scan())]
        lines = self.lines(rows)
        numbers = {"largest_difference": max(row["difference"] for row in rows)}
        picture = draw(self.title, lines, cases, [row for row in rows if not row["name"]], self.edges())
        return Findings(list(rows), picture, lines, numbers, {"settings": len(rows)})

    @property
    def title(self) -> str:
        """What the picture is of."""
        return (
            f"Dirac-GAN, {self.loss} loss" if self.game == "dirac" else "Bilinear game, min over x, max over y of x y"
        )

    def rules(self, gamma: float) -> TwoPlayers:
        """The game with R1 of this weight."""
        return DiracGAN(self.loss, gamma) if self.game == "dirac" else Bilinear(gamma)

    def settings(self) -> Iterator[tuple[str, TwoPlayers, Updates]]:
        """The settings whose trajectories are drawn, by name."""
        for alternating in (False, True):
            how = Updates(alternating, self.lr_g, self.lr_d)
            name = "alternating" if alternating else "simultaneous"
            yield f"{name}, plain", self.rules(0), how
            yield f"{name}, R1 {self.gamma:g}", self.rules(self.gamma), how
            yield f"{name}, momentum {self.momentum:g}", self.rules(0), replace(how, momentum=self.momentum)

    def scan(self) -> Iterator[tuple[str, TwoPlayers, Updates]]:
        """R1 of many weights, without momentum and without a name."""
        low, high = self.edges()[False]
        for alternating in (False, True):
            for i in range(GAMMAS):
                gamma = low / 10 * (20 * high / low) ** (i / (GAMMAS - 1))
                yield "", self.rules(gamma), Updates(alternating, self.lr_g, self.lr_d)

    def edges(self) -> dict[bool, tuple[float, float]]:
        """Between which gamma the theory has it contract, by whether the updates alternate."""
        return {how: contracting(self.rules(0), Updates(how, self.lr_g, self.lr_d)) for how in (False, True)}

    def lines(self, rows: list[dict[str, Any]]) -> tuple[str, str]:
        """The two lines."""
        radii = "; ".join(told_radii(rows, how) for how in ("simultaneous", "alternating"))
        simultaneous, alternating = (told_edges(edge) for edge in self.edges().values())
        worst = max(row["difference"] for row in rows)
        return (
            f"Spectral radius of updates that are {radii}",
            f"R1 contracts simultaneous updates for {simultaneous}, alternating ones for {alternating}; "
            f"measured and derived eigenvalues of {len(rows)} settings differ by {worst:.0e} at most",
        )


def told_radii(rows: list[dict[str, Any]], how: str) -> str:
    """``simultaneous: 1.031 plain (goes out), 0.955 with R1 …``. ``how``: the first word of the names of the settings."""
    named = [(row["name"].partition(", ")[2], row["radius"]) for row in rows if row["name"].startswith(how)]
    words = [(name if name == "plain" else f"with {name}", radius) for name, radius in named]
    return f"{how}: " + ", ".join(f"{radius:.3f} {name} ({fate(radius)})" for name, radius in words)


def told_edges(edges: tuple[float, float]) -> str:
    """Between which gamma it contracts, in words."""
    low, high = edges
    if low >= high:
        return "no gamma"
    return f"gamma from {low:.3g} to {high:.3g}" if low else f"gamma up to {high:.3g}"


def fate(radius: float) -> str:
    """What becomes of a small distance from the equilibrium, by the spectral radius."""
    return "circles" if abs(radius - 1) < EDGE else "goes out" if radius > 1 else "comes in"


def row_of(name: str, game: TwoPlayers, how: Updates) -> dict[str, Any]:
    """A row of the table: the setting, its largest eigenvalue, and how far measured and derived ones are apart."""
    measured, theory = [complex(value) for value in eigenvalues(game, how)], derived(game, how)
    largest = max(measured, key=abs)
    return {
        "name": name,
        "alternating": int(how.alternating),
        "lr_g": how.lr_g,
        "lr_d": how.lr_d,
        "gamma": game.gamma,
        "momentum": how.momentum,
        "radius": abs(largest),
        "radius_derived": max(map(abs, theory)),
        "real": largest.real,
        "imaginary": abs(largest.imag),
        "difference": apart(measured, theory),
    }


def apart(some: list[complex], others: list[complex]) -> float:
    """How far two sets of eigenvalues are apart: each to its nearest among those of the other that are left."""
    left, worst = list(others), 0.0
    for value in sorted(some, key=abs, reverse=True):
        nearest = min(left, key=lambda other: abs(other - value))
        left.remove(nearest)
        worst = max(worst, abs(nearest - value))
    return worst
