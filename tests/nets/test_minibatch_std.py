"""The standard deviation over groups of a batch, by hand, and who sees it."""

import pytest
import torch

from genlab.nets.minibatch_std import MinibatchStd

from gan_nets import FAMILIES, family

TINY = 1e-4  # the root of what is added to a variance


def appended(x, group):
    """The plane or feature that is appended, one number an image."""
    made = MinibatchStd(group)(x)
    assert torch.equal(made[:, :-1], x)
    plane = made[:, -1].reshape(len(x), -1)
    assert torch.equal(plane, plane[:, :1].expand_as(plane))
    return plane[:, 0]


def test_numbers_worked_out_by_hand():
    """Groups (0, 2) and (1, 3): deviations 1 and 2 of the first one's features, 0 and 2 of the second one's."""
    x = torch.tensor([[0.0, 0.0], [1.0, 5.0], [2.0, 4.0], [1.0, 1.0]], dtype=torch.float64)
    expected = torch.tensor([1.5, 1.0, 1.5, 1.0], dtype=torch.float64)
    torch.testing.assert_close(appended(x, 2), expected, rtol=0, atol=TINY)
    torch.testing.assert_close(appended(x.view(4, 1, 1, 2), 2), expected, rtol=0, atol=TINY)
    torch.testing.assert_close(appended(x.view(4, 2, 1, 1), 2), expected, rtol=0, atol=TINY)
    whole = torch.tensor([0.5, 17 / 4]).double().sqrt().mean()  # variances of 0, 1, 2, 1 and of 0, 5, 4, 1
    torch.testing.assert_close(appended(x, 4), whole.expand(4), rtol=0, atol=TINY)


def test_identical_images_have_none_and_a_finite_slope():
    x = torch.rand(1, 3, 5, 5).repeat(8, 1, 1, 1).requires_grad_()
    std = appended(x, 4)
    torch.testing.assert_close(std, torch.full((8,), TINY))
    (slope,) = torch.autograd.grad(std.sum(), x, create_graph=True)
    assert not slope.any()
    (second,) = torch.autograd.grad(slope.square().sum(), x)
    assert second.isfinite().all()


@pytest.mark.parametrize(
    ("batch", "group", "taken"), [(6, 4, 2), (12, 4, 4), (2, 4, 2), (9, 6, 3), (7, 4, 1), (1, 4, 1)]
)
def test_a_group_that_does_not_divide_the_batch_is_the_greatest_common_divisor(batch, group, taken):
    x = torch.randn(batch, 3, dtype=torch.float64)
    places = torch.arange(batch) % (batch // taken)
    expected = torch.stack([x[places == place].std(0, correction=0).mean() for place in places])
    torch.testing.assert_close(appended(x, group), expected, rtol=0, atol=TINY)


def test_two_ranks_form_the_groups_of_one_process():
    x = torch.randn(16, 3, 2, 2)
    whole = appended(x, 4)
    for rank in range(2):
        torch.testing.assert_close(appended(x[rank::2], 4), whole[rank::2])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_averaged_in_float32(dtype):
    """The square of 400 is no number of float16, and 1e-8 is none either."""
    x = (400 * torch.tensor([[1.0], [-1.0], [1.0], [1.0]])).repeat(1, 6).to(dtype)
    with torch.autocast("cpu", dtype):
        made = MinibatchStd(2)(x)
    assert made.dtype == dtype
    torch.testing.assert_close(made[:, -1].float(), torch.tensor([0.0, 400.0, 0.0, 400.0]), rtol=0, atol=2 * TINY)
    assert made[0, -1] > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_a_discriminator_of_a_batch_judges_by_its_variety(name):
    torch.manual_seed(0)
    net = family(name, group=4).discriminator((1, 8, 8), 0).double()
    x = torch.rand(4, 1, 8, 8, dtype=torch.float64)
    alone, same = net(x[:1].repeat(4, 1, 1, 1)), net(x)
    assert not torch.allclose(alone[0], same[0])
    without = family(name).discriminator((1, 8, 8), 0).double()
    torch.testing.assert_close(without(x[:1].repeat(4, 1, 1, 1))[0], without(x)[0])
