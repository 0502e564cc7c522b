"""The weights of rare images, on sets of which every weight is known."""

import pytest
import torch

from genlab.models.base.rarity import bin_shares, rarity_weights

# one coordinate, two bins of 3 and 1 images
ONE = torch.tensor([[0.0], [0.1], [0.2], [1.0]])
# two coordinates: rare in none, in the first, in both
TWO = torch.tensor([[0.0, 0.0]] * 6 + [[1.0, 0.0], [1.0, 1.0]])
FAR = 1e9


def test_shares_and_weights_of_two_bins_by_hand():
    assert bin_shares(ONE, 2)[:, 0].tolist() == [0.75, 0.75, 0.75, 0.25]
    weights = rarity_weights(ONE, 2, 0.05, "product", FAR)
    assert weights.mean() == pytest.approx(1)
    assert (weights[3] / weights[0]).item() == pytest.approx((0.75 + 0.05) / (0.25 + 0.05))
    assert weights[0] == weights[1] == weights[2]


def test_without_smoothing_each_bin_is_drawn_alike_and_with_much_each_image():
    sharp, even = (rarity_weights(ONE, 2, alpha, "product", FAR) for alpha in (1e-9, 1e9))
    assert sharp[:3].sum().item() == pytest.approx(sharp[3].item())
    assert torch.allclose(even, torch.ones(4).double(), atol=1e-6)


def test_the_product_and_the_maximum_differ():
    product, largest = (rarity_weights(TWO, 2, 0.0 + 1e-9, combine, FAR) for combine in ("product", "max"))
    # shares: first coordinate 6/8 and 2/8, second 7/8 and 1/8
    assert (product[7] / product[0]).item() == pytest.approx((6 / 2) * (7 / 1))
    assert (product[6] / product[0]).item() == pytest.approx(6 / 2)
    assert (largest[7] / largest[0]).item() == pytest.approx(6 / 1)  # of 8/6, 8/7 and 8/2, 8/1 the larger ones
    assert (largest[6] / largest[0]).item() == pytest.approx(6 / 2)


def test_a_product_of_many_coordinates_neither_overflows_nor_exceeds_the_cap():
    means = torch.cat(
        [torch.randn(999, 400, generator=torch.Generator().manual_seed(0)).clamp(-1, 1), torch.full((1, 400), 9.0)]
    )
    free = rarity_weights(means, 10, 1e-3, "product", 1e30)
    held = rarity_weights(means, 10, 1e-3, "product", 100.0)
    assert free.isfinite().all()
    assert held.isfinite().all()
    assert (held.max() / held.median()).item() == pytest.approx(100)
    assert held[999] == held.max()


def test_each_weight_is_its_own_images_whatever_the_order_and_a_dead_coordinate_changes_nothing():
    means = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
    order = torch.randperm(50, generator=torch.Generator().manual_seed(2))
    whole = rarity_weights(means, 5, 0.01, "product", FAR)
    assert torch.allclose(rarity_weights(means[order], 5, 0.01, "product", FAR), whole[order])
    dead = torch.cat([means, torch.zeros(50, 1)], 1)
    assert torch.allclose(rarity_weights(dead, 5, 0.01, "product", FAR), whole)
