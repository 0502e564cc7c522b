"""Running sums of importance weights are those of all at once, and the effective sample size knows its two ends."""

import math

import pytest
import torch

from genlab.metrics.importance_sampling import RunningWeights, mean_and_error

CPU = torch.device("cpu")


def running(log_w, sizes):
    found = RunningWeights(len(log_w), CPU)
    for part in log_w.split(sizes, 1):
        found.add(part)
    return found


@pytest.mark.parametrize("sizes", [[1] * 12, [5, 7], [12]])
def test_blocks_of_any_size_give_the_mean_of_all_weights(sizes):
    log_w = 30 * torch.randn(4, 12, dtype=torch.float64) - 2000  # e^-2000 is 0 in any precision
    found, largest = running(log_w, sizes), log_w.max(1).values
    w = (log_w - largest[:, None]).exp()
    torch.testing.assert_close(found.nll(), -(w.mean(1).log() + largest), rtol=1e-13, atol=0)
    torch.testing.assert_close(found.effective(), w.sum(1).square() / w.square().sum(1), rtol=1e-9, atol=0)


def test_equal_weights_count_all_and_one_that_outweighs_the_others_counts_alone():
    log_w = torch.full((2, 50), -700.0)
    log_w[1, 7] = 0
    torch.testing.assert_close(running(log_w, 10).effective(), torch.tensor([50.0, 1.0], dtype=torch.float64))


def test_weights_in_single_precision_are_summed_in_double():
    log_w = torch.tensor([[0.0, *[-17.0] * 5000]])  # each is lost beside 1 in float32
    expected = math.log(5001) - math.log1p(5000 * math.exp(-17))
    assert float(running(log_w, 1).nll()) == pytest.approx(expected, rel=1e-12)


def test_the_error_of_a_mean_is_that_over_images():
    assert mean_and_error(torch.tensor([1.0, 3.0])) == (2.0, 1.0)
    assert mean_and_error(torch.tensor([5.0])) == (5.0, 0.0)
