"""The film of a landscape: frames by our own counter, none lost or doubled by a stop, and nothing that training notices."""

import re

import numpy as np
import pytest
import torch

from genlab.callbacks import film
from genlab.callbacks.landscape import Landscape
from genlab.contracts import ConfigError, Stopped
from genlab.film.frame import Frame
from genlab.film.kept import kept, read

import striking
from killing import assert_same_state
from striking import sends

# 17 batches an epoch, two epochs; a frame every 10 batches
FILMED = ["model=gan", "data=toy2d", "data.count=212", *striking.LONG[2:], "callbacks=landscape", "data.batch_size=10"]
FILMED = [word for word in FILMED if word not in ("callbacks=trace", "data.limit=170")] + ["model.latent_dim=2"]
FILMED += ["callbacks.landscape.every_n_batches=10", "callbacks.landscape.points=50", "callbacks.landscape.grid=8"]
TRACED = {"callbacks": {"trace": {"_target_": "genlab.callbacks.trace.Trace"}}}


@pytest.fixture
def filmed(composed, tmp_path, monkeypatch):
    """``filmed(trainer={…})``: a run of a GAN on the ring that is filmed, to be acted upon in its middle."""
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    cfg = composed(*FILMED)
    return lambda **groups: striking.Broken(cfg, {**TRACED, **groups, **both(groups)}, tmp_path / "runs", monkeypatch)


def both(groups):
    """The callbacks of a test beside the trace."""
    return {"callbacks": {**TRACED["callbacks"], **groups.get("callbacks", {})}}


def captions(run):
    return re.findall(r'alt="batch ([\d,]+)"', (run / "images" / "landscape.html").read_text())


def frames(run):
    return {step: read(Frame, path) for step, path in kept(run / "tables" / "landscape").items()}


def assert_same_film(a, b):
    """The same frames, to the bit, and the same page."""
    one, other = frames(a), frames(b)
    assert list(one) == list(other)
    for step in one:
        for name in ("box", "belief", "fake"):
            assert np.array_equal(getattr(one[step], name), getattr(other[step], name)), (step, name)
    assert (a / "images" / "landscape.html").read_text() == (b / "images" / "landscape.html").read_text()


def test_a_run_is_filmed_from_before_its_first_batch_to_its_end(filmed):
    run = filmed().undisturbed()
    assert list(frames(run)) == [0, 10, 20, 30]
    assert captions(run) == ["0", "10", "20", "30", "34"]
    assert (run / "images" / "landscape.gif").read_bytes()[:6] == b"GIF89a"
    first, *_, last = frames(run).values()
    assert first.fake.shape == (50, 2)
    assert not np.array_equal(first.belief, last.belief)


def test_training_does_not_notice_that_it_is_filmed(filmed, composed):
    job = filmed()
    one = job.undisturbed()
    del job.cfg.callbacks["landscape"]
    assert job.train(name="unseen") == 0
    other = job.run.parents[1] / "unseen" / "a"
    assert not (other / "tables" / "landscape").exists()
    assert_same_state(one, other)


def test_a_film_that_was_stopped_is_there_and_goes_on_without_a_frame_lost_or_doubled(filmed):
    job = filmed()
    assert isinstance(job.until(sends("train", 23, "SIGTERM")), Stopped)
    assert list(frames(job.run)) == [0, 10, 20]
    assert captions(job.run) == ["0", "10", "20", "23"]
    assert job.until() is None
    assert captions(job.run) == ["0", "10", "20", "30", "34"]
    assert_same_film(job.run, job.undisturbed())


def test_frames_from_after_the_checkpoint_are_made_again(filmed):
    """Saved after 28 batches, gone after 32: frame 30, changed here, is of weights that are no more; so is what is later."""
    job = filmed(checkpoint={"every_n_steps": 28})

    def gone(stage, trainer, model):
        if stage == "train" and model.batches_seen == 32:
            raise RuntimeError("the machine is gone")

    assert isinstance(job.until(gone), RuntimeError)
    folder = job.run / "tables" / "landscape"
    assert (job.saved, list(kept(folder))) == (28, [0, 10, 20, 30])
    kept(folder)[20].rename(folder / "000000033.npz")
    (folder / "000000030.npz").write_bytes((folder / "000000033.npz").read_bytes())
    (folder / "000000020.npz").write_bytes((folder / "000000033.npz").read_bytes())
    assert job.until() is None
    assert_same_film(job.run, job.undisturbed())


def test_a_run_that_begins_anew_in_its_directory_begins_its_film_anew(filmed):
    job = filmed()
    assert isinstance(job.until(lambda stage, trainer, model: 1 / 0), ZeroDivisionError)
    assert job.saved is None
    folder = job.run / "tables" / "landscape"
    (folder / "000000000.npz").rename(folder / "000000011.npz")
    assert job.until() is None
    assert list(frames(job.run)) == [0, 10, 20, 30]


def test_frames_come_between_updates_of_several_batches(filmed):
    job = filmed(trainer={"accumulate_grad_batches": 3, "max_epochs": 1})
    assert list(frames(job.undisturbed())) == [0, 12]


def test_of_a_long_film_some_frames_are_left_out(filmed):
    job = filmed(callbacks={"landscape": {"frames": 3, "every_n_batches": 5}, **TRACED["callbacks"]})
    run = job.undisturbed()
    assert len(frames(run)) == 7
    assert captions(run) == ["0", "30", "34"]


def test_a_film_on_a_line(filmed):
    run = filmed(data={"_target_": "genlab.data.sets.toy1d.Toy1D", "centres": [0.0], "sigma": 1.0})
    del run.cfg.data["name"]
    run.cfg.model.latent_dim = 1
    made = frames(run.undisturbed())[30]
    assert (made.belief.shape, made.fake.shape, made.z.shape) == ((8,), (50, 1), (25,))


def test_training_goes_on_where_no_frame_can_be_written(filmed, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(film, "keep", full)
    job = filmed(trainer={"max_epochs": 1})
    run = job.undisturbed()
    assert captions(run) == ["17"]
    assert "the disk is full" in capsys.readouterr().err


def test_a_damaged_frame_costs_the_film_and_not_the_run(filmed, capsys):
    job = filmed()

    def damage(stage, trainer, model):
        if model.batches_seen == 15:
            (job.run.parents[1] / "whole" / "a" / "tables" / "landscape" / "000000010.npz").write_bytes(b"no frame")

    assert job.train(damage, name="whole") == 0
    assert not (job.run.parents[1] / "whole" / "a" / "images" / "landscape.html").exists()
    assert "WARNING   no film: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (
            ["model=vae", "data=digits"],
            "callbacks.landscape: a landscape is of points .*data=digits has images\n.*data=toy2d",
        ),
        (["model=gan", "data=toy2d", "callbacks.landscape.frames=1"], "callbacks.landscape.frames"),
        (["model=gan", "data=toy2d", "callbacks.landscape.every_n_batches=0"], "callbacks.landscape.every_n_batches"),
    ],
)
def test_what_cannot_be_filmed_is_refused(typed, words, composed):
    with pytest.raises(ConfigError, match=words):
        composed(*typed, "callbacks=landscape")


def test_a_model_without_a_discriminator_leaves_no_run_behind(filmed, monkeypatch):
    monkeypatch.delattr("genlab.models.gan.GAN.judge")
    job = filmed()
    left = job.until()
    assert isinstance(left, ConfigError)
    assert "GAN has no generator and discriminator to show" in str(left)
    assert not job.run.exists()


def test_frames_draw_nothing_from_the_random_state_even_of_a_model_that_would(composed):
    from genlab.apps.command.paths import prepare
    from genlab.apps.train.build import build_model

    cfg = composed(*FILMED)
    prepared = prepare(cfg)
    model, film = build_model(cfg, prepared.spec), Landscape(10, 5, 4, 9)
    model.draw = lambda n, *, seed=None: torch.randn(n, 2)
    film.attach(model, prepared, "")
    before = torch.get_rng_state()
    film.now(model)
    assert torch.equal(torch.get_rng_state(), before)
