"""Exponential moving averages (EMA) of network weights, which vary less than the weights of any one step.

Yazici et al., 2019, "The Unusual Effectiveness of Averaging in GAN Training" (arXiv:1806.04498).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

RAMP = 0.05  # the half-life is at most this share of the images seen: the initial weights fade quickly


class EMA(nn.ModuleDict):
    """A copy of each network, updated after every step: average = decay * average + (1 - decay) * weight.

    Early steps use a smaller decay, so the initial weights fade quickly. Batch norm's running statistics are averaged
    too, since their own average (momentum 0.1) spans only about ten batches.

    Args:
        nets: by name.
        decay: 0 … 1; 0.999 averages about a thousand steps; 0: no averages are kept.
        half_life: of a weight in the average, in images, so that batch size and devices do not change it (Karras et al.,
            2018, arXiv:1710.10196, appendix A, and their later code); 0: ``decay`` says it.
    """

    def __init__(self, nets: dict[str, nn.Module], decay: float, half_life: float = 0.0) -> None:
        kept = nets if decay > 0 or half_life > 0 else {}
        super().__init__({name: duplicate(net) for name, net in kept.items()})
        self.decay, self.half_life = decay, half_life
        self.found: Pairs | None = None

    def decay_at(self, step: int, images: float, seen: int) -> float:
        """The decay of a step: number ``step``, from 0, after ``images`` more images and ``seen`` in all."""
        if self.half_life > 0:
            return float(0.5 ** (images / min(self.half_life, max(RAMP * seen, 1e-9))))
        return min(self.decay, (1 + step) / (10 + step))

    @torch.no_grad()
    def step(self, nets: dict[str, nn.Module], step: int, images: float = 0, seen: int = 0) -> None:
        """Update the averages after a step of the networks; arguments as of ``decay_at``."""
        if not len(self):
            return
        decay = self.decay_at(step, images, seen)
        if self.found is None:
            self.found = Pairs(
                [pair for name in self for pair in zip(state(self[name]), state(nets[name]), strict=True)]
            )
        torch._foreach_lerp_(self.found.averages, self.found.weights, 1 - decay)
        for count, now in self.found.counts:
            count.copy_(now)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """A move to another device or dtype replaces buffers, so the lists are rebuilt."""
        self.found = None
        return super()._apply(fn, recurse)

    def networks(self, nets: dict[str, nn.Module], training: bool) -> dict[str, nn.Module]:
        """The networks to use: ``nets`` in training, else the averages if there are any."""
        return dict(self) if len(self) and not training else nets


class Pairs:
    """Averages and the weights they track, collected once; ``counts``: batch norm's ``num_batches_tracked``."""

    def __init__(self, pairs: list[tuple[Tensor, Tensor]]) -> None:
        self.averages = [average for average, _ in pairs if average.is_floating_point()]
        self.weights = [weight for average, weight in pairs if average.is_floating_point()]
        self.counts = [pair for pair in pairs if not pair[0].is_floating_point()]


def duplicate(net: nn.Module) -> nn.Module:
    """A copy that is not trained. Its tensors are cloned first, since those of a check without numbers have no deep copies."""
    weights = {id(p): nn.Parameter(p.detach().clone(), requires_grad=False) for p in net.parameters()}
    return copy.deepcopy(net, weights | {id(buffer): buffer.clone() for buffer in net.buffers()})


def state(net: nn.Module) -> list[Tensor]:
    """Weights and buffers."""
    return [*net.parameters(), *net.buffers()]
