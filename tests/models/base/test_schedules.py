"""Learning rates as the epochs go by."""

import pytest

from genlab.models.base.schedules import THE_END, Cyclic, LinearDecay, Stages, Until


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


def test_eight_stages_of_three_to_the_i_epochs_fall_to_a_tenth():
    """Burda et al., 2015: 3^i epochs at 0.001 * 10^(-i/7), i = 0 … 7."""
    schedule, passed = Stages(3280), 0
    for i in range(8):
        for epoch in (passed, passed + 3**i - 0.01):
            assert schedule.factor(epoch) == pytest.approx(10 ** (-i / 7)), (i, epoch)
        passed += 3**i
    assert passed == 3280
    assert Stages(328).factor(32.81) == pytest.approx(Stages(3280).factor(328.1))


def test_a_cyclic_weight_rises_over_a_share_of_each_cycle_and_stays_at_its_end():
    """Fu et al., 2019, eq. 6."""
    weight = Cyclic(1.0, 5.0, 100, 2, 0.5)
    found = [weight.at(batch) for batch in (0, 25, 50, 99, 100, 125, 199, 200, 225, THE_END)]
    assert found == [1.0, 3.0, 5.0, 5.0, 1.0, 3.0, 5.0, 5.0, 5.0, 5.0]
    assert Cyclic(0.0, 1.0, 10, 3, 0.0).at(0) == 1.0


def test_a_weight_is_one_thing_for_the_first_batches_and_another_from_then_on():
    weight = Until(0.5, 0.1, 10)
    assert [weight.at(batch) for batch in (0, 1, 9, 10, 11, THE_END)] == [0.5, 0.5, 0.5, 0.1, 0.1, 0.1]
