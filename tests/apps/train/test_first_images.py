"""Parts of a model that begin as training images get them: before the first step, the same ones everywhere."""

import torch

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.apps.train.first_images import begin_with_images
from genlab.runs.load import load_run


def inputs(cfg, seed):
    prepared = prepare(cfg)
    model = build_model(cfg, prepared.spec)
    begin_with_images(model, prepared, seed)
    return model.prior.inputs.detach(), torch.from_numpy(prepared.columns["train"]["image"][:]).float() / 255


def test_a_vamp_prior_begins_with_different_training_images_chosen_by_the_seed_alone(composed):
    cfg = composed("model=vamp_vae", "data=digits", "model.prior.components=20", "data.limit=200")
    first, images = inputs(cfg, 0)
    found = (first.flatten(1)[:, None] == images.flatten(1)).all(2)  # [20, N]
    assert found.any(1).all()
    assert len(torch.unique(first.flatten(1), dim=0)) == 20
    torch.manual_seed(5)  # whatever was drawn before
    assert torch.equal(inputs(cfg, 0)[0], first)
    assert not torch.equal(inputs(cfg, 1)[0], first)


def test_a_training_begins_with_them(train):
    options = ["model=vamp_vae", "data=digits", "model.prior.components=20", "data.limit=200", "trainer.max_epochs=1"]
    options += ["metrics=none", "callbacks=none", "model.optimizer.lr=1e-6", "data.batch_size=200"]
    run = train(*options)
    kept = load_run(run)
    first, _ = inputs(kept.config, kept.config.seed)
    torch.testing.assert_close(kept.model.prior.inputs.detach(), first, rtol=0, atol=1e-4)
