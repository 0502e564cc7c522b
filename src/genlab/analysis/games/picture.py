"""The picture of a game: ways of both players, eigenvalues beside the unit circle, spectral radius over gamma."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from genlab.analysis.games.closed_form import derived
from genlab.analysis.games.two_players import TwoPlayers
from genlab.analysis.games.update import Updates, eigenvalues
from genlab.figures import COLOURS, INK
from genlab.panels import BLUE, RED, legend, named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REACH = 1.45  # of theta and psi in the picture


@dataclass(frozen=True)
class Case:
    """A setting with its name and its trajectory [T, 2]."""

    name: str
    game: TwoPlayers
    how: Updates
    path: Tensor


def draw(
    title: str,
    lines: Sequence[str],
    cases: list[Case],
    scan: list[dict[str, Any]],
    edges: Mapping[bool, tuple[float, float]],
) -> Figure:
    """Four panels. ``scan``: rows of many gamma; ``edges``: between which gamma the theory has it contract."""
    made, axes = panels(title, lines, 4, across=2)
    for alternating, panel in ((False, axes[0]), (True, axes[1])):
        some = [case for case in cases if case.how.alternating == alternating]
        draw_paths(panel, some, "alternating, D first" if alternating else "simultaneous")
    draw_eigenvalues(axes[2], cases)
    draw_radius(axes[3], scan, edges)
    return made


def draw_paths(axes: Axes, cases: list[Case], title: str) -> None:
    """Trajectories of (theta, psi), from a dot to a cross."""
    for case, colour in zip(cases, COLOURS, strict=False):
        theta, psi = case.path.T.numpy()
        axes.plot(
            theta,
            psi,
            color=colour,
            linewidth=0.9,
            marker=".",
            markersize=2,
            label=case.name.partition(", ")[2],
        )
        axes.plot(theta[-1:], psi[-1:], color=colour, marker="X", markersize=8, markeredgecolor="white")
    start = cases[0].path[0]
    axes.plot(start[:1], start[1:], color=INK, marker="o", markersize=6)
    axes.plot([0], [0], color=INK, marker="+", markersize=11)
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    named(axes, "theta of G", "psi of D", f"Ways, {title} (dot to cross)")
    legend(axes, loc="upper center", ncols=3, columnspacing=1.0, handlelength=1.2)


def draw_eigenvalues(axes: Axes, cases: list[Case]) -> None:
    """Measured ones as dots for simultaneous and squares for alternating updates, derived ones as rings around them.

    Those of the upper right, which decide: the others lie below them, or near ``momentum``.
    """
    angle = torch.linspace(-torch.pi, torch.pi, 2000)
    axes.plot(angle.cos().numpy(), angle.sin().numpy(), color="#999999", linewidth=1)
    deciding = []
    for i, case in enumerate(cases):
        values, theory = eigenvalues(case.game, case.how).numpy(), derived(case.game, case.how)
        deciding.append(max(values, key=lambda value: (round(abs(value), 9), value.imag)))
        style: Any = {"marker": "s" if case.how.alternating else "o", "color": COLOURS[i % 3], "markersize": 5}
        label = f"{abs(values).max():.3f} {case.name}"
        axes.plot(values.real, values.imag, linestyle="", label=label, **style)
        real, imaginary = [value.real for value in theory], [value.imag for value in theory]
        axes.plot(real, imaginary, "o", markersize=10, fillstyle="none", color=INK, markeredgewidth=0.7)
    reach = max(0.1, 0.7 * max(abs(value - 1) for value in deciding))
    axes.set(xlim=(1 - 1.9 * reach, 1 + 0.6 * reach), ylim=(-0.6 * reach, 1.9 * reach), aspect="equal")
    named(axes, "real part", "imaginary part", "Eigenvalues (rings: derived; line: unit circle)")
    legend(axes, loc="lower left")


def draw_radius(axes: Axes, scan: list[dict[str, Any]], edges: Mapping[bool, tuple[float, float]]) -> None:
    """Spectral radius over gamma: measured dots on derived lines, and the edges that the theory gives."""
    for alternating, colour, name in ((False, RED, "simultaneous"), (True, BLUE, "alternating")):
        rows = [row for row in scan if row["alternating"] == alternating]
        gammas = [row["gamma"] for row in rows]
        axes.plot(gammas, [row["radius_derived"] for row in rows], color=colour, linewidth=1)
        axes.plot(gammas, [row["radius"] for row in rows], color=colour, linestyle="", marker=".", label=name)
        for edge in edges[alternating]:
            if gammas[0] < edge < gammas[-1]:
                axes.axvline(edge, color=colour, linestyle=":", linewidth=1.2)
    axes.axhline(1, color="#999999", linewidth=1)
    axes.set(xscale="log", ylim=(min(row["radius"] for row in scan) - 0.05, 1.15))
    named(axes, "gamma of R1", "spectral radius", "R1 (dotted: where the theory has it cross 1)")
    legend(axes, loc="lower left")
