"""The gradient penalties against closed forms, and their way to the critic's weights."""

import torch

from genlab.losses.penalty import dragan_penalty, gradient_penalty, zero_centred


def places(batch):
    stream = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, batch, 3, 4, 5, generator=stream, dtype=torch.float64)
    return real, fake, torch.rand(batch, generator=stream, dtype=torch.float64)


def test_of_a_linear_critic_it_is_known_for_every_image():
    weight = torch.randn(3, 4, 5, dtype=torch.float64)
    penalty = gradient_penalty(lambda x: (x * weight).sum((1, 2, 3)), *places(4))
    torch.testing.assert_close(penalty, (weight.norm() - 1).square().expand(4))


def test_of_a_quadratic_critic_it_depends_on_the_place_of_each_image():
    real, fake, place = places(4)
    penalty = gradient_penalty(lambda x: x.square().sum((1, 2, 3)) / 2, real, fake, place)
    x = place[:, None, None, None] * real + (1 - place[:, None, None, None]) * fake
    torch.testing.assert_close(penalty, (x.flatten(1).norm(dim=1) - 1).square())


def test_patches_count_as_their_mean():
    def one(x):
        return x.sum((1, 2, 3))

    real, fake, place = places(2)
    map_of_equal_scores = gradient_penalty(lambda x: one(x)[:, None, None].expand(-1, 7, 9), real, fake, place)
    torch.testing.assert_close(map_of_equal_scores, gradient_penalty(one, real, fake, place))


def test_its_gradient_reaches_the_weights_and_is_finite_where_the_slope_is_zero():
    weight = torch.zeros(3, 4, 5, dtype=torch.float64, requires_grad=True)
    gradient_penalty(lambda x: (x * weight).sum((1, 2, 3)), *places(2)).mean().backward()
    assert weight.grad.isfinite().all()
    weight = torch.full((3, 4, 5), 1.0, dtype=torch.float64, requires_grad=True)
    gradient_penalty(lambda x: (x * weight).sum((1, 2, 3)), *places(2)).mean().backward()
    norm = weight.detach().norm()
    torch.testing.assert_close(weight.grad, 2 * (norm - 1) * weight.detach() / norm)


def test_slopes_below_one_are_penalised_too():
    flat = gradient_penalty(lambda x: x.flatten(1).sum(1) / 100, *places(3))
    torch.testing.assert_close(flat, flat.new_full((3,), (1 - 60**0.5 / 100) ** 2))  # 60 numbers, each with slope 1/100


def test_autocast_does_not_reach_the_penalty():
    torch.manual_seed(0)
    critic = torch.nn.Conv2d(3, 1, 3).double()
    expected = gradient_penalty(critic, *places(4))
    with torch.autocast("cpu", torch.bfloat16):
        found = gradient_penalty(critic.float(), *(x.float() for x in places(4)))
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)


def test_zero_centred_it_is_half_the_squared_slope():
    weight, x = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True), places(4)[0]
    linear = zero_centred(lambda x: (x * weight).sum((1, 2, 3)), x)
    torch.testing.assert_close(linear, weight.square().sum().expand(4) / 2)
    quadratic = zero_centred(lambda x: x.square().sum((1, 2, 3)) / 2, x)
    torch.testing.assert_close(quadratic, x.square().sum((1, 2, 3)) / 2)
    (slope,) = torch.autograd.grad(linear.mean(), weight)
    torch.testing.assert_close(slope, weight)


def test_around_real_images_it_depends_on_noise_and_place_of_each():
    real, noise, place = places(4)
    draw, spread = noise.sigmoid(), torch.tensor(3.0, dtype=torch.float64)
    penalty = dragan_penalty(lambda x: x.square().sum((1, 2, 3)) / 2, real, spread, draw, place)
    x = torch.stack([real[i] + place[i] * 0.5 * 3 * draw[i] for i in range(4)])
    torch.testing.assert_close(penalty, (x.flatten(1).norm(dim=1) - 1).square())
    weight = torch.randn(3, 4, 5, dtype=torch.float64)
    linear = dragan_penalty(lambda x: (x * weight).sum((1, 2, 3)), real, spread, draw, place)
    torch.testing.assert_close(linear, (weight.norm() - 1).square().expand(4))
