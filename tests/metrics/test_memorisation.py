"""Copies of training images are told from new ones, and the nearest rows are those of a search by hand."""

import pytest
import torch

from genlab.metrics import nearest
from genlab.metrics.memorisation import memorisation
from genlab.metrics.nearest import nearest_between

CPU = torch.device("cpu")
DICE = torch.Generator().manual_seed(0)
TRAIN, HELD_OUT, NEW = (torch.randn(n, 6, generator=DICE) for n in (1500, 1000, 800))


@pytest.mark.parametrize("k", [1, 4])
def test_the_nearest_are_those_of_a_search_by_hand_in_any_blocks(k, monkeypatch):
    monkeypatch.setattr(nearest, "BLOCK", 100)
    distances, index = nearest_between(NEW, TRAIN, k, CPU)
    by_hand = torch.cdist(NEW.double(), TRAIN.double()).topk(k, largest=False)
    assert torch.equal(index, by_hand.indices)
    assert torch.allclose(distances, by_hand.values, atol=1e-9)


def test_equal_rows_are_at_0_however_far_from_the_middle():
    """The matrix product alone leaves up to 0.01 of rows of length 1e6."""
    far = 1e6 * TRAIN.double()
    distances, index = nearest_between(far, far, 2, CPU)
    assert torch.equal(index[:, 0], torch.arange(len(far)))
    assert distances[:, 0].count_nonzero() == 0


def test_of_copies_all_are_told_and_of_new_images_as_few_as_of_held_out_ones():
    copies = TRAIN[:300] + 1e-3
    found = memorisation(copies, TRAIN, HELD_OUT, CPU)
    assert found.nearest.tolist() == list(range(300))
    assert found.share == 1
    assert memorisation(NEW, TRAIN, HELD_OUT, CPU).share == pytest.approx(0.01, abs=0.01)
    assert memorisation(torch.cat([copies, NEW[:300]]), TRAIN, HELD_OUT, CPU).share == pytest.approx(0.5, abs=0.02)


def test_one_in_a_hundred_held_out_images_is_nearer_than_what_counts_as_a_copy():
    found = memorisation(NEW, TRAIN, HELD_OUT, CPU)
    assert (found.held_out < found.threshold).double().mean() == pytest.approx(0.01, abs=1e-3)
