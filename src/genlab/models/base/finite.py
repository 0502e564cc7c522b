"""Guards against non-finite losses and weights: nothing is trained, saved or loaded from them, on any device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from genlab.contracts import CheckpointError, NonFiniteLoss
from genlab.models.base.distributed import largest_flag, largest_over_ranks, world_size

WIDTH = 1 << 10  # more than the terms of any model


class FiniteFlag:
    """Remembers, on the device, the first batch and term that was not finite.

    On a CPU every loss is checked before its backward pass. On other devices that would synchronise every step, so the
    flag stays there: optimisers skip every update from then on, and ``require`` reads it where the host waits anyway.
    """

    def __init__(self) -> None:
        self.code: Tensor | None = (
            None  # 0, or batch * WIDTH + WIDTH - 1 - place in ``names``: the first place is largest
        )
        self.names: list[str] = []
        self.known: dict[tuple[str, ...], Tensor] = {}

    def look(self, terms: dict[str, Tensor], loss: Tensor, batch: int) -> None:
        """Check the terms of one phase in training batch number ``batch``; ``loss`` is the mean that is minimised.

        Raises:
            NonFiniteLoss: on a CPU, on every rank, when any rank's loss is not finite.
        """
        if loss.device.type == "cpu":
            bad = not math.isfinite(loss.item())
            if largest_flag(int(bad)) if world_size() > 1 else bad:
                raise NonFiniteLoss(message(first_bad(terms), batch))
            return
        self.note(terms, batch)

    def note(self, terms: dict[str, Tensor], batch: int) -> None:
        """Check the terms on the device, without synchronising."""
        finite = torch.stack(torch._foreach_norm([value.detach() for value in terms.values()])).isfinite()
        codes = (batch * WIDTH + WIDTH - 1) - self.places(tuple(terms), finite.device)
        now = largest_over_ranks(torch.where(finite, 0, codes).amax())
        self.code = now if self.code is None else torch.where(self.code == 0, now, self.code)

    def places(self, terms: tuple[str, ...], device: torch.device) -> Tensor:
        """Index of each term in ``names``, on the device; copied there once."""
        if terms not in self.known:
            first = sorted(terms, key=lambda name: name == "loss")  # what it is made of says more
            self.names += [name for name in first if name not in self.names]
            self.known[terms] = torch.tensor([self.names.index(name) for name in terms], device=device)
        return self.known[terms]

    def skip_update(self, optimizer: Any) -> bool:
        """Make the optimiser skip its update if the flag is set. Fused optimisers read it on the device; for others it is
        read here. -> True if the caller must skip the update."""
        if self.code is None:
            return False
        if any(group.get("fused") for group in optimizer.param_groups):
            optimizer.found_inf = (self.code != 0).float()
            return False
        return bool(self.code.item())

    def through(self, loss: Tensor) -> Tensor:
        """The loss, or NaN if the flag is set: a scaler of gradients overwrites ``found_inf`` by what it finds in them."""
        return loss if self.code is None else loss * torch.where(self.code == 0, 1.0, math.nan)

    def require(self) -> None:
        """Read the flag: when a row is logged, before a checkpoint, and at the end of an epoch.

        Raises:
            NonFiniteLoss: names the first bad term and its batch.
        """
        code = 0 if self.code is None else int(self.code.item())
        if code:
            batch, rest = divmod(code, WIDTH)
            raise NonFiniteLoss(message(self.names[WIDTH - 1 - rest], batch))


def require_finite(weights: Mapping[str, Tensor], said: str) -> None:
    """Refuse weights with a NaN or an infinite value. ``said``: their source, as the message names it.

    Raises:
        CheckpointError: names the first of them.
    """
    bad = next((name for name, x in weights.items() if x.is_floating_point() and not x.isfinite().all()), None)
    if bad is not None:
        raise CheckpointError(
            f"{said}: {bad} holds values that are not finite (NaN or infinite). Give another checkpoint."
        )


def first_bad(terms: dict[str, Tensor]) -> str:
    """The first term that is not finite; ``loss`` if only another rank has one."""
    return next((name for name, value in terms.items() if name != "loss" and not value.isfinite().all()), "loss")


def message(term: str, batch: int) -> str:
    """The error message for the user."""
    return (
        f"{term} is no longer finite in batch {batch}; stopped before the update. "
        "Try a lower rate (model.optimizer.lr=…) or trainer.gradient_clip_val=1."
    )
