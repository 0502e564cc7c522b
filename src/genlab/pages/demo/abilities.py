"""What of a trained model can be shown on the page, by the protocols that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import torch

from genlab.console import program
from genlab.contracts import (
    Bounds,
    ConfigError,
    Corrupts,
    DataSpec,
    Decodes,
    Draws,
    Encodes,
    Problem,
    Reconstructs,
    Samples,
    Scores,
    Translates,
)
from genlab.models.base.code_mixture import can_sample, has_unfitted
from genlab.models.base.translation import Direction

SHOWN = (1, 3)  # channels: grey and colour


@dataclass(frozen=True)
class Abilities:
    """What a model can do, in the page's words.

    Attributes:
        samples: makes pictures from a seed; draws: their codes are known, so that one can go on from there.
        decodes: makes a picture of a code; encodes: finds the code of one.
        reconstructs: gives a picture back; corrupts: spoils it first, as in training.
        scores: says how unusual a picture is; bounds: by -ELBO.
        directions: in which it translates.
    """

    samples: bool = False
    draws: bool = False
    decodes: bool = False
    encodes: bool = False
    reconstructs: bool = False
    corrupts: bool = False
    scores: bool = False
    bounds: bool = False
    directions: tuple[Direction, ...] = ()

    @property
    def looks(self) -> bool:
        """Whether it has something to say of a picture that is given."""
        return self.encodes or self.reconstructs or self.scores

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return self.samples or self.decodes or self.looks or bool(self.directions)


def abilities_of(model: Any) -> Abilities:
    """What the model can do now; one with a mixture of codes that was never fitted does not sample."""
    samples = can_sample(model) and not has_unfitted(model)
    return Abilities(
        samples=samples,
        draws=samples and isinstance(model, Draws) and isinstance(model, Decodes),
        decodes=isinstance(model, Decodes),
        encodes=isinstance(model, Encodes),
        reconstructs=isinstance(model, Reconstructs),
        corrupts=isinstance(model, Corrupts),
        scores=isinstance(model, Scores),
        bounds=isinstance(model, Bounds),
        directions=directions_of(model) if isinstance(model, Translates) else (),
    )


def directions_of(model: Any) -> tuple[Direction, ...]:
    """The directions that it does not refuse for a single pixel, or of speech for a crop as in training."""
    found: list[Direction] = []
    sides = model.spec.shape[1:] if model.spec.sound else (1, 1)
    for direction in get_args(Direction):
        channels = model.spec.channels("a" if direction == "AtoB" else "b")
        try:
            model.translate(torch.zeros(1, channels, *sides, device=model.device), direction)
        except ConfigError:
            continue
        found.append(direction)
    return tuple(found)


def require_showable(model: Any, spec: DataSpec, ckpt: str) -> Abilities:
    """What the model can do.

    Raises:
        ConfigError: nothing that a page of pictures can show.
    """
    where, name = f"ckpt={ckpt}", type(model).__name__
    if spec.kind == "points" or len(spec.shape) != 3:
        what = f"is a {name} of {spec.name}: points, and this page shows pictures"
        raise ConfigError([Problem(where, what, f"Type: {program('generate')} ckpt={ckpt}")])
    if any(channels not in SHOWN for channels in (spec.channels("a"), spec.channels("b"))):
        what = f"is a {name} of images with {spec.shape[0]} channels: this page shows grey (1) and colour (3)"
        raise ConfigError([Problem(where, what, "Give a run on grey or colour pictures.")])
    found = abilities_of(model)
    if not found.any:
        needed = (Samples, Decodes, Encodes, Reconstructs, Scores, Translates)
        what = f"is a {name}, which has nothing to show: it has none of {', '.join(one.__name__ for one in needed)}"
        raise ConfigError([Problem(where, what, "Give it one of these methods (docs/extend.md), or give another run.")])
    return found
