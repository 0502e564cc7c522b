"""Sparse codes by an L1 penalty: Olshausen and Field, 1996 (Nature 381); Ng, 2011."""

from __future__ import annotations

from torch import Tensor, nn

from genlab.losses.sparsity import l1_norm
from genlab.models.base.noise import Noise
from genlab.models.base.penalty import Penalty
from genlab.models.base.phases import Terms
from genlab.models.base.schedules import Weight


class L1(Penalty):
    """penalty = sum_j |code_j|.

    A decoder whose weights grow could make up for codes that shrink; weight decay (``model/optimizer=adamw``) prevents it.

    Args:
        weight: of the penalty in the loss, a number or a schedule.
    """

    def __init__(self, weight: Weight) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, encoder: nn.Module, x: Tensor, code: Tensor, noise: Noise) -> Terms:
        """The penalty, [B]."""
        return {"penalty": l1_norm(code)}
