"""``what=equilibrium``: is D at 1/2, and can a fresh D, trained against the frozen G, tell real from fake?

Goodfellow et al., 2014, "Generative Adversarial Nets" (arXiv:1406.2661), section 4: at the equilibrium D is 1/2 everywhere
and nobody can tell. That the D of the run is at 1/2 proves nothing: it may have given up. A fresh one that tells samples
that it has never seen is a proof of distance, in nats.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from genlab.analysis.base.analysis import Findings
from genlab.analysis.base.fresh import AgainstFrozen
from genlab.analysis.base.judging import LOG2, PROBABLE, Verdict, judge
from genlab.analysis.base.players import Players
from genlab.analysis.base.subject import Subject
from genlab.config.types import PositiveInt
from genlab.contracts import Split
from genlab.panels import BLUE, GREEN, RED, legend, named, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OF_CURVE = 2000  # held-out real ones behind a point of the curve, at most
ERRORS = 2  # standard errors beyond which a distance is taken for proved
Row = dict[str, float]


@dataclass
class Equilibrium(AgainstFrozen):
    """D's probabilities on held-out data and fakes, and a lower bound on the distance by a fresh D.

    The fresh D is the one of the step at which it was best on the other held-out part, so that ``split`` has no say in it.

    Args:
        samples: held-out real ones at most, and as many fakes.
    """

    samples: PositiveInt

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: the fresh D's curve. Picture: the curve, and what the run's own D says."""
        (subject,) = subjects
        players = Players(subject)
        own = judge(players, subject.model.discriminator, players.held_out(subject.split, self.samples))
        rows, step, best = self.curve(players)
        fresh = judge(players, best, players.held_out(subject.split, self.samples))
        numbers = metrics(subject.split, own if players.loss in PROBABLE else None, fresh) | {"fresh_step": step}
        count = len(fresh.real) * players.pack
        counts = {f"{subject.split}/real": count, f"{subject.split}/fake": count}
        more = "; it was still learning: more what.steps may prove more" if step == self.steps else ""
        looked_at = f"{count:,} {subject.split} data and as many fakes"
        lines = (said_of_own(own, players.loss, looked_at), said_of_fresh(fresh, step, subject.split) + more)
        return Findings(list(rows), picture(rows, step, own, fresh, players, lines), lines, numbers, counts)

    def curve(self, players: Players) -> tuple[list[Row], int, nn.Module]:
        """Rows of the fresh discriminator on the held-out part that is not judged in the end, its best step, and it there."""
        aside: Split = "test" if players.subject.split == "val" else "val"
        batches = list(players.held_out(aside, min(self.samples, OF_CURVE)))
        rows, step, best = [], 0, nn.Module()
        for now, discriminator in self.shown(players):
            verdict = judge(players, discriminator, batches)
            rows.append(row_of(now, verdict))
            if verdict.loss == min(row["loss"] for row in rows):
                step, best = now, copy.deepcopy(discriminator)
        return rows, step, best


def row_of(step: int, verdict: Verdict) -> Row:
    """A row of the table."""
    return {
        "step": step,
        "loss": verdict.loss,
        "loss_se": verdict.loss_se,
        "jsd_bound": verdict.bound,
        "accuracy": verdict.accuracy,
        "d_real": verdict.d_real,
        "d_fake": verdict.d_fake,
    }


def metrics(split: str, own: Verdict | None, fresh: Verdict) -> dict[str, float]:
    """The numbers by name. ``own``: of the run's D, None if it gives no probabilities."""
    found = {
        "fresh_loss": fresh.loss,
        "fresh_accuracy": fresh.accuracy,
        "jsd_bound": fresh.bound,
        "jsd_bound_se": fresh.loss_se,
    }
    if own is not None:
        found |= {"d_real": own.d_real, "d_fake": own.d_fake, "d_accuracy": own.accuracy, "d_distance": own.distance}
        found |= {"d_real_distance": abs(own.d_real - 0.5), "d_fake_distance": abs(own.d_fake - 0.5)}
    return {f"{split}/{name}": value for name, value in found.items()}


def said_of_own(own: Verdict, loss: str, count: str) -> str:
    """The first line. ``count``: of how many of what."""
    if loss not in PROBABLE:
        return f"D of the loss {loss} gives scores and no probabilities, so only a fresh D is asked about {count}"
    return (
        f"D takes real data for real with {own.d_real:.3f} and fakes with {own.d_fake:.3f}, on average |D - 1/2| is "
        f"{own.distance:.3f}; it is right about {100 * own.accuracy:.1f} % of {count}"
    )


def said_of_fresh(fresh: Verdict, step: int, split: str) -> str:
    """The second line."""
    reached = (
        f"A fresh D reaches {fresh.loss:.4f} nats on {split} after {step:,} steps (log 2 = {LOG2:.4f}: cannot tell)"
    )
    if fresh.bound > ERRORS * fresh.loss_se:
        return f"{reached}: the Jensen-Shannon divergence is at least {fresh.bound:.4f} ± {fresh.loss_se:.4f} nats"
    return f"{reached}: no distance is proved, the bound is {fresh.bound:.4f} ± {fresh.loss_se:.4f} nats"


# ---- the picture ----------------------------------------------------------------------------------------------------


def picture(
    rows: list[Row], step: int, own: Verdict, fresh: Verdict, players: Players, lines: tuple[str, str]
) -> Figure:
    """The curve of the fresh discriminator; the probabilities of the run's own one, and of the fresh one."""
    probable = players.loss in PROBABLE
    made, axes = panels(f"Equilibrium: {players.subject.title}", lines, 3 if probable else 2)
    draw_curve(axes[0], rows, step)
    if probable:
        draw_verdict(axes[1], own, "What the run's D says of held-out samples")
    draw_verdict(axes[-1], fresh, f"What a fresh D says after {step:,} steps")
    return made


def draw_curve(axes: Axes, rows: list[Mapping[str, Any]] | list[Row], best: int) -> None:
    """Loss over steps with two standard errors; log 2; the best step."""
    steps, loss, error = ([row[key] for row in rows] for key in ("step", "loss", "loss_se"))
    low = [value - ERRORS * spread for value, spread in zip(loss, error, strict=True)]
    high = [value + ERRORS * spread for value, spread in zip(loss, error, strict=True)]
    axes.fill_between(steps, low, high, color=RED, alpha=0.2, linewidth=0)
    axes.plot(steps, loss, color=RED, label="fresh D, held-out")
    axes.axhline(LOG2, color=GREEN, linestyle="--", label="log 2: cannot tell")
    axes.axvline(best, color="#999999", linewidth=1, label=f"best: step {best:,}")
    axes.set_ylim(0, max(LOG2 * 1.15, min(2 * LOG2, max(loss))))
    named(axes, "steps of the fresh discriminator", "cross-entropy (nats)", "What a fresh D learns")
    legend(axes)


def draw_verdict(axes: Axes, verdict: Verdict, title: str) -> None:
    """Shares of real data and of fakes by D."""
    for logits, colour, label in ((verdict.real, BLUE, "real"), (verdict.fake, RED, "fake")):
        shares = torch.histc(logits.sigmoid(), 40, 0, 1) / len(logits)
        axes.stairs(shares.numpy(), torch.linspace(0, 1, 41).numpy(), color=colour, fill=True, alpha=0.55, label=label)
    axes.axvline(0.5, color=GREEN, linestyle="--", label="1/2")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.35 * axes.get_ylim()[1])  # the legend stands above the bars
    named(axes, "D", "share", title)
    legend(axes, loc="upper center", ncols=3)
