"""Schedules of the learning rate and of loss weights, as pure functions of the training done so far.

They have no state to save or step: a resumed run continues with the same values.
"""

from __future__ import annotations

import math
from typing import Protocol

from genlab.config.types import Fraction, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveFraction, PositiveInt


class Schedule(Protocol):
    """A factor on the learning rate at any point of the training."""

    def factor(self, epoch: float) -> float:
        """``epoch`` counts from 0 and has fractions: 1.5 is the middle of the second epoch."""
        ...


class Constant:
    """The learning rate as given."""

    def factor(self, epoch: float) -> float:
        """Always 1."""
        return 1.0


class Cosine:
    """Linear warm-up over ``warmup`` epochs, then cosine decay to 0 after ``epochs``.

    Loshchilov and Hutter, 2016 (arXiv:1608.03983), eq. 5, without restarts.
    """

    def __init__(self, epochs: PositiveFloat, warmup: NonNegativeFloat) -> None:
        self.epochs, self.warmup = epochs, warmup

    def factor(self, epoch: float) -> float:
        """0 … 1."""
        if epoch < self.warmup:
            return epoch / self.warmup
        done = min(1.0, (epoch - self.warmup) / max(self.epochs - self.warmup, 1e-9))
        return 0.5 * (1 + math.cos(math.pi * done))


class LinearDecay:
    """A constant learning rate, then linear decay, stepped at the end of every epoch.

    With n0 epochs at the full rate and n1 after them, the factor in epoch n (from 1) is
    ``1 - max(0, n - n0) / (n1 + 1)``: the last epoch still trains, at 1 / (n1 + 1). Zhu et al., 2017 (arXiv:1703.10593),
    section 4, as their implementation had it when it stepped at the end of an epoch.

    Args:
        epochs: n0 + n1.
        constant: n0 / (n0 + n1).
    """

    def __init__(self, epochs: PositiveInt, constant: Fraction) -> None:
        self.full = round(epochs * constant)
        self.decaying = epochs - self.full

    def factor(self, epoch: float) -> float:
        """1 … 0, the same throughout an epoch."""
        number = math.floor(epoch) + 1
        return max(0.0, 1 - max(0, number - self.full) / (self.decaying + 1))


class Stages:
    """Eight stages, each three times as long as the one before: the rate falls by 10^(1/7) from stage to stage, to a tenth.

    Burda et al., 2015 (arXiv:1509.00519), section 5: 3^i epochs in stage i = 0 … 7, 3280 in all.

    Args:
        epochs: of all stages together; the stages are stretched or shortened to fill them.
    """

    def __init__(self, epochs: PositiveFloat) -> None:
        self.epochs = epochs

    def factor(self, epoch: float) -> float:
        """1 … 0.1, the same throughout a stage."""
        passed = sum(epoch * (3**8 - 1) >= self.epochs * (3 ** (i + 1) - 1) for i in range(7))
        return 10 ** (-passed / 7)


class Ramp:
    """A term's weight that changes linearly from ``start`` to ``end`` and stays there.

    Batch number n, from 0, has start + min(1, max(0, n - wait) / batches) (end - start): a warm-up from 0 has no KL at all
    in the first batch, as in Sønderby et al., 2016 (arXiv:1602.02282), section 2.3, and all of it after ``batches`` of them.

    Args:
        start: the weight in the first batch.
        end: the weight from batch ``wait + batches`` on.
        batches: length of the ramp.
        wait: batches before the ramp begins.
    """

    def __init__(self, start: float, end: float, batches: PositiveInt, wait: NonNegativeInt) -> None:
        self.start, self.end, self.batches, self.wait = start, end, batches, wait

    def at(self, batch: int) -> float:
        """The weight after ``batch`` batches."""
        share = min(1.0, max(0.0, (batch - self.wait) / self.batches))
        return self.start + share * (self.end - self.start)


class Cyclic:
    """A term's weight that rises again and again: from ``start`` to ``end`` in a share of each cycle, then it stays there.

    Fu et al., 2019, "Cyclical Annealing Schedule: A Simple Approach to Mitigating KL Vanishing" (arXiv:1903.10145), eq. 6.

    Args:
        start: the weight at the beginning of each cycle.
        end: the weight at the end of each, and after the last.
        batches: length of a cycle, in ``batches_seen``.
        cycles: M.
        rise: R, the share of a cycle in which the weight rises.
    """

    def __init__(
        self, start: NonNegativeFloat, end: NonNegativeFloat, batches: PositiveInt, cycles: PositiveInt, rise: Fraction
    ) -> None:
        self.start, self.end, self.batches, self.cycles, self.rise = start, end, batches, cycles, rise

    def at(self, batch: int) -> float:
        """The weight after ``batch`` batches."""
        place = batch % self.batches / self.batches  # in its cycle
        if batch >= self.batches * self.cycles or place >= self.rise:
            return self.end
        return self.start + place / self.rise * (self.end - self.start)


class Until:
    """A term's weight that is ``start`` in the first batches and ``end`` in all others.

    Kaneko and Kameoka, 2017 (arXiv:1711.11293), let a loss guide only the first 10,000 steps.

    Args:
        start: the weight at first.
        end: the weight afterwards.
        batches: how many have ``start``, in ``batches_seen``.
    """

    def __init__(self, start: NonNegativeFloat, end: NonNegativeFloat, batches: PositiveInt) -> None:
        self.start, self.end, self.batches = start, end, batches

    def at(self, batch: int) -> float:
        """The weight after ``batch`` batches."""
        return self.start if batch < self.batches else self.end


class WeightSchedule(Protocol):
    """A term's weight at any point of the training."""

    def at(self, batch: int) -> float:
        """The weight after ``batch`` batches."""
        ...


Weight = NonNegativeFloat | WeightSchedule
Share = PositiveFraction | WeightSchedule  # of a batch
THE_END = 1 << 62  # a batch that comes after the end of every schedule


def value_at(weight: Weight, batch: int) -> float:
    """A number as it is; a schedule's value after ``batch`` batches."""
    return weight if isinstance(weight, int | float) else weight.at(batch)
