"""FactorVAE beside algorithm 2 by hand; what its discriminator and its encoder leave in each other: nothing."""

import copy

import pytest
import torch
import torch.nn.functional as F

from genlab.contracts import ConfigError, DataSpec, Images, Weighs
from genlab.losses.density_ratio import permute_dims
from genlab.losses.importance import importance_bound
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant, Ramp
from genlab.models.factor_vae import FactorVAE
from genlab.models.objectives.elbo import ELBO
from genlab.models.objectives.iwae import IWAE
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.vae import VAE
from genlab.nets.code_discriminator import CodeDiscriminator
from genlab.nets.mlp import MLP

from stepping import move, noise_of, play, stepping

SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0")
LR, D_LR = 1e-2, 3e-3


def made(gamma=5.0, beta=2.0, samples=1, objective=None, spec=SPEC):
    torch.manual_seed(0)
    vae, d = (lambda ps: torch.optim.Adam(ps, LR)), (lambda ps: torch.optim.Adam(ps, D_LR, (0.5, 0.9)))
    nets = MLP([12], "tanh", "none", 0.0), CodeDiscriminator([9, 8], "leaky_relu")
    parts = objective or ELBO(samples), StandardNormal(), *nets
    model = FactorVAE(3, beta, gamma, "bernoulli", 1.0, "linear", 1, *parts, vae, d, Constant(), spec, 3)
    return stepping(model.double())


def batch(step, size=12):
    image = torch.rand(size, 1, 4, 4, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
    return Images(image, None, torch.arange(size))


def stepped(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@pytest.mark.parametrize("samples", [1, 3])
def test_its_updates_are_those_of_algorithm_2_by_hand(samples):
    """The VAE on one half; D on that half's codes from before the step, and the other half's from after it, permuted."""
    ours = made(gamma=Ramp(0.0, 5.0, batches=4, wait=0), samples=samples)
    e, p, d = (copy.deepcopy(net) for net in (ours.encoder, ours.decoder, ours.discriminator))
    opt = torch.optim.Adam([*e.parameters(), *p.parameters()], LR)
    opt_d = torch.optim.Adam(d.parameters(), D_LR, (0.5, 0.9))
    for step in range(6):
        items, noise = batch(step), noise_of(ours, step)
        x, other = items.image[:6], items.image[6:]
        mean, logvar = e(x).chunk(2, 1)
        z = mean[:, None] + (logvar / 2).exp()[:, None] * noise.normal("z", 6, samples, 3)
        target = x[:, None].expand(6, samples, 1, 4, 4).flatten(0, 1)
        recon = F.binary_cross_entropy_with_logits(p(z.flatten(0, 1)), target, reduction="sum") / samples
        kl = (mean.square() + logvar.exp() - 1 - logvar).sum() / 2
        tc = d(z.flatten(0, 1)).sum() / samples
        stepped(opt, (recon + 2.0 * kl + 5.0 * min(1.0, step / 4) * tc) / 6)
        mean, logvar = e(other).chunk(2, 1)
        second = mean + (logvar / 2).exp() * noise.normal("second", 6, 3)
        order = noise.orders("permute", 6, 3)
        rows = [[second[order[i, j], j] for j in range(3)] for i in range(6)]
        permuted = torch.stack([torch.stack(row) for row in rows]).detach()
        joint = torch.log(torch.sigmoid(d(z[:, 0].detach()))).sum()
        stepped(opt_d, -(joint + torch.log(1 - torch.sigmoid(d(permuted))).sum()) / 12)
        terms = play(ours, (items, noise))
    assert set(terms) == {
        "loss_vae",
        "recon",
        "kl",
        "elbo",
        "tc_d",
        "loss_d",
        "loss_d_real",
        "loss_d_fake",
        "d_accuracy",
    }
    theirs = [w for net in (e, p, d) for w in net.parameters()]
    nets = (ours.encoder, ours.decoder, ours.discriminator)
    for mine, other in zip([w for net in nets for w in net.parameters()], theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


def test_the_discriminators_loss_leaves_nothing_in_the_encoder_and_the_vaes_nothing_in_it():
    ours = made()
    for phase, still in {"d": ["encoder", "decoder"], "vae": ["discriminator"]}.items():
        ours.zero_grad(set_to_none=True)
        move(ours, phase, (batch(0), noise_of(ours, 0)))
        assert all(w.grad is None for net in still for w in getattr(ours, net).parameters()), phase
        assert any(w.grad is not None for w in ours.parameters())


def test_no_path_leads_from_the_discriminators_loss_to_the_encoder_though_nothing_is_frozen():
    ours, items, noise = made(), batch(0), noise_of(made(), 0)
    shared = {name: x.detach() for name, x in ours.shared(items, noise).items()}
    ours.discrimination(items, shared, noise)["loss_d"].mean().backward()
    assert all(w.grad is None for net in (ours.encoder, ours.decoder) for w in net.parameters())
    assert all(w.grad is not None for w in ours.discriminator.parameters())


def test_the_total_correlation_pulls_alike_however_the_objective_takes_its_gradient():
    """A doubly reparameterised one weighs the slopes that arrive at each draw: those of the bound, not those of D."""
    pull = {}
    for gradient in ("plain", "dreg"):
        slopes = []
        for gamma in (0.0, 1000.0):
            ours, items = made(gamma, objective=IWAE(5, gradient)), batch(0)
            terms = ours.vae_terms(items, ours.shared(items, noise_of(ours, 0)), noise_of(ours, 0))
            terms["loss_vae"].mean().backward()
            slopes.append(torch.cat([w.grad.flatten() for w in ours.encoder.parameters()]))
        pull[gradient] = slopes[1] - slopes[0]
    assert pull["plain"].norm() > 1
    torch.testing.assert_close(pull["dreg"], pull["plain"])


def test_every_column_is_permuted_by_itself_over_the_batch_and_keeps_its_values():
    z = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
    found = permute_dims(z, Noise(0, "train", 1, torch.device("cpu")).orders("permute", 64, 5))
    assert torch.equal(found.sort(0).values, z.sort(0).values)
    assert not torch.equal(found.sort(1).values, z.sort(1).values)  # nothing is exchanged within an image
    rows = {tuple(row) for row in z.tolist()}
    assert not any(tuple(row) in rows for row in found.tolist())


def test_an_order_is_keyed_by_batch_and_every_place_is_as_likely():
    orders = [Noise(0, "train", b, torch.device("cpu")).orders("permute", 4, 2) for b in range(2000)]
    again = Noise(0, "train", 7, torch.device("cpu")).orders("permute", 4, 2)
    assert torch.equal(again, orders[7])
    places = torch.stack(orders)  # [batches, rows, columns]
    for i in range(4):
        share = (places[:, 0] == i).double().mean(0)
        assert share.tolist() == pytest.approx([0.25, 0.25], abs=0.05)
    assert (places[:, 0, 0] == places[:, 0, 1]).double().mean() == pytest.approx(0.25, abs=0.05)


def test_a_half_of_one_code_is_refused_since_its_permutation_is_itself():
    """By the set before anything is built, by a batch in its step; in evaluation nothing is permuted."""
    ours = made()
    for size in (1, 2, 3):
        with pytest.raises(ConfigError, match=rf"a batch of {size} images.*\n.*data.batch_size=4"):
            play(ours, (batch(0, size), noise_of(ours, 0)))
    assert play(ours, (batch(0, 4), noise_of(ours, 0)))["loss_vae"].isfinite().all()
    assert ours.eval().vae_terms(batch(0, 1), ours.shared(batch(0, 1), noise_of(ours, 0)), None)["loss_vae"].isfinite()
    with pytest.raises(ConfigError, match="x has 3 training images"):
        made(spec=DataSpec("x", "images", (1, 4, 4), {"train": 3}, "0"))


def test_the_vae_learns_from_the_first_half_and_is_measured_on_every_image():
    ours, items = made(), batch(0)
    ours.encoder.register_forward_hook(lambda net, inputs, output: seen.append(inputs[0]))
    for training, count in ((True, 6), (False, 12)):
        seen = []
        ours.train(training)
        terms = ours.vae_terms(items, ours.shared(items, noise_of(ours, 0)), noise_of(ours, 0))
        assert torch.equal(seen[0], items.image[:count])
        assert {len(value) for value in terms.values()} == {count}


def test_without_gamma_it_is_the_vae_on_half_a_batch():
    ours, items = made(gamma=0.0), batch(0)
    torch.manual_seed(0)
    parts = ELBO(1), StandardNormal(), MLP([12], "tanh", "none", 0.0)
    vae = VAE(3, 2.0, "bernoulli", 1.0, "linear", 1, *parts, torch.optim.SGD, Constant(), SPEC, 3).double()
    vae.encoder, vae.decoder = ours.encoder, ours.decoder
    half = Images(items.image[:6], None, items.index[:6])
    terms = ours.vae_terms(items, ours.shared(items, noise_of(ours, 0)), noise_of(ours, 0))
    for name, value in vae.terms(half, noise_of(ours, 0)).items():
        torch.testing.assert_close(terms["loss_vae" if name == "loss" else name], value)
    x = items.image
    torch.testing.assert_close(ours.bound(x, 3), vae.bound(x, 3))
    torch.testing.assert_close(ours.score(x), vae.score(x))
    assert torch.equal(ours.sample(4, seed=1), vae.sample(4, seed=1))
    assert torch.equal(ours.reconstruct(x), vae.reconstruct(x))


def test_it_weighs_codes_of_given_noise():
    ours, x = made(), batch(0).image
    noise = torch.randn(12, 5, ours.noise_size, dtype=torch.float64)
    assert isinstance(ours, Weighs)
    (whole,) = ours.log_weights(x, [noise])
    parts = list(ours.log_weights(x, noise.split(2, 1)))
    torch.testing.assert_close(torch.cat(parts, 1), whole)
    assert importance_bound(whole).shape == (12,)


def test_accuracy_and_loss_have_one_value_for_each_image_of_both_halves():
    ours, items = made(), batch(0)
    ours.log_ratio = lambda z: z[:, 0]
    ours.permuted = lambda batch, noise: torch.tensor([[-2.0], [-2], [2], [2], [2], [2]])
    shared = {"z": torch.tensor([1.0, 1, 1, 1, -1, -1])[:, None, None]}
    terms = ours.discrimination(items, shared, None)
    assert terms["d_accuracy"].tolist() == [1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0]
    assert terms["loss_d"][:2].tolist() == pytest.approx([0.3132617] * 2)
    assert terms["loss_d"][6:].tolist() == pytest.approx([0.1269280] * 2 + [2.1269280] * 4)


def test_where_codes_depend_on_each_other_the_discriminator_finds_their_total_correlation():
    """Two numbers with correlation 0.9: TC = -log(1 - 0.81) / 2 = 0.83 nats; independent ones have none."""
    found = {}
    for rho in (0.0, 0.9):
        torch.manual_seed(0)
        d = CodeDiscriminator([64], "leaky_relu").build(2)
        optimizer, mixing = torch.optim.Adam(d.parameters(), 1e-2), torch.tensor([[1, 0], [rho, (1 - rho**2) ** 0.5]])
        for step in range(200):
            noise = Noise(0, "train", step, torch.device("cpu"))
            z, other = noise.normal("a", 400, 2) @ mixing.T, noise.normal("b", 400, 2) @ mixing.T
            product = permute_dims(other, noise.orders("permute", 400, 2))
            stepped(optimizer, F.softplus(-d(z)).mean() + F.softplus(d(product)).mean())
        found[rho] = float(d(torch.randn(20_000, 2) @ mixing.T).detach().mean())
    assert found[0.9] == pytest.approx(0.83, abs=0.12)
    assert found[0.0] == pytest.approx(0.0, abs=0.06)
