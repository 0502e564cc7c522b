"""The gradient that a generator gets from each of the two losses of the first paper, and what becomes of it, in words.

For one z with the logit l of D: d/dl log(1 - D) = -D and d/dl (-log D) = -(1 - D), so the two gradients point the same way
and the first is D / (1 - D) times the second: as D becomes right about G's samples, it vanishes (Goodfellow et al., 2014,
arXiv:1406.2661, section 3; Arjovsky and Bottou, 2017, arXiv:1701.04862, section 2.2.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from genlab.losses.adversarial import generator_loss
from genlab.panels import BLUE, RED

LOSSES = {"saturating": "log(1 - D)", "non_saturating": "-log D"}  # by name, and as the books write them
COLOURS = {"saturating": RED, "non_saturating": BLUE}


def gradient_norms(logits: Tensor, weights: Iterable[nn.Parameter]) -> dict[str, float]:
    """The Euclidean norm of the gradient of each loss, a mean over D's logits of fakes [B], by all weights of G.

    No ``.grad`` is touched. Weights that are not trained are left out.
    """
    trained = [weight for weight in weights if weight.requires_grad]
    found = {}
    for name in LOSSES:
        slopes = torch.autograd.grad(generator_loss[name](logits).mean(), trained, retain_graph=True)
        found[name] = float(torch.stack([slope.double().square().sum() for slope in slopes]).sum().sqrt())
    return found


def norms_told(rows: Sequence[Mapping[str, float]], unit: str) -> str:
    """The last norms beside the largest ones, and how they compare. ``rows``: with their ``step``, counted in ``unit``."""
    last, parts = rows[-1], []
    for name, formula in LOSSES.items():
        peak = max(rows, key=lambda row: row[name])
        fallen = (
            f"{last[name] / peak[name]:.2g} of its largest, at {unit} {peak['step']:,.0f}" if peak[name] else "always"
        )
        parts.append(f"of {formula} {brief(last[name])} ({fallen})")
    told = f"G's gradient has the norm: {', '.join(parts)}"
    if not last["saturating"] > 0:
        return told
    ratio = last["non_saturating"] / last["saturating"]
    return told + (f"; the second is {ratio:,.0f} times the first" if ratio >= 10 else f"; their ratio is {ratio:.2g}")


def brief(norm: float) -> str:
    """A norm to two digits, without an exponent where it is large."""
    return f"{float(f'{norm:.2g}'):,.0f}" if norm >= 10 else f"{norm:.2g}"


def norm_curves(rows: Sequence[Mapping[str, float]]) -> list[tuple[str, str, list[float]]]:
    """Both norms over the rows, for a logarithmic axis: the name, colour and values of each; a norm of 0 is a gap."""
    return [
        (f"{formula} ({name})", COLOURS[name], [row[name] or math.nan for row in rows])
        for name, formula in LOSSES.items()
    ]
