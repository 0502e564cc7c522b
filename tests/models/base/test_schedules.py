"""Learning rates as the epochs go by."""

import pytest

from genlab.models.base.schedules import LinearDecay


@pytest.mark.parametrize(
    ("epoch", "rate"),
    [
        (1, 2e-4),
        (99, 2e-4),
        (100, 2e-4),
        (101, 1.980198e-4),
        (150, 1.009901e-4),
        (199, 3.960396e-6),
        (200, 1.980198e-6),
    ],
)
def test_linear_decay_over_the_second_half_of_200_epochs(epoch, rate):
    """The reference's rates, stepped at the end of an epoch; constant within each, also at its first and last batch."""
    schedule, batches = LinearDecay(200, 0.5), 1334
    for batch in (0, 1, batches // 2, batches - 1):
        seen = (epoch - 1) * batches + batch
        assert 2e-4 * schedule.factor(seen / batches) == pytest.approx(rate, rel=1e-6)


def test_linear_decay_has_the_shares_it_is_given_and_never_falls_below_zero():
    assert [round(LinearDecay(4, 0.25).factor(n), 6) for n in range(7)] == [1, 0.75, 0.5, 0.25, 0, 0, 0]
    assert [LinearDecay(3, 1.0).factor(n) for n in range(3)] == [1, 1, 1]
    assert LinearDecay(1, 0.5).factor(0) > 0
