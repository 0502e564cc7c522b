"""What ``seed`` decides: the first weights and all that is drawn; the same seed, the same model."""

import random

import numpy as np
import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_callbacks, build_model


@pytest.fixture
def built(composed):
    """A small model by its seed, and what Python, numpy and torch draw next."""

    def build(seed, *more):
        cfg = composed("model=vae", "data=digits", "model.latent_dim=2", f"seed={seed}", *more)
        model = build_model(cfg, prepare(cfg).spec)
        return model, (random.random(), np.random.rand(), torch.rand(()).item())

    return build


def test_a_seed_decides_the_first_weights_and_what_is_drawn_after_them(built):
    (one, drawn), (same, again), (other, otherwise) = built(5), built(5), built(6)
    weights = [torch.nn.utils.parameters_to_vector(model.parameters()) for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert drawn == again
    assert all(a != b for a, b in zip(drawn, otherwise, strict=True))
    samples = [model.sample(3) for model in (one, same, other)]
    assert torch.equal(samples[0], samples[1])
    other.load_state_dict(one.state_dict())
    assert not torch.equal(samples[0], other.sample(3))


def test_the_keys_that_a_model_takes_from_the_trainer_reach_it(built):
    model, _ = built(0, "trainer.log_every_n_steps=7", "trainer.gradient_clip_val=0.5", "trainer.max_steps=9")
    assert (model.log_every, model.gradient_clip_val, model.gradient_clip_algorithm) == (7, 0.5, "norm")
    asked = ["trainer.gradient_clip_algorithm=value", "trainer.accumulate_grad_batches=3"]
    model, _ = built(0, *asked)
    assert (model.gradient_clip_algorithm, model.accumulate_grad_batches) == ("value", 3)


def test_callbacks_measure_then_show_then_save_and_only_then_leave(composed):
    names = [type(callback).__name__ for callback in build_callbacks(composed("trainer.max_steps=9"))]
    assert names == [
        "Evaluate",
        "Progress",
        "Pictures",
        "Alarms",
        "MaxSteps",
        "FitMixture",
        "Checkpoints",
        "StopOnSignal",
    ]


def test_a_callback_that_is_null_is_left_out(composed):
    names = {type(callback).__name__ for callback in build_callbacks(composed("callbacks.pictures=null"))}
    assert "Pictures" not in names
    assert "Alarms" in names
