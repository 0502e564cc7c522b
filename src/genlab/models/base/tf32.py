"""TF32, float32 products from factors of 10 bits of mantissa on CUDA: a switch of training, off while a model is measured.

So the numbers at the end of a training are those of ``evaluate.py``, whatever ``performance.tf32`` was.
"""

from __future__ import annotations

import torch


def tf32() -> tuple[bool, bool]:
    """Whether matrix products and convolutions are in TF32. On a machine without CUDA neither has an effect."""
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def switch_tf32(products: bool, convolutions: bool) -> None:
    """Switch it on or off for either. By torch's older names: once the newer ones are set, reading these fails, and
    Lightning and the compiler still read them."""
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = products, convolutions


class TF32:
    """Switches it off for a while."""

    def __init__(self) -> None:
        self.before: tuple[bool, bool] | None = None

    def pause(self) -> None:
        """Off, until ``go_on``."""
        self.before = self.before or tf32()
        switch_tf32(False, False)

    def go_on(self) -> None:
        """As it was before the pause."""
        if self.before is not None:
            switch_tf32(*self.before)
        self.before = None
