"""What a GAN says of any point or image, and its images with a gradient: for all that looks at a game from outside."""

import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.contracts import Generates, Judges
from genlab.data.store.module import StoreData
from genlab.images import signed

SETS = {
    "toy1d": ["model=gan", "model.latent_dim=1", "data.count=500"],
    "toy2d": ["model=gan", "model.latent_dim=2", "data.count=500"],
    "digits": ["model=dcgan", "model.latent_dim=3"],
    "mnist": ["model=dcgan", "model.net.width=4", "model.latent_dim=3"],  # large enough for batch norm in D
}


@pytest.fixture(params=SETS)
def game(request, composed):
    cfg = composed(f"data={request.param}", *SETS[request.param], "data.batch_size=16", "data.limit=64")
    prepared = prepare(cfg)
    data = StoreData(prepared, 16, 0)
    return build_model(cfg, prepared.spec), data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)


def test_what_d_holds_of_real_data_is_d_real(game):
    model, batch = game
    assert isinstance(model, Judges)
    model.eval()
    noise = model.noise("val", 0)
    d_real = model.discriminator_terms(batch, model.shared(batch, noise), noise)["d_real"]
    judged = model.judge(batch[0])
    assert judged.shape == (16,)
    torch.testing.assert_close(judged.sigmoid(), d_real.detach())
    assert not judged.requires_grad


def test_judging_is_of_d_in_evaluation_and_leaves_the_mode_and_the_statistics(game):
    model, batch = game
    model.train()
    before = {name: value.clone() for name, value in model.discriminator.state_dict().items()}
    one, alone = model.judge(batch[0]), model.judge(batch[0][:1])
    torch.testing.assert_close(one[:1], alone)
    assert model.training
    for name, value in model.discriminator.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_generated_is_decoded_with_a_gradient(game):
    model, batch = game
    assert isinstance(model, Generates)
    model.eval()
    z = model.draw(5, seed=0).requires_grad_()
    made = model.generate(z)
    torch.testing.assert_close(made.detach(), model.decode(z), atol=1e-6, rtol=0)
    (slope,) = torch.autograd.grad(made.sum(), z)
    assert slope.abs().min() > 0
    if model.spec.kind == "images":
        torch.testing.assert_close(signed(made), model.generator(z))
    assert not model.decode(z).requires_grad
