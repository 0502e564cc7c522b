"""Runs the optimiser steps of a model's phases.

A phase trains its own parameters and freezes all others. Tensors that several phases need are computed once where the
order allows. An update on n accumulated batches equals one on a batch n times as large, except for what looks at a whole
batch: batch norm, minibatch standard deviation, and terms that pool over it (capacity, free bits, total correlation,
sparsity); and for spectral norm, which takes a step in each pass. Gradients are averaged over ranks during backward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from genlab.losses.precision import without_autocast
from genlab.models.base.distributed import world_size
from genlab.models.base.gradients import GradientAverager
from genlab.models.base.noise import Noise
from genlab.models.base.optimizers import use_configured
from genlab.models.base.phases import Phase, Shared, Solved, Terms
from genlab.models.base.reporting import GRADIENT_NORM

if TYPE_CHECKING:
    from genlab.models.base.model import Model


@dataclass
class Pending:
    """A batch whose update is not complete, and the tensors that its phases share."""

    batch: Any
    noise: Noise
    number: int  # of the batch, from 1
    shared: Shared | None = None
    live: bool = False  # whether the graph behind them is whole: nobody has moved through it
    shown: Shared | None = None  # without a graph, and through the pools

    def again(self, turn: int) -> Pending:
        """The same batch with other noise, for one more step of a phase."""
        return Pending(self.batch, replace(self.noise, stage=f"{self.noise.stage}-{turn}"), self.number)


class Mover:
    """Runs the phases of a model. Trained and frozen parameters are collected once.

    In 16-mixed one scaler serves all phases. Between a phase's backward and its step nobody else moves the scale, so every
    gradient is divided by what its loss was multiplied by; a phase whose gradients overflow skips its own step alone.
    """

    def __init__(self, model: Model, phases: Sequence[Phase], optimizers: Mapping[str, Any]) -> None:
        self.model, self.phases, self.optimizers = model, phases, optimizers
        for optimizer in optimizers.values():
            use_configured(getattr(optimizer, "optimizer", optimizer))
        every = [p for p in model.parameters() if p.requires_grad]
        self.moving = {phase.name: phase.trained for phase in phases}
        self.others = {name: Frozen(every, moving) for name, moving in self.moving.items()}
        self.solved = {ph.name: [part for net in ph.nets for part in solved_in(net)] for ph in phases}
        self.scaler: Any = getattr(getattr(model._trainer, "precision_plugin", None), "scaler", None)
        self.averagers = {name: GradientAverager(parameters) for name, parameters in self.moving.items()}

    def update(self, group: list[Pending], number: int) -> Terms:
        """Run every phase that is due in update ``number`` on the whole group. -> terms of the last batch."""
        phases = [phase for phase in self.phases if (number + 1) % phase.every == 0]
        terms: Terms = {}
        for place, phase in enumerate(phases):
            graph_later = len(group) == 1 and any(not other.detached for other in phases[place:])
            terms |= self.step_phase(phase, group, graph_later)
            for turn in range(1, phase.times):
                terms |= self.step_phase(phase, [item.again(turn) for item in group], graph_later=False)
        return terms

    def step_phase(self, phase: Phase, group: list[Pending], graph_later: bool) -> Terms:
        """One step of one phase: gradients of every batch of the group, averaged; then the optimiser."""
        for parameter in self.moving[phase.name]:
            parameter.grad = None
        for item in group:
            shared = self.shared(phase, item, graph_later)
            with self.others[phase.name]:
                with self.model.layer_noise(item.noise, f"dropout_{phase.name}"):
                    terms = phase.all_terms(item.batch, shared, item.noise)
                loss = terms[phase.loss_name].mean()
                self.model.finite.look(terms, loss, item.number)
                loss = self.model.finite.through(loss) if self.scaler is not None else loss
                last = item is group[-1]
                if self.moving[phase.name]:
                    with self.averagers[phase.name].averaging() if last else nullcontext():
                        self.backward(loss / len(group))
            if not phase.detached and item.shared is not None:
                item.shared, item.live = without_graph(item.shared), False
        terms = terms | self.gradient_norm(phase)
        self.step(phase)
        self.update_ema(phase, sum(len(item.batch[0]) for item in group))
        return without_graph(terms)  # kept until the phase moves again

    def gradient_norm(self, phase: Phase) -> Terms:
        """``grad_norm_<phase>``, [1]: the norm over all parameters of a player, averaged over ranks and not clipped.

        Of models with several phases, and only in a step whose terms are logged: nothing waits for it before.
        """
        if not phase.name or not self.model.logs_within(phase.every):
            return {}
        gradients = [p.grad for p in self.moving[phase.name] if p.grad is not None]
        if not gradients:
            return {}  # a norm of nothing would be on the CPU
        norm = torch.nn.utils.get_total_norm(gradients)
        if self.scaler is not None:
            norm = norm / self.scaler.scale(torch.ones_like(norm))
        return {GRADIENT_NORM + phase.name: norm.reshape(1)}

    def shared(self, phase: Phase, item: Pending, graph_later: bool) -> Shared:
        """The shared tensors as input of this phase, recomputed only if necessary."""
        if item.shared is None or not (phase.detached or item.live):
            item.live = graph_later or not phase.detached
            with self.others[phase.name] if not graph_later else nullcontext(), torch.set_grad_enabled(item.live):
                item.shared = self.model.shared_of(item.batch, item.noise)
        if not phase.detached:
            return item.shared
        if item.shown is None:
            item.shown = self.query_pools(without_graph(item.shared), item.noise)
        return item.shown

    def query_pools(self, shared: Shared, noise: Noise) -> Shared:
        """The inputs of detached phases: pools swap some of the images for earlier ones."""
        pools = self.model.pools()
        return {n: pools[n].query(x, noise, f"pool_{n}") if n in pools else x for n, x in shared.items()}

    def backward(self, loss: Tensor) -> None:
        """Run backward outside autocast, as torch advises: each operation keeps the precision of its forward pass."""
        with without_autocast(loss.device.type):
            self.model.manual_backward(loss)

    def step(self, phase: Phase) -> None:
        """Clip if configured, step, set what has a closed form, and clear autocast's cached casts of the old weights."""
        model, optimizer = self.model, self.optimizers.get(phase.name)
        if optimizer is not None:
            if model.finite.skip_update(getattr(optimizer, "optimizer", optimizer)):
                return
            if model.gradient_clip_val:
                model.clip_gradients(optimizer, model.gradient_clip_val, model.gradient_clip_algorithm)
            optimizer.step()
        for part in self.solved[phase.name]:
            part.solve(model.updates)
        torch.clear_autocast_cache()

    def update_ema(self, phase: Phase, images: int) -> None:
        """Update the averages if the phase trained an averaged network. ``images``: of this rank, in this step."""
        if self.model.ema is None:
            return
        nets = self.model.averaged()
        if any(net in phase.nets for net in nets.values()):
            passed = images * world_size() * phase.every / phase.times
            self.model.ema.step(nets, self.model.updates, passed, self.model.images_seen)


class Frozen:
    """Context manager in which no parameters but ``moving`` require gradients."""

    def __init__(self, parameters: Sequence[nn.Parameter], moving: Sequence[nn.Parameter]) -> None:
        own = set(moving)
        self.others = [p for p in parameters if p not in own]

    def __enter__(self) -> None:
        for parameter in self.others:
            parameter.requires_grad_(False)

    def __exit__(self, *error: object) -> None:
        for parameter in self.others:
            parameter.requires_grad_(True)


def solved_in(net: nn.Module) -> list[Solved]:
    """The parts of a network that are set in closed form."""
    return [part for part in net.modules() if isinstance(part, Solved)]


def without_graph(shared: Shared) -> Shared:
    """The same values, detached."""
    return {name: value.detach() for name, value in shared.items()}
