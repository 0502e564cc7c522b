"""Networks whose weights are running averages of others' (EMA): steadier than the weights of any one step.

Yazici et al., 2019, "The Unusual Effectiveness of Averaging in GAN Training" (arXiv:1806.04498).
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Averages(nn.ModuleDict):
    """A copy of each network, moved towards it after every step: average = decay * average + (1 - decay) * weight.

    The first steps count for more, so that the weights from before the training are soon forgotten. Batch norm's running
    statistics are averaged with the weights they belong to: by themselves they remember ten batches.

    Args:
        nets: by name.
        decay: 0 … 1; 0.999 remembers about a thousand steps; 0: no averages are kept.
    """

    def __init__(self, nets: dict[str, nn.Module], decay: float) -> None:
        kept = nets if decay > 0 else {}
        super().__init__({name: copy.deepcopy(net).requires_grad_(False) for name, net in kept.items()})
        self.decay = decay

    @torch.no_grad()
    def follow(self, nets: dict[str, nn.Module], step: int) -> None:
        """Take one step towards the networks, after their step number ``step``, from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, net in nets.items() if len(self) else ():
            pairs = list(zip(state(self[name]), state(net), strict=True))
            fractions = [pair for pair in pairs if pair[0].is_floating_point()]
            torch._foreach_lerp_([average for average, _ in fractions], [now for _, now in fractions], 1 - decay)
            for count, now in pairs:
                if not count.is_floating_point():  # how many batches batch norm has seen
                    count.copy_(now)

    def outside_training(self, nets: dict[str, nn.Module], training: bool) -> dict[str, nn.Module]:
        """Who works now: in training the networks, else the averages, where there are any."""
        return dict(self) if len(self) and not training else nets


def state(net: nn.Module) -> list[Tensor]:
    """Weights and buffers."""
    return [*net.parameters(), *net.buffers()]
