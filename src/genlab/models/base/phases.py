"""The phases of a training step: which networks are trained, in which order, on which loss.

A model with one loss has one phase, a GAN two, an adversarial autoencoder three; lazy regularisation is one more that
runs in every n-th update. ``genlab.models.base.mover`` runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn
from torch.optim import Optimizer

from genlab.models.base.noise import Noise

OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]
Terms = dict[str, Tensor]
Shared = dict[str, Tensor]  # tensors that several phases need, by name: the fakes of a GAN, the codes of an AAE


@runtime_checkable
class Solved(Protocol):
    """A part of a network whose values have an optimum in closed form: the sigma of gaussian pixels, principal components."""

    def solve(self, update: int) -> None:
        """Take in what was seen in update number ``update``, from 0, after its optimiser step. Every rank calls it."""
        ...


@dataclass(frozen=True)
class Phase:
    """One optimiser step on one loss.

    Args:
        name: ``g`` minimises ``loss_g``; the only phase of a model has no name and minimises ``loss``.
        nets: the networks trained. Every other parameter is frozen meanwhile. If they have no parameters to train, there is
            no gradient and no optimiser: their values are ``Solved``.
        terms: (batch, shared, noise) -> terms, [B] each, one value per image.
        loss: terms -> what is minimised, for a batch [B] or for means over a set. None: the terms contain it.
        detached: the shared tensors are detached and pass through the model's pools.
        every: n, to run in every n-th update.
        times: number of consecutive steps on the same batch, each with noise of its own.
        optimizer: factory of its own one; None: the model's factory; the name of another phase: that one's optimiser.
        evaluated: its terms are also averaged over validation and test sets.
        note: how its loss is made of terms that mean the same in every model, for the run's summary.
    """

    name: str
    nets: Sequence[nn.Module]
    terms: Callable[[Any, Shared, Noise], Terms]
    loss: Callable[[Mapping[str, Any]], Any] | None = None
    detached: bool = False
    every: int = 1
    times: int = 1
    optimizer: OptimizerFactory | str | None = None
    evaluated: bool = True
    note: str = ""

    @property
    def trained(self) -> list[nn.Parameter]:
        """The parameters that its optimiser moves."""
        return [p for net in self.nets for p in net.parameters() if p.requires_grad]

    @property
    def loss_name(self) -> str:
        """The loss's name among the terms and metrics."""
        return f"loss_{self.name}" if self.name else "loss"

    def all_terms(self, batch: Any, shared: Shared, noise: Noise) -> Terms:
        """The terms, including the loss."""
        terms = self.terms(batch, shared, noise)
        return terms if self.loss is None else {self.loss_name: self.loss(terms), **terms}


def one_phase(model: Any) -> list[Phase]:
    """The phases of a model with one loss: all networks train on ``terms(batch, noise)``, one of them called ``loss``."""
    return [Phase("", [model], lambda batch, shared, noise: model.terms(batch, noise))]


def with_losses(phases: Sequence[Phase], means: Mapping[str, Any]) -> dict[str, Any]:
    """The means over a set, plus the losses computed from them: domains of unequal size have no per-image losses."""
    formed = {phase.loss_name: phase.loss(means) for phase in phases if phase.evaluated and phase.loss is not None}
    return {**means, **formed}
