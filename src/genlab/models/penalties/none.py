"""No penalty: only the bottleneck constrains the code."""

from __future__ import annotations

from torch import Tensor, nn

from genlab.models.base.noise import Noise
from genlab.models.base.penalty import Penalty
from genlab.models.base.phases import Terms


class NoPenalty(Penalty):
    """The loss is the reconstruction alone."""

    def forward(self, encoder: nn.Module, x: Tensor, code: Tensor, noise: Noise) -> Terms:
        """No term."""
        return {}
