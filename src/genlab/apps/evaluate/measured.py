"""What came of measuring a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

Looks = dict[str, Tensor]  # ``real``, ``reconstructions``, ``samples`` as far as there are any; uint8 [N, H, W, 3]


@dataclass(frozen=True)
class Measured:
    """What came of a checkpoint.

    ``by_seed``: its metrics by each seed; ``facts``: what ``summary.json`` says besides; ``looks``: a few of its images.
    """

    path: Path
    step: int
    by_seed: list[dict[str, float]]
    counts: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    looks: Looks = field(default_factory=dict)
