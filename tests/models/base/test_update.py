"""One update of every kind of model under a real Trainer, beside a loop written by hand: what is clipped, what is gathered."""

import lightning.pytorch as pl
import pytest
import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, parameters_to_vector
from torch.utils.data import DataLoader

from genlab.callbacks.stopping import MaxSteps
from genlab.contracts import DataSpec, Images
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.vae import VAE
from genlab.nets.gan_mlp import GANMLP
from genlab.nets.mlp import MLP

from players import gan as game

SPEC, SEED, LR = DataSpec("x", "images", (1, 4, 4), {"train": 30}, "0"), 3, 0.5
CLIP = {"norm": clip_grad_norm_, "value": clip_grad_value_}


def sgd(parameters):
    """Adam would hide a factor on the gradient."""
    return torch.optim.SGD(parameters, LR)


def vae():
    torch.manual_seed(0)
    parts = ELBO(1), StandardNormal()
    return VAE(
        2, 1.0, "bernoulli", 1.0, "linear", 1, *parts, MLP([5], "tanh", "none", 0.0), sgd, Constant(), SPEC, SEED
    ).double()


def gan():
    return game(GANMLP([8], [8], "tanh", "tanh", False, 0, "projection"), latent_dim=2, optimizer=sgd)


MODELS = [vae, gan]
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step`", "ignore:.*LeafSpec")


def batches(count):
    stream = torch.Generator().manual_seed(1)
    draws = (torch.rand(6, 1, 4, 4, generator=stream, dtype=torch.float64) for _ in range(count))
    return [Images(image, None, torch.arange(6)) for image in draws]


def fitted(model, data, epochs=1, clip=None, algorithm="norm", together=1, callbacks=()):
    """Train as the command does: clipping and accumulation are the model's own."""
    model.gradient_clip_val, model.gradient_clip_algorithm, model.accumulate_grad_batches = clip, algorithm, together
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=epochs, enable_model_summary=False, callbacks=list(callbacks), **quiet
    )
    trainer.fit(model, DataLoader(data, batch_size=None))
    return model


def players(model):
    return {phase.name: phase.nets for phase in model.phases()}


def loss_by_hand(model, player, batch, number):
    """What the one who moves minimises on batch ``number``."""
    noise = Noise(SEED, "train", number, torch.device("cpu"), torch.float64)
    if player == "":
        return model.terms(batch, noise)["loss"].mean()
    fakes = model.shared(batch, noise)
    if player == "g":
        return model.generator_terms(batch, fakes, noise)["loss_g"].mean()
    return model.discriminator_loss(model.discriminator_terms(batch, {"fake": fakes["fake"].detach()}, noise)).mean()


def by_hand(model, groups, clip=None, algorithm="norm"):
    """Each group of numbered batches is one update: every player in turn on all of them, by the mean of their losses."""
    for group in groups:
        for player in players(model):
            parameters = [p for net in players(model)[player] for p in net.parameters()]
            loss = sum(loss_by_hand(model, player, batch, number) for number, batch in group) / len(group)
            for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                parameter.grad = gradient
            if clip:
                CLIP[algorithm](parameters, clip)
            with torch.no_grad():
                for parameter in parameters:
                    parameter -= LR * parameter.grad
    return model


def assert_equal(model, expected):
    for (name, mine), theirs in zip(model.named_parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10, msg=name)


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize(("epochs", "together", "groups"), [(2, 2, [2, 2, 1, 2, 2, 1]), (1, 3, [3, 2]), (1, 9, [5])])
def test_a_short_last_group_is_a_mean_over_its_own_batches_and_steps_at_the_epochs_end(make, epochs, together, groups):
    data = batches(5)
    numbered = iter(list(enumerate(data * epochs)))
    expected = by_hand(make(), [[next(numbered) for _ in range(size)] for size in groups])
    model = fitted(make(), data, epochs, together=together)
    assert_equal(model, expected)
    assert not model.inside_update()


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("algorithm", CLIP)
def test_every_player_is_clipped_to_what_was_asked_for_and_once_for_each_update(make, algorithm):
    limit, data = 0.01, batches(3)
    expected = by_hand(make(), [list(enumerate(data))[:2], list(enumerate(data))[2:]], limit, algorithm)
    model = fitted(make(), data, clip=limit, algorithm=algorithm, together=2)
    assert_equal(model, expected)
    first = fitted(make(), data[:1], clip=limit, algorithm=algorithm)
    for (now,), (before,) in zip(players(first).values(), players(make()).values(), strict=True):
        gradient = (parameters_to_vector(before.parameters()) - parameters_to_vector(now.parameters())) / LR
        reached = gradient.norm() if algorithm == "norm" else gradient.abs().max()
        assert reached.item() == pytest.approx(limit, rel=1e-4)  # torch divides by the norm and a millionth more


@pytest.mark.parametrize("make", MODELS)
def test_gradients_below_the_limit_and_without_one_are_left_alone(make):
    data = batches(2)
    expected = by_hand(make(), [[pair] for pair in enumerate(data)])
    for clip in (None, 0.0, 1e3):
        assert_equal(fitted(make(), data, clip=clip), expected)


@pytest.mark.parametrize("make", MODELS)
def test_max_steps_ends_with_the_update_that_its_batch_belongs_to(make):
    """5 batches, 2 an update: batch 3 is half an update, batch 5 a whole one, with which the epoch ends."""
    for asked, done in ((3, 4), (4, 4), (5, 5), (6, 7)):
        assert fitted(make(), batches(5), 3, together=2, callbacks=[MaxSteps(asked)]).batches_seen == done
