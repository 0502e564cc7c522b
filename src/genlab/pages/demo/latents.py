"""The latents of a model as sliders: how far each goes, and which of them matter.

Where q(z|x) and p(z) are Gaussian, a latent counts by its KL: one that the model does not use has none. Otherwise by how
much the picture changes when the latent alone moves by one standard deviation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.contracts import CodePart, HasParts
from genlab.losses.divergence import gaussian_kl_each
from genlab.models.base.labels import for_model

REACH = 3.0  # standard deviations from the mean to either end of a slider
STARTS = 4  # codes from which each latent is moved
AT_ONCE = 64  # images that are decoded together
BY_KL = "KL in nats"
BY_CHANGE = "change of the picture"


@dataclass(frozen=True)
class Latents:
    """Codes to begin with, and what is known of each latent.

    Attributes:
        start: [D].
        low, high: where a slider ends. [D].
        worth: by what they are ranked; ``by``: what that is. [D].
    """

    start: Tensor
    low: Tensor
    high: Tensor
    worth: Tensor
    by: str


def latents_of(model: Any, codes: Tensor, pictures: Tensor | None, label: Tensor | None) -> Latents:
    """What sliders need.

    Args:
        codes: usual ones, [N, D].
        pictures: real ones, or the model's own; None: of a model that does not encode. [M, C, H, W].
        label: of the pictures, for models that need it.
    """
    spread, mean = codes.std(0, correction=0), codes.mean(0)
    low, high = (mean - REACH * spread).maximum(codes.amin(0)), (mean + REACH * spread).minimum(codes.amax(0))
    flat = spread < 1e-6  # one code only, or a latent that never changes
    low, high = torch.where(flat, mean - REACH, low), torch.where(flat, mean + REACH, high)
    worth, by = worth_by_kl(model, pictures, label), BY_KL
    if worth is None:
        starts, one = codes[:STARTS], None if label is None else label[:1]
        worth, by = worth_by_change(model, starts, torch.where(flat, torch.ones_like(spread), spread), one), BY_CHANGE
    return Latents(codes[0], low, high, worth, by)


def worth_by_kl(model: Any, pictures: Tensor | None, label: Tensor | None) -> Tensor | None:
    """KL(q(z_j|x) || N(0, 1)) of each latent, a mean over pictures; None where q or p is something else. -> [D]."""
    if pictures is None or not getattr(getattr(model, "prior", None), "standard_normal", False):
        return None
    code = model.encode(pictures, **for_model(model, label))
    return None if code.logvar is None else gaussian_kl_each(code.mean, code.logvar).mean(0)


def worth_by_change(model: Any, starts: Tensor, spread: Tensor, label: Tensor | None) -> Tensor:
    """Root mean square change of the pixels when one latent moves by its spread. [S, D], [D], one label -> [D]."""
    changed = torch.zeros(starts.shape[1], device=starts.device)
    for z in starts:
        moved = torch.cat([z[None], z + torch.diag(spread)])  # [1 + D, D]
        pictures = torch.cat([decoded(model, part, label) for part in moved.split(AT_ONCE)])
        changed += (pictures[1:] - pictures[:1]).float().square().flatten(1).mean(1)
    return (changed / len(starts)).sqrt()


def decoded(model: Any, z: Tensor, label: Tensor | None) -> Tensor:
    """Images of codes, all of one label [1] or [1, K]. [B, D] -> [B, C, H, W]."""
    return model.decode(z, **for_model(model, None if label is None else label.expand(len(z), *label.shape[1:])))


def described(model: Any, latents: Latents) -> dict[str, Any]:
    """For the page: the latents by the parts of the code, in each the one that matters most first."""
    size = len(latents.start)
    parts = model.code_parts() if isinstance(model, HasParts) else (CodePart("", size),)
    low, high, worth, start = (x.tolist() for x in (latents.low, latents.high, latents.worth, latents.start))

    def one(index: int, name: str) -> dict[str, Any]:
        ends = {"low": two_digits(low[index]), "high": two_digits(high[index])}
        return {"index": index, "name": name, "worth": worth[index], **ends}

    groups = []
    for title, first, names in spans(parts):
        own = sorted((one(first + i, name) for i, name in enumerate(names)), key=lambda each: -each["worth"])
        groups.append({"title": title, "latents": own})
    return {"by": latents.by, "groups": groups, "start": start}


def spans(parts: tuple[CodePart, ...]) -> Iterator[tuple[str, int, list[str]]]:
    """Of each part of a code its title, where it begins, and what its latents are called: by number, and name if any."""
    first = 0
    for part in parts:
        numbers = [str(first + i) for i in range(part.size)]
        told = part.names or ("",) * part.size
        yield (
            part.title,
            first,
            [f"{i} {name}" if name not in ("", i) else i for i, name in zip(numbers, told, strict=True)],
        )
        first += part.size


def two_digits(value: float) -> float:
    """A round number near it: 2.97 of a sample becomes 3."""
    return float(f"{value:.2g}")
