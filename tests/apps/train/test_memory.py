"""The memory of a step is told before there is one: by shapes alone, and as real tensors take it."""

import pytest
import torch

from genlab.apps.command.paths import prepare as prepare_data
from genlab.apps.train import memory
from genlab.apps.train.build import build_model
from genlab.apps.train.memory import Alive, batch_like, step_memory
from genlab.config.files import Conf

from killing import choices
from stepping import play, stepping


@pytest.fixture
def asked(composed, tmp_path):
    """The configuration and data of a small run: ``asked("vae", …)``."""

    def small(model, *typed):
        cfg = composed(*choices(model, tmp_path), "data.limit=64", "metrics=none", *typed)
        return cfg, prepare_data(cfg).spec

    return small


@pytest.mark.parametrize("model", ["vae", "pix2pix", "cyclegan"])
def test_shapes_take_what_real_tensors_take(model, asked):
    cfg, spec = asked(model, "model.pool_size=0" if model == "cyclegan" else "seed=0")
    told = step_memory(cfg, spec, "32-true")
    with Alive() as alive:
        real = stepping(build_model(cfg, spec))
        weights = alive.now
        for _ in range(2):
            alive.peak = alive.now
            play(real, (batch_like(spec, cfg.data.batch_size, torch.float32), real.noise("train", 0)))
    assert told.weights == weights
    assert told.kept == pytest.approx(alive.now - weights, rel=0.02)
    assert told.total == pytest.approx(alive.peak, rel=0.02)


def test_what_stays_is_gradients_and_two_moments_and_doubles_keep_twice_as_much(asked):
    cfg, spec = asked("ae")
    single, double = (step_memory(cfg, spec, precision) for precision in ("32-true", "64-true"))
    assert single.weights == sum(4 * x.numel() for x in build_model(cfg, spec).state_dict().values())
    assert single.kept == pytest.approx(3 * single.weights, rel=0.01)
    assert double.total == pytest.approx(2 * single.total, rel=0.01)


def test_activations_follow_the_batch_and_shrink_in_bf16(asked):
    many, few = (asked("beta_vae", "model/net=conv", f"data.batch_size={size}") for size in (64, 16))
    large, small, half = step_memory(*many, "32-true"), step_memory(*few, "32-true"), step_memory(*many, "bf16-mixed")
    assert (large.weights, large.kept) == (small.weights, small.kept)
    assert 3.5 < large.step / small.step < 5.0
    assert 0.4 < half.step / large.step < 0.8


REMEDIES = ["model.loss=relativistic", "model.r1=1", "model.dragan=1", "model.pack=2", "model.top_k=0.5"]
REMEDIES += ["model.g_steps=2", "model.ema_images=100", "model.instance_noise=0.1", "model.net.spectral_norm=true"]
OPTIONS = [(model, []) for model in Conf().options("model")] + [("pix2pix", ["model.ema=0.9"]), ("gan", REMEDIES)]


@pytest.mark.parametrize(("model", "typed"), OPTIONS, ids=[f"{model}{'-' * bool(typed)}" for model, typed in OPTIONS])
def test_check_only_tells_it_of_every_model(model, typed, asked, train, tmp_path, capfd):
    train(*choices(model, tmp_path), *typed, "data.limit=128", "metrics=none", "check_only=true")
    said = capfd.readouterr().err
    for precision in ("32-true", "bf16-mixed"):
        assert f"{precision:10} " in said
    assert said.count("gradients and optimiser") == 2
    assert "cannot be estimated" not in said


def test_a_step_that_looks_at_numbers_is_not_estimated(asked, train, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(memory.Unseen, "look", lambda self, terms, loss, batch: loss.item())
    train(*choices("vae", tmp_path), "data.limit=64", "metrics=none", "check_only=true")
    assert "cannot be estimated: the model's step looks at numbers" in capfd.readouterr().err
