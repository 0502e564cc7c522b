"""Networks whose weights are running averages of others' (EMA): steadier than the weights of any one step.

Yazici et al., 2019, "The Unusual Effectiveness of Averaging in GAN Training" (arXiv:1806.04498).
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Averages(nn.ModuleDict):
    """A copy of each network, moved towards it after every step: average = decay * average + (1 - decay) * weight.

    The first steps count for more, so that the weights from before the training are soon forgotten. Buffers, such as
    batch norm's statistics, are those of the networks: they are running averages already.

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
            averages: list[Tensor] = list(self[name].parameters())
            torch._foreach_lerp_(averages, list[Tensor](net.parameters()), 1 - decay)
            for average, buffer in zip(self[name].buffers(), net.buffers(), strict=True):
                average.copy_(buffer)

    def outside_training(self, nets: dict[str, nn.Module], training: bool) -> dict[str, nn.Module]:
        """Who works now: in training the networks, else the averages, where there are any."""
        return dict(self) if len(self) and not training else nets
