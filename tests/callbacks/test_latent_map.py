"""The film of codes: the same images in every frame, none lost or doubled by a stop, and nothing that training notices."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.callbacks.latent_map import LatentMap
from genlab.config.capabilities import models_with
from genlab.contracts import Code, ConfigError, Stopped
from genlab.film.code_map import CodeFrame
from genlab.film.kept import kept, read

import striking
from killing import assert_same_state
from striking import sends

# 17 batches an epoch, two epochs; 0.6 of an epoch are 10 batches
FILMED = [word for word in striking.LONG if word != "callbacks=trace"]
FILMED += ["model=vae", "callbacks=latent_map", "callbacks.latent_map.every_n_epochs=0.6"]
FILMED += ["callbacks.latent_map.images=40"]
TRACE = {"trace": {"_target_": "genlab.callbacks.trace.Trace"}}


@pytest.fixture
def filmed(composed, tmp_path, monkeypatch):
    """``filmed(trainer={…})``: a run of a VAE on digits that is filmed, to be acted upon in its middle."""
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    cfg = composed(*FILMED)

    def make(film=None, **groups):
        callbacks = {"callbacks": TRACE | ({"latent_map": film} if film else {})}
        return striking.Broken(cfg, groups | callbacks, tmp_path / "runs", monkeypatch)

    return make


def captions(run):
    return re.findall(r'alt="epoch ([\d.]+)"', (run / "images" / "latent_map.html").read_text())


def frames(run):
    return {step: read(CodeFrame, path) for step, path in kept(run / "tables" / "latent_map").items()}


def assert_same_film(a, b):
    """The same frames, to the bit, and the same page."""
    one, other = frames(a), frames(b)
    assert list(one) == list(other)
    for step in one:
        assert one[step].epoch == other[step].epoch
        assert np.array_equal(one[step].index, other[step].index)
        assert np.array_equal(one[step].code, other[step].code)
    assert (a / "images" / "latent_map.html").read_text() == (b / "images" / "latent_map.html").read_text()


def test_a_run_is_filmed_from_before_its_first_batch_to_its_end(filmed):
    run = filmed().undisturbed()
    found = frames(run)
    assert list(found) == [0, 10, 20, 30]
    assert captions(run) == ["0", "0.59", "1.18", "1.76", "2"]
    with Image.open(run / "images" / "latent_map.gif") as film:
        assert film.n_frames == 5
    first, *_, last = found.values()
    assert (first.code.shape, first.code.dtype, last.epoch) == ((40, 3), np.float32, 30 / 17)
    assert all(np.array_equal(first.index, frame.index) for frame in found.values())
    assert len(set(first.index.tolist())) == 40
    assert np.abs(first.code - last.code).max() > 0.01


def test_a_frame_comes_each_epoch_if_nothing_else_is_asked_for(filmed):
    run = filmed(film={"every_n_epochs": 1}).undisturbed()
    assert (list(frames(run)), captions(run)) == ([0, 17, 34], ["0", "1", "2"])


def test_training_does_not_notice_that_it_is_filmed(filmed):
    job = filmed()
    one = job.undisturbed()
    del job.cfg.callbacks["latent_map"]
    assert job.train(name="unseen") == 0
    other = job.run.parents[1] / "unseen" / "a"
    assert not (other / "tables" / "latent_map").exists()
    assert_same_state(one, other)


def test_a_film_that_was_stopped_is_there_and_goes_on_without_a_frame_lost_or_doubled(filmed):
    job = filmed()
    assert isinstance(job.until(sends("train", 23, "SIGTERM")), Stopped)
    assert list(frames(job.run)) == [0, 10, 20]
    assert captions(job.run) == ["0", "0.59", "1.18", "1.35"]
    assert job.until() is None
    assert captions(job.run) == ["0", "0.59", "1.18", "1.76", "2"]
    assert_same_film(job.run, job.undisturbed())


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["model=dcgan", "data=digits"], "callbacks.latent_map: model=dcgan has no encode.*\n.*that have: aae, ae,"),
        (["model=gan", "data=toy2d"], "callbacks.latent_map: model=gan has no encode"),
        (["model=vae", "data=digits", "callbacks.latent_map.frames=1"], "callbacks.latent_map.frames"),
        (["model=vae", "data=digits", "callbacks.latent_map.every_n_epochs=0"], "callbacks.latent_map.every_n_epochs"),
        (["model=vae", "data=digits", "callbacks.latent_map.images=1"], "callbacks.latent_map.images"),
    ],
)
def test_what_cannot_be_filmed_is_refused_before_anything_is_read(typed, words, composed):
    with pytest.raises(ConfigError, match=words):
        composed(*typed, "callbacks=latent_map")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["model.latent_dim=1"], "callbacks.latent_map: codes of one number have no plane\n.*model.latent_dim=2"),
        (["callbacks.latent_map.attribute=Male"], "callbacks.latent_map.attribute=Male: digits has no such attribute"),
    ],
)
@pytest.mark.parametrize("check", ["true", "false"])
def test_what_turns_out_to_have_no_film_leaves_no_run_behind(typed, words, check, train, tmp_path):
    with pytest.raises(ConfigError, match=words) as caught:
        train(*FILMED, *typed, f"paths.runs={tmp_path / 'runs'}", f"check_only={check}")
    assert caught.value.exit_code == 2
    assert not list(tmp_path.glob("runs/*-*"))


def test_a_model_of_ones_own_without_codes_is_refused_with_those_that_have_them(composed):
    film = LatentMap(1.0, 5, None, 9)
    with pytest.raises(ConfigError, match="object has no encode.*\n.*Models that have: aae, ae, beta_vae"):
        film.attach(object(), prepare(composed(*FILMED)), "")


@pytest.mark.parametrize("name", models_with({"encode"}))
def test_every_model_that_encodes_is_filmed(name, composed, tmp_path):
    few = ["model.prior.components=10"] if name == "vamp_vae" else []
    cfg = composed(f"model={name}", "data=digits", "model.latent_dim=4", *few)
    prepared = prepare(cfg)
    model, film = build_model(cfg, prepared.spec), LatentMap(1.0, 30, None, 9)
    film.attach(model, prepared, name)
    frame = film.now(model)
    assert frame.code.shape[0] == 30
    assert frame.code.shape[1] >= 4
    assert np.isfinite(frame.code).all()
    assert model.training


def test_frames_draw_nothing_from_the_random_state_even_of_a_model_that_would(composed):
    cfg = composed(*FILMED)
    prepared = prepare(cfg)
    model, film = build_model(cfg, prepared.spec), LatentMap(1.0, 5, None, 9)
    model.encode = lambda x, *, label=None: Code(torch.randn(len(x), 2))
    before = torch.get_rng_state()
    film.attach(model, prepared, "")
    film.now(model)
    assert torch.equal(torch.get_rng_state(), before)
