"""Gradients of two losses over a training: noted by our own counter, kept over a stop, and nothing that training notices."""

import copy

import pytest
import torch
from torch import nn

from genlab.callbacks import gradients
from genlab.callbacks.gradients import Gradients, picture
from genlab.contracts import ConfigError, Stopped
from genlab.losses.adversarial import generator_loss
from genlab.models.base.packing import packed
from genlab.runs.table import Table

import players
import striking
from killing import assert_equal
from striking import sends

# 17 batches an epoch, two epochs; a point every 10 batches
NOTED = ["model=gan", "data=toy2d", "data.count=212", *striking.LONG[2:], "callbacks=gradients", "data.batch_size=10"]
NOTED = [word for word in NOTED if word not in ("callbacks=trace", "data.limit=170")] + ["model.latent_dim=2"]
NOTED += ["callbacks.gradients.every_n_batches=10", "callbacks.gradients.samples=40"]
TRACED = {"callbacks": {"trace": {"_target_": "genlab.callbacks.trace.Trace"}}}


@pytest.fixture
def noted(composed, tmp_path, monkeypatch):
    """``noted(trainer={…})``: a run of a GAN on the ring whose gradients are noted, to be acted upon in its middle."""
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    cfg = composed(*NOTED)
    return lambda **groups: striking.Broken(cfg, {**TRACED, **groups}, tmp_path / "runs", monkeypatch)


def steps(run):
    return [int(row["step"]) for row in Table(run / "tables" / "gradients.csv", []).kept]


def saved(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)


def watching(model, samples=30, labels=None):
    callback = Gradients(10, samples)
    callback.labels = labels
    return callback.now(model)


def test_a_run_is_noted_from_before_its_first_batch_and_drawn(noted):
    run = noted().undisturbed()
    assert steps(run) == [0, 10, 20, 30]
    assert (run / "tables" / "gradients.csv").read_text().splitlines()[0] == "step,saturating,non_saturating,d_fake"
    assert (run / "images" / "gradients.png").read_bytes()[:4] == b"\x89PNG"


def test_training_does_not_notice_that_it_is_watched(noted):
    job = noted()
    one = job.undisturbed()
    del job.cfg.callbacks["gradients"]
    assert job.train(name="unseen") == 0
    other = job.run.parents[1] / "unseen" / "a"
    assert not (other / "tables" / "gradients.csv").exists()
    for key in ("state_dict", "optimizer_states", "counters", "pools"):
        assert_equal(*(saved(run).get(key) for run in (one, other)), key)
    for key in ("random_state", "best", "measured"):
        assert_equal(*(saved(run)["genlab"][key] for run in (one, other)), key)
    assert (one / "metrics.csv").read_text().count("\n") == (other / "metrics.csv").read_text().count("\n")


def test_a_training_that_was_stopped_is_drawn_and_goes_on_without_a_point_lost_or_doubled(noted):
    job = noted()
    assert isinstance(job.until(sends("train", 23, "SIGTERM")), Stopped)
    assert steps(job.run) == [0, 10, 20]
    drawn = (job.run / "images" / "gradients.png").read_bytes()
    assert job.until() is None
    assert (job.run / "images" / "gradients.png").read_bytes() != drawn
    whole = job.undisturbed()
    table = "tables/gradients.csv"
    assert (job.run / table).read_bytes() == (whole / table).read_bytes()


def test_points_from_after_the_checkpoint_are_noted_again(noted):
    """Saved after 28 batches, gone after 32: the point of 30 is of weights that are no more."""
    job = noted(checkpoint={"every_n_steps": 28})

    def gone(stage, trainer, model):
        if stage == "train" and model.batches_seen == 32:
            raise RuntimeError("the machine is gone")

    assert isinstance(job.until(gone), RuntimeError)
    assert job.saved == 28
    path = job.run / "tables" / "gradients.csv"
    path.write_text(path.read_text() + "30,1.0,1.0,0.5\n")
    assert job.until() is None
    assert path.read_bytes() == (job.undisturbed() / "tables" / "gradients.csv").read_bytes()


def test_points_come_between_updates_of_several_batches(noted):
    job = noted(trainer={"accumulate_grad_batches": 3, "max_epochs": 1})
    assert steps(job.undisturbed()) == [0, 12]


@pytest.mark.parametrize("loss", ["saturating", "non_saturating"])
@pytest.mark.parametrize(("pack", "classes"), [(1, 0), (2, 0), (1, 3)])
def test_the_norms_are_those_of_the_gradient_by_hand(pack, classes, loss):
    """Of both losses whatever the run's own is, by ``backward`` on the same z, packs and labels, in float64."""
    model = players.gan(loss=loss, pack=pack, classes=classes)
    label = torch.arange(30) % classes if classes else None
    row = watching(model, labels=label)
    y = model.given(label)
    for name in ("saturating", "non_saturating"):
        twin = copy.deepcopy(model).eval()
        fake = twin.generator(twin.draw(30, seed=gradients.SEED), *y)
        logits = twin.discriminator(packed(fake, pack), *(packed(one, pack) for one in y))
        generator_loss[name](logits).mean().backward()
        norm = torch.cat([weight.grad.flatten() for weight in twin.generator.parameters()]).norm()
        assert row[name] == pytest.approx(float(norm.detach()), rel=1e-10)
    assert row["d_fake"] == pytest.approx(float(logits.detach().sigmoid().mean()), rel=1e-10)


class Normed(players.Smooth):
    """With a norm and a mask of dropout, whose statistics and random state one could disturb."""

    def generator(self, latent_dim, shape, labels):
        return nn.Sequential(nn.BatchNorm1d(latent_dim), nn.Dropout(0.5), super().generator(latent_dim, shape, labels))


def test_nothing_of_the_game_changes():
    model = players.gan(net=Normed())
    model.train()
    bias = model.generator[2].layer.bias
    bias.grad = torch.ones_like(bias)
    before, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    row = watching(model)
    assert row == watching(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert model.training
    assert [name for name, weight in model.named_parameters() if weight.grad is not None] == ["generator.2.layer.bias"]
    assert bias.grad.eq(1).all()
    assert all(weight.requires_grad for weight in model.parameters() if weight is not None)


def test_a_model_that_would_draw_from_the_random_state_leaves_it_as_it_was():
    model = players.gan()
    model.draw = lambda n, *, seed=None: torch.randn(n, 5, dtype=torch.double)
    random = torch.get_rng_state()
    watching(model)
    assert torch.equal(torch.get_rng_state(), random)


def test_weights_that_are_not_trained_have_no_part_in_the_norm():
    model = players.gan()
    model.generator.layer.bias.requires_grad_(False)
    frozen = watching(model)
    model.generator.layer.bias.requires_grad_(True)
    assert frozen["saturating"] < watching(model)["saturating"]


def test_the_generator_that_learns_is_asked_and_not_the_average_that_samples():
    model = players.gan(ema_images=1000)
    before = watching(model)
    with torch.no_grad():
        for weight in model.generator.parameters():
            weight.mul_(2)
    assert watching(model) != before


def test_gradients_are_of_float32_whatever_the_precision_of_the_training():
    model = players.gan(double=False)
    plain = watching(model)
    with torch.autocast("cpu", torch.bfloat16):
        assert watching(model) == plain


def test_labels_are_those_of_the_training_set(composed):
    from genlab.apps.command.paths import prepare
    from genlab.apps.train.build import build_model

    cfg = composed("model=cgan", "data=digits", "model.net.width=8", "callbacks=gradients")
    prepared = prepare(cfg)
    callback = Gradients(10, 600)
    callback.attach(build_model(cfg, prepared.spec), prepared, "a title")
    assert torch.bincount(callback.labels).min() > 40


def test_training_goes_on_where_nothing_can_be_written(noted, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gradients, "temporary", full)
    noted(trainer={"max_epochs": 1}).undisturbed()
    assert "the disk is full" in capsys.readouterr().err


def test_a_picture_says_what_it_shows():
    rows = [
        {"step": 0.0, "saturating": 2.0, "non_saturating": 2.0, "d_fake": 0.5},
        {"step": 1000.0, "saturating": 0.01, "non_saturating": 1712.4, "d_fake": 0.002},
    ]
    made = picture(rows, "gan on ring", "saturating", 500)
    left, right = made.axes
    assert left.get_yscale() == "log"
    assert [list(line.get_ydata()) for line in left.lines] == [[2.0, 0.01], [2.0, 1712.4]]
    assert [text.get_text() for text in left.get_legend().get_texts()] == [
        "log(1 - D) (saturating)",
        "-log D (non_saturating)",
    ]
    assert list(right.lines[-1].get_ydata()) == [0.5, 0.002]
    title, words = (text.get_text().replace("\n", " ") for text in made.texts)
    assert title == "The gradients of two losses over the training: gan on ring"
    assert "G was trained by log(1 - D) (saturating)" in words
    assert "At batch 1,000 D(G(z)) is 0.002 on average" in words
    assert "of log(1 - D) 0.01 (0.005 of its largest, at batch 0)" in words
    assert "of -log D 1,700 (1 of its largest, at batch 1,000)" in words
    assert "the second is 171,240 times the first" in words


def test_a_gradient_that_is_0_or_not_a_number_is_a_gap_and_no_error():
    rows = [{"step": 0.0, "saturating": 0.0, "non_saturating": float("nan"), "d_fake": float("nan")}]
    picture(rows, "gan on ring", "non_saturating", 500).canvas.draw()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (
            ["model=vae", "data=digits"],
            "callbacks.gradients: model=vae has no generator of z.*\n.*model=gan, dcgan or cgan",
        ),
        (["model=pix2pix", "data=facades"], "callbacks.gradients: model=pix2pix has no generator of z"),
        (
            ["model=gan", "data=toy2d", "model.loss=hinge"],
            "callbacks.gradients: with model.loss=hinge D gives scores.*\n.*model.loss=non_saturating",
        ),
        (["model=gan", "data=toy2d", "callbacks.gradients.samples=0"], "callbacks.gradients.samples"),
        (["model=gan", "data=toy2d", "callbacks.gradients.every_n_batches=0"], "callbacks.gradients.every_n_batches"),
    ],
)
def test_what_has_no_such_gradients_is_refused(typed, words, composed):
    with pytest.raises(ConfigError, match=words):
        composed(*typed, "callbacks=gradients")


def test_a_model_without_players_leaves_no_run_behind(noted, monkeypatch):
    monkeypatch.delattr("genlab.models.gan.GAN.draw")
    job = noted()
    left = job.until()
    assert isinstance(left, ConfigError)
    assert "GAN has no generator of z and discriminator" in str(left)
    assert not job.run.exists()
