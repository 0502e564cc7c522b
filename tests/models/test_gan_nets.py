"""Every network family of a GAN trains with all that it offers, and makes the same pictures when it is loaded."""

import pytest
import torch

from genlab.runs.load import load

SHORT = ["trainer.max_epochs=1", "data.limit=40", "data.batch_size=8", "metrics=none", "callbacks=none", "logger=csv"]
ALL = ["model.net.spectral_norm=true", "model.net.minibatch_std=4", "model.latent_dim=3"]


@pytest.mark.parametrize(
    ("net", "options"),
    [
        ("mlp", ["data=toy2d"]),
        ("mlp", ["data=digits", "model.net.discriminator_hidden=[]", "model.net.generator_hidden=[]"]),
        ("dcgan", ["data=digits", "model.net.width=4", "model.net.discriminator_norm=instance"]),
        (
            "dcgan",
            ["data=digits", "model.net.width=4", "model.net.discriminator_norm=layer", "trainer.precision=bf16-mixed"],
        ),
        ("sngan", ["data=digits", "model.net.width=4", "trainer.accumulate_grad_batches=2"]),
        ("sngan", ["data=digits", "model.net.width=4", "trainer.precision=bf16-mixed"]),
    ],
)
def test_a_family_trains_and_is_kept(net, options, train):
    run = train("model=gan", f"model/gan_net@model.net={net}", *options, *SHORT, *ALL)
    one, other = load(run), load(run)
    made = one.sample(5, seed=1)
    assert made.isfinite().all()
    assert torch.equal(made, other.sample(5, seed=1))
    kept = one.discriminator.state_dict()
    assert any(name.endswith("weight.0.u") for name in kept)
    x = torch.rand(4, *one.spec.shape)
    with torch.no_grad():
        assert torch.equal(one.discriminator(x), other.discriminator(x))
