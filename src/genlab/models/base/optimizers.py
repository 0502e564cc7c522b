"""The optimisers of a model's phases, own or shared, and the learning rates that a schedule scales."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, cast

from torch.optim import Optimizer

from genlab.models.base.phases import OptimizerFactory, Phase


def make_optimizers(phases: Sequence[Phase], default: OptimizerFactory) -> list[Optimizer]:
    """One optimiser for each phase that has parameters and shares no other's; ``configured`` keeps its groups' options."""
    made = []
    for phase in phases:
        if not isinstance(phase.optimizer, str) and phase.trained:
            factory = phase.optimizer or default
            made.append(factory(phase.trained))
    for optimizer in made:
        options = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
        optimizer.configured = options  # type: ignore[attr-defined]  # loading a checkpoint replaces those in the groups
    return made


def by_phase(phases: Sequence[Phase], optimizers: Any) -> dict[str, Any]:
    """Each phase's optimiser by the phase's name, from the list that ``make_optimizers`` gave (or its only one).

    A phase without parameters has none.
    """
    own = iter(optimizers if isinstance(optimizers, list) else [optimizers])
    found = {phase.name: next(own) for phase in phases if not isinstance(phase.optimizer, str) and phase.trained}
    return found | {phase.name: found[phase.optimizer] for phase in phases if isinstance(phase.optimizer, str)}


def scale_rates(optimizers: Iterable[Optimizer], factor: float) -> None:
    """Set every group's learning rate to ``factor`` times the configured one, overriding what a checkpoint loaded."""
    for optimizer in optimizers:
        for group, configured in groups_of(optimizer):
            group["lr"] = float(configured["lr"]) * factor


def use_configured(optimizer: Optimizer) -> None:
    """Give every group the configured options (betas, weight decay …), overriding what a checkpoint loaded."""
    for group, configured in groups_of(optimizer):
        group.update({name: value for name, value in configured.items() if name != "lr"})


def groups_of(optimizer: Optimizer) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each group of parameters, and its options as configured."""
    return zip(optimizer.param_groups, optimizer.configured, strict=True)  # type: ignore[attr-defined]


def with_rate(factory: OptimizerFactory, lr: float | None) -> OptimizerFactory | None:
    """The same optimiser with another learning rate, for one of two players; None: no other one."""
    return None if lr is None else partial(cast(Callable[..., Optimizer], factory), lr=lr)
