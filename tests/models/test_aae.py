"""The adversarial autoencoder beside a loop by hand; whose label the discriminator is told; what cannot be trained."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from genlab.contracts import ConfigError, DataSpec, Images
from genlab.models.aae import AAE
from genlab.models.base.labelled import PURPOSE, Labelled
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.priors.ring import Ring
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.priors.vamp import Vamp
from genlab.nets.code_discriminator import CodeDiscriminator
from genlab.nets.mlp import MLP
from genlab.random import keyed_bits

from stepping import move, noise_of, play, stepping

PARTS = "loss_d_real", "loss_d_fake"
SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0", classes=3, class_names=("a", "b", "c"))
RATES = {"ae": 1e-2, "d": 4e-3, "g": 2e-3}


def made(posterior="deterministic", labelled=0, prior=None, spec=SPEC, latent_dim=2):
    torch.manual_seed(0)
    rates = [lambda parameters, lr=lr: torch.optim.Adam(parameters, lr) for lr in RATES.values()]
    parts = prior or StandardNormal(), MLP([12], "tanh", "none", 0.0), CodeDiscriminator([9, 8], "relu")
    return stepping(
        AAE(latent_dim, posterior, labelled, "gaussian", 1.0, "linear", 1, *parts, *rates, Constant(), spec, 3).double()
    )


def ring():
    return Ring(3, 4.0, 1.0, 0.4)


def batch(step, size=6):
    stream = torch.Generator().manual_seed(step)
    image = torch.rand(size, 1, 4, 4, generator=stream, dtype=torch.float64)
    index = torch.randperm(64, generator=stream)[:size]
    return Images(image, index % 3, index)


def stepped(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def cross_entropy(logit, target):
    return F.binary_cross_entropy_with_logits(logit, torch.full_like(logit, target))


@pytest.mark.parametrize("posterior", ["deterministic", "gaussian"])
@pytest.mark.parametrize("labelled", [0, 20])
def test_its_updates_are_those_of_a_loop_by_hand(posterior, labelled):
    """Codes that D sees are from before the reconstruction step; those of the encoder's answer from after it."""
    ours = made(posterior, labelled, ring() if labelled else None)
    e, p, d = (copy.deepcopy(net) for net in (ours.encoder, ours.decoder, ours.discriminator))
    opt_ae = torch.optim.Adam([*e.parameters(), *p.parameters()], RATES["ae"])
    opt_d, opt_g = torch.optim.Adam(d.parameters(), RATES["d"]), torch.optim.Adam(e.parameters(), RATES["g"])
    for step in range(5):
        items, noise = batch(step), noise_of(ours, step)
        eps = noise.normal("z", 6, 2)

        def code(x, eps=eps):
            if posterior == "deterministic":
                return e(x)
            mean, logvar = e(x).chunk(2, 1)
            return mean + (logvar / 2).exp() * eps

        real = noise.draws("prior", 6, ours.prior.sample)
        beside = torch.zeros(6, 0, dtype=torch.float64)
        if labelled:
            told = ours.labelled.of(items, training=True)
            beside = F.one_hot(torch.where(told, items.label, 3), 4).double()
            real[told] = ours.prior.place(items.label, noise.normal("component", 6, 2))[told]
        z = code(items.image)
        stepped(opt_ae, (p(z) - items.image).square().sum() / 12)
        fake = torch.cat([z.detach(), beside], 1)
        stepped(opt_d, cross_entropy(d(torch.cat([real, beside], 1)), 1.0) + cross_entropy(d(fake), 0.0))
        stepped(opt_g, cross_entropy(d(torch.cat([code(items.image), beside], 1)), 1.0))
        terms = play(ours, (items, noise))
    assert set(terms) == {"loss_ae", "recon", "loss_d", *PARTS, "d_real", "d_fake", "d_accuracy", "loss_g"}
    theirs = [w for net in (e, p, d) for w in net.parameters()]
    for mine, other in zip(ours.parameters(), theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-10)


def test_the_discriminators_loss_leaves_nothing_in_the_encoder_nor_the_encoders_in_it():
    ours = made()
    for phase, still in {
        "ae": ["discriminator"],
        "d": ["encoder", "decoder"],
        "g": ["discriminator", "decoder"],
    }.items():
        ours.zero_grad(set_to_none=True)
        move(ours, phase, (batch(0), noise_of(ours, 0)))
        assert all(w.grad is None for net in still for w in getattr(ours, net).parameters()), phase
        assert any(w.grad is not None for w in ours.parameters())


def test_accuracy_counts_codes_and_draws_alike():
    ours = made()
    ours.verdict = lambda z, batch: z[:, 0]
    shared = {"z": torch.tensor([[-1.0, 0], [1, 0], [-1, 0], [-1, 0]])}
    ours.drawn = lambda batch, noise: torch.tensor([[1.0, 0], [1, 0], [-1, 0], [1, 0]])
    assert ours.discrimination(None, shared, None)["d_accuracy"].tolist() == [1.0, 0.5, 0.5, 1.0]


def test_so_many_images_are_labelled_the_same_in_every_epoch_and_none_outside_training():
    ours, every = made("deterministic", 20, ring()), torch.arange(64)
    told = ours.labelled.of(Images(None, None, every), training=True)
    assert told.sum() == 20
    order = torch.randperm(64)
    assert torch.equal(ours.labelled.of(Images(None, None, order), training=True), told[order])
    assert not ours.labelled.of(Images(None, None, every), training=False).any()
    assert not torch.equal(
        told, made("deterministic", 20, ring(), SPEC).labelled.of(Images(None, None, every + 1), True)
    )


def test_there_are_as_many_as_asked_for_also_where_two_images_have_one_number():
    """Of 20,000 images and 2^24 numbers a dozen pairs have one: a bound by the number alone would label both."""
    spec, index = DataSpec("x", "images", (1, 4, 4), {"train": 20_000}, "0", classes=3), torch.arange(20_000)
    bits = np.sort(keyed_bits(np.arange(20_000), 3, 0, PURPOSE))
    (first,) = np.nonzero(bits[1:] == bits[:-1])
    assert len(first) > 3
    for place in first:
        for count in (place + 1, place + 2):
            known = Labelled("x", int(count), spec, 3).of(Images(index, None, index), training=True)
            assert int(known.sum()) == count


def test_a_labelled_image_is_held_against_its_own_component_and_every_other_against_the_whole_prior():
    ours = made("deterministic", 20, ring())
    items = batch(0, 60)
    z, told = ours.drawn(items, noise_of(ours, 0)), ours.labelled.of(items, training=True)
    centres = ours.prior.place(torch.arange(3), torch.zeros(3, 2).double())
    nearest = torch.cdist(z, centres).argmin(1)
    assert torch.equal(nearest[told], items.label[told])
    assert set(nearest[~told & (items.label == 0)].tolist()) == {0, 1, 2}


def test_the_prior_is_drawn_for_the_global_batch_of_all_ranks():
    ours = made("deterministic", 20, ring())
    whole = Noise(3, "train", 0, torch.device("cpu"), torch.float64).draws("prior", 8, ours.prior.sample)
    parts = [Noise(3, "train", 0, torch.device("cpu"), torch.float64, r, 2) for r in (0, 1)]
    shares = [noise.draws("prior", 4, ours.prior.sample) for noise in parts]
    assert torch.equal(torch.stack(shares, 1).flatten(0, 1), whole)


def test_samples_decode_draws_of_the_prior():
    ours = made(prior=ring())
    assert torch.equal(ours.sample(5, seed=2), ours.decode(ours.draw(5, seed=2)))
    assert torch.equal(ours.draw(5, seed=2), ours.prior.sample(5, ours.sample_stream(2), torch.float64))


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"labelled": 20}, "needs a prior with a component for each of the 3 classes"),
        ({"labelled": 20, "prior": Ring(4, 4.0, 1.0, 0.4)}, "components=3"),
        ({"labelled": 65, "prior": ring()}, "64 training images"),
        ({"prior": ring(), "latent_dim": 3}, "lies in a plane"),
        ({"prior": Vamp(5), "posterior": "gaussian"}, r"makes p\(z\) of these codes\n.*model/prior=standard_normal"),
        ({"prior": Vamp(5)}, r"makes p\(z\) of these codes"),
        (
            {"labelled": 20, "prior": ring(), "spec": DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0")},
            "no labels",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_with_what_can(choices, words):
    with pytest.raises(ConfigError, match=words):
        made(**choices)
