"""Inversion: of a linear generator against least squares, of a network's own images, of real ones against random samples."""

import pytest
import torch
from torch import nn

from genlab.analysis.inversion.descent import Descent, best_of_random, frozen, require_generator
from genlab.analysis.inversion.latent_encoder import LatentEncoder, encoded, hybrid
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.contracts import ConfigError, DataSpec
from genlab.metrics.reconstruction import mse
from genlab.nets.mlp import MLP

from linear_generator import Linear


def descent(steps=300, starts=2, sigma=0.1, lr=0.3, batch_size=64):
    return Descent(steps, lr, starts, sigma, batch_size)


def pixels(count=5, seed=1):
    return torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("sigma", [0.05, 0.3, 2.0])
def test_z_of_a_linear_generator_is_that_of_least_squares_with_the_prior(sigma):
    """The posterior of a linear Gaussian model has its mode at (A'A + sigma^2 I)^-1 A'(x - b)."""
    model, x = Linear(), pixels()
    found = descent(600, sigma=sigma)(model, x, 0)
    a = model.a.detach()
    normal = a.T @ a + sigma**2 * torch.eye(3, dtype=torch.float64)
    expected = torch.linalg.solve(normal, a.T @ (x.flatten(1) - model.b.detach()).T).T
    torch.testing.assert_close(found.z, expected, atol=2e-4, rtol=1e-3)


def test_the_cost_is_minus_the_log_density_in_nats():
    model, x = Linear(), pixels()
    found = descent(5, sigma=0.2)(model, x, 0)
    pixel, prior = torch.distributions.Normal(model.generate(found.z), 0.2), torch.distributions.Normal(0.0, 1.0)
    log_density = pixel.log_prob(x).flatten(1).sum(1) + prior.log_prob(found.z).sum(1)
    best = torch.distributions.Normal(x, 0.2).log_prob(x).flatten(1).sum(1) + prior.log_prob(torch.zeros(5, 3)).sum(1)
    torch.testing.assert_close(found.curve[-1], (best - log_density).detach())


def test_images_do_not_depend_on_those_inverted_with_them():
    model, x = Linear(), pixels(5)
    whole = descent(20)(model, x, 0)
    parts = descent(20, batch_size=2)(model, x, 0)
    torch.testing.assert_close(parts.z, whole.z)
    torch.testing.assert_close(parts.curve, whole.curve)
    torch.testing.assert_close(descent(20)(model, x[3:4], 0).z, whole.z[3:4])
    assert whole.curve.shape == (21, 5)
    assert not torch.allclose(descent(20)(model, x, 1).z, whole.z)


def test_of_several_starts_the_one_of_the_lowest_cost_counts():
    """Two valleys: |z| must be 2, the prior prefers neither; one start of ten is near the low one."""
    model = Linear()
    model.generate = lambda z, *, label=None: (z.sin().sum(1) / 6 + 0.5).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    x = pixels(3)
    alone = [descent(8, starts=1)(model, x, seed).curve[-1] for seed in (0, 1)]
    several = descent(8, starts=40)(model, x, 0)
    assert torch.all(several.curve[-1] <= alone[0] + 1e-9)
    assert not torch.allclose(several.curve[-1], alone[0], rtol=1e-3)
    torch.testing.assert_close(descent(8, starts=40).cost(model, x, several.z[:, None], {})[:, 0], several.curve[-1])


def game(composed, *overrides):
    cfg = composed("model=gan", "data=digits", "model.latent_dim=4", *overrides)
    prepared = prepare(cfg)
    return build_model(cfg, prepared.spec), prepared


def test_what_a_network_made_is_found_again(composed):
    model, _ = game(composed)
    z = model.draw(6, seed=123)
    x = model.decode(z)
    assert best_of_random(model, x, 100, 0).psnr.min() < 45  # what it makes is not all alike
    found = descent(300, starts=4, sigma=0.003, lr=0.2)(model, x, 0)
    assert found.psnr.min() > 50
    torch.testing.assert_close(found.z, z, atol=0.05, rtol=0)


def test_real_images_are_nearer_than_the_nearest_of_a_hundred_samples(composed):
    model, prepared = game(composed)
    x = torch.from_numpy(prepared.images["test"][:8].copy()).float() / 255
    nearest = best_of_random(model, x, 100, 0)
    samples = model.decode(model.draw(100, seed=0))
    every = torch.stack([mse(x, sample.expand_as(x)) for sample in samples]).min(0).values
    torch.testing.assert_close(mse(x, nearest.image), every)
    assert torch.all(descent(100, sigma=0.05)(model, x, 0).psnr > nearest.psnr)


def test_the_model_is_as_it_was_and_so_is_the_random_state(composed):
    model, prepared = game(composed)
    model.train()
    model.discriminator.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x, state = torch.rand(2, 1, 8, 8), torch.get_rng_state()
    descent(3)(model, x, 0)
    LatentEncoder(MLP([8], "relu", "none", 0.0), 3, 4, 1e-3).trained(model, 0)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(weight.requires_grad and weight.grad is None for weight in model.generator.parameters())
    assert not any(weight.requires_grad for weight in model.discriminator.parameters())


def test_a_frozen_model_thaws_after_an_error():
    model = Linear()
    with pytest.raises(RuntimeError, match="broken"), frozen(model):
        assert not model.training
        assert not model.a.requires_grad
        raise RuntimeError("broken")
    assert model.training
    assert model.a.requires_grad


def test_labels_of_a_conditional_generator_go_with_their_images():
    """Images of label 1 are darker by 0.2: with the right label there is nothing else to explain."""
    model, labels = Linear(needs=("classes",)), torch.tensor([0, 1, 1])
    x = model.decode(torch.zeros(3, 3, dtype=torch.float64), label=labels)
    found = descent(200, batch_size=2)(model, x, 0, label=labels)
    torch.testing.assert_close(found.z, torch.zeros(3, 3, dtype=torch.float64), atol=1e-3, rtol=0)
    assert found.psnr.min() > 50
    wrong = descent(200)(model, x, 0, label=1 - labels)
    assert wrong.psnr.max() < 30
    assert best_of_random(model, x, 400, 0, label=labels).psnr.min() > wrong.psnr.max()
    z = torch.zeros(3, 2, 3, dtype=torch.float64)  # two starts of each
    assert torch.all(descent().cost(model, x, z, {"label": labels}) < 1e-9)


# ---- by an encoder --------------------------------------------------------------------------------------------------


def teacher(steps=600):
    return LatentEncoder(MLP([32], "tanh", "none", 0.0), steps, 64, 0.01)


def test_an_encoder_learns_z_of_what_a_generator_makes():
    model = Linear()
    encoder = teacher().trained(model, 0)
    z = model.draw(200, seed=999)
    away = (encoder(model.decode(z)) - z).square().mean()
    assert away < 0.05  # the prior's variance is 1
    assert not encoder.training


def test_an_encoder_is_the_same_whatever_was_drawn_before_and_sees_new_samples_in_every_step():
    model, seeds = Linear(), []
    draw = model.draw
    model.draw = lambda n, *, seed=None: (n == 64 and seeds.append(seed), draw(n, seed=seed))[1]
    weights = []
    for _ in range(2):
        torch.rand(1)
        weights.append([*teacher(5).trained(model, 0).parameters()])
    assert all(map(torch.equal, *weights))
    assert len(set(seeds)) == 5
    assert seeds[:5] == seeds[5:]


def test_an_encoder_of_a_conditional_generator_sees_samples_of_its_labels():
    model, labels = Linear(needs=("classes",)), torch.tensor([0, 1])
    encoder = teacher().trained(model, 0, labels=labels)
    z = model.draw(100, seed=999)
    for label in labels:
        own = encoder(model.decode(z, label=label.expand(100)))
        assert (own - z).square().mean() < 0.1


def test_a_hybrid_descends_from_where_the_encoder_points():
    model, x = Linear(), pixels()
    encoder, few = teacher(200).trained(model, 0), descent(10, starts=1, lr=0.05)
    pointed, both = encoded(encoder, model, x), hybrid(encoder, few, model, x, 0)
    assert pointed.curve.shape == (0, 5)
    torch.testing.assert_close(pointed.z, encoder(x).detach())
    torch.testing.assert_close(both.curve[0], few.cost(model, x, pointed.z[:, None], {})[:, 0].detach())
    assert torch.all(both.curve[-1] < both.curve[0])
    assert both.curve[-1].mean() < few(model, x, 0).curve[-1].mean()


class Points(Linear):
    def __init__(self):
        super().__init__()
        self.spec = DataSpec("x", "points", (2,), {}, "")


@pytest.mark.parametrize(
    ("model", "words"), [(nn.Linear(1, 1), "Linear has no generator.*what=reconstruct"), (Points(), "makes points")]
)
def test_what_cannot_be_inverted_is_refused(model, words):
    with pytest.raises(ConfigError, match=f"what=invert: .*{words}"):
        require_generator(model, "what=invert")
    require_generator(Linear(), "what=invert")
