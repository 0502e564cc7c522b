"""The optimisers of a model's phases: who has its own, who shares another's, and the rate that a schedule scales."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from torch.optim import Optimizer

from genlab.models.base.phases import OptimizerFactory, Phase


def make_optimizers(phases: Sequence[Phase], default: OptimizerFactory) -> list[Optimizer]:
    """One for each phase that does not share another's, in their order; each group remembers its rate as ``base_lr``."""
    made = []
    for phase in phases:
        if not isinstance(phase.optimizer, str):
            factory = phase.optimizer or default
            made.append(factory([p for net in phase.nets for p in net.parameters() if p.requires_grad]))
    for group in (group for optimizer in made for group in optimizer.param_groups):
        group["base_lr"] = float(group["lr"])
    return made


def by_phase(phases: Sequence[Phase], optimizers: Any) -> dict[str, Any]:
    """Each phase's optimiser by the phase's name, from the list that ``make_optimizers`` gave (or its only one)."""
    own = iter(optimizers if isinstance(optimizers, list) else [optimizers])
    found = {phase.name: next(own) for phase in phases if not isinstance(phase.optimizer, str)}
    return found | {phase.name: found[phase.optimizer] for phase in phases if isinstance(phase.optimizer, str)}


def scale_rates(optimizers: Iterable[Optimizer], factor: float) -> None:
    """Set every group's learning rate to ``factor`` times the one that it began with."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group["lr"] = group["base_lr"] * factor
