"""``what=gradients``: the gradients that G gets from two losses, on one axis, while a fresh D learns to tell.

Arjovsky and Bottou, 2017, "Towards Principled Methods for Training Generative Adversarial Networks" (arXiv:1701.04862),
section 2.2.1 and figure 2: G is frozen, D is trained from scratch. As D becomes right, the gradient of log(1 - D(G(z)))
vanishes. That of -log D(G(z)) (Goodfellow et al., 2014, section 3) does not.
The same over a whole training, of the run's own D: ``callbacks=gradients``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from genlab.analysis.base.analysis import Findings
from genlab.analysis.base.fresh import AgainstFrozen
from genlab.analysis.base.judging import judge
from genlab.analysis.base.players import Both, Players
from genlab.analysis.base.subject import Subject
from genlab.config.types import PositiveInt
from genlab.metrics.generator_gradients import LOSSES, norm_curves, norms_told
from genlab.metrics.generator_gradients import gradient_norms as norms_of
from genlab.panels import BLUE, GREEN, RED, curves, named, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HELD_OUT = 2000  # real ones behind D's accuracy, at most
Row = dict[str, float]


@dataclass
class Gradients(AgainstFrozen):
    """Norms of both gradients over all weights of G, and D's accuracy, against the steps of a fresh D.

    Both networks are in evaluation mode when the gradient is taken: of single samples, not of a batch.

    Args:
        samples: z whose mean loss has the gradient, the same at every point.
    """

    samples: PositiveInt

    def __call__(self, *subjects: Subject) -> Findings:
        """Table and picture: both norms and D's accuracy by step."""
        (subject,) = subjects
        players = Players(subject, averaged=False)
        held_out = list(players.held_out(subject.split, max(self.samples, HELD_OUT)))
        given = tuple(torch.cat(parts)[: self.samples] for parts in zip(*(x.given for x in held_out), strict=True))
        count = min(self.samples, len(given[0])) if given else self.samples
        z = players.z(count, "gradients")
        rows = [
            row_of(step, players, discriminator, (z, given), held_out) for step, discriminator in self.shown(players)
        ]
        lines = said(rows)
        counts = {"z": count, f"{subject.split}/real": sum(len(x.real) for x in held_out)}
        last = {f"gradient_{name}": rows[-1][name] for name in LOSSES}
        return Findings(list(rows), picture(rows, subject.title, lines), lines, last, counts)


def row_of(
    step: int,
    players: Players,
    discriminator: nn.Module,
    codes: tuple[Tensor, tuple[Tensor, ...]],
    held_out: list[Both],
) -> Row:
    """A row of the table. ``codes``: z, and what G and D are told besides."""
    verdict = judge(players, discriminator, held_out)  # leaves it in evaluation mode
    norms = gradient_norms(players, discriminator, *codes)
    return {"step": step, **norms, "accuracy": verdict.accuracy, "d_real": verdict.d_real, "d_fake": verdict.d_fake}


def gradient_norms(
    players: Players, discriminator: nn.Module, z: Tensor, given: tuple[Tensor, ...] = ()
) -> dict[str, float]:
    """The Euclidean norm of the gradient of each loss, a mean over z [N, D], by all weights of G."""
    with torch.enable_grad():
        logits = players.logits(discriminator, players.generator(z, *given), given)
        return norms_of(logits, players.generator.parameters())


def said(rows: Sequence[Row]) -> tuple[str, str]:
    """The two lines."""
    last = rows[-1]
    told = f"After {last['step']:,} steps a fresh D is right about {100 * last['accuracy']:.1f} % of held-out samples"
    return told, norms_told(rows, "step")


def picture(rows: Sequence[Row], title: str, lines: tuple[str, str]) -> Figure:
    """Both norms on one logarithmic axis; D's accuracy and probabilities beside it."""
    made, (left, right) = panels(f"What D leaves to G: {title}", lines, 2)
    steps = [row["step"] for row in rows]
    curves(left, steps, norm_curves(rows))
    left.set_yscale("log")
    named(left, "steps of the fresh discriminator", "norm of the gradient by G's weights", "The gradient that G gets")
    told = (("accuracy", GREEN, "accuracy"), ("d_real", BLUE, "D(x)"), ("d_fake", RED, "D(G(z))"))
    curves(right, steps, [(label, colour, [row[key] for row in rows]) for key, colour, label in told])
    right.set_ylim(-0.03, 1.03)
    named(right, "steps of the fresh discriminator", "mean over held-out samples", "How well D tells")
    return made
