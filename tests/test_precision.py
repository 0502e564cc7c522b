"""Every model in every precision: what its networks compute in 16 bits, its losses and its metrics do not."""

import json
import math

import pytest
import torch
from lightning.pytorch.plugins.precision import MixedPrecision

from genlab.apps.train import build
from genlab.config.files import Conf
from genlab.contracts import NonFiniteLoss
from genlab.models.base.finite import FiniteFlag
from genlab.models.base.mover import Mover
from genlab.models.base.tf32 import switch_tf32, tf32
from genlab.models.gan import GAN

import striking
from golden import curve
from killing import assert_equal, choices
from photographs import BEYOND
from watched import Watch

SHORT = ["trainer.max_steps=10", "trainer.max_epochs=40", "trainer.log_every_n_steps=1", "callbacks=none"]
SHORT += ["data.limit=200", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1"]
INSTANCE = ["model.generator.norm=instance", "model.discriminator.norm=instance"]
WATCHED = ["trust=[striking]", "+callbacks.at._target_=striking.At"]
CLASSES = ["model.latent_dim=2", "model/prior=ring", "model.labelled=100", "model.posterior=gaussian"]
CLASSES += ["model.likelihood=bernoulli"]
NARROW = ["model.discriminator.hidden=[32,32]"]
PENALISED = ["model.loss=wasserstein", "model.lambda_gp=10"]
# each model, what else is typed, and losses that its steps must have been seen to take
CASES = [
    ("ae", [], {"gaussian_nll"}),
    ("pca", [], {"gaussian_nll", "squared_error"}),
    ("logistic_pca", [], {"bernoulli_nll", "squared_error"}),
    ("linear_ae", [], {"gaussian_nll", "squared_error"}),
    ("ae", ["model/penalty=kl_sparsity"], {"gaussian_nll", "activity_divergence"}),
    ("ae", ["model/penalty=contractive"], {"gaussian_nll", "exact_jacobian"}),
    ("denoising_ae", ["model/corruption=gaussian"], {"gaussian_nll"}),
    ("dropout_ae", [], {"gaussian_nll"}),
    ("restoration", ["model/corruption=blur"], {"gaussian_nll"}),
    ("vae", [], {"bernoulli_nll", "gaussian_kl"}),
    ("vae", ["model.likelihood=gaussian", "model.sigma=learned"], {"gaussian_nll", "squared_error", "gaussian_kl"}),
    ("beta_vae", [], {"bernoulli_nll", "gaussian_kl"}),
    ("aae", [], {"gaussian_nll", "bce_real", "bce_fake"}),
    ("aae", CLASSES, {"bernoulli_nll", "bce_real", "bce_fake"}),
    ("ss_aae", [], {"gaussian_nll", "bce_real", "bce_fake"}),
    ("factor_vae", NARROW, {"bernoulli_nll", "gaussian_kl", "bce_real", "bce_fake"}),
    ("iwae", [], {"bernoulli_nll_of_each", "gaussian_log_density"}),
    ("iwae", ["model.objective.gradient=dreg"], {"bernoulli_nll_of_each", "gaussian_log_density"}),
    ("tc_vae", [], {"bernoulli_nll", "gaussian_log_density"}),
    ("hvae", [], {"bernoulli_nll", "gaussian_kl_between", "gaussian_kl"}),
    ("vamp_vae", [], {"bernoulli_nll", "mixture_log_density", "gaussian_log_density"}),
    ("cvae", [], {"bernoulli_nll", "gaussian_kl"}),
    ("db_vae", [], {"bernoulli_nll", "gaussian_kl"}),
    ("gan", [], {"bce_real", "bce_fake"}),
    ("dcgan", [], {"bce_real", "bce_fake"}),
    ("cgan", [], {"bce_real", "bce_fake"}),
    ("gan", ["model.loss=relativistic", "model.r1=0.1", "model.r2=0.1"], {"relativistic_pair", "zero_centred"}),
    ("gan", ["model.dragan=1"], {"dragan_penalty"}),
    ("pix2pix", [], {"bce_real", "bce_fake", "l1"}),
    ("pix2pix", [*PENALISED, *INSTANCE], {"critic_real", "critic_fake", "gradient_penalty", "l1"}),
    ("cyclegan", [], {"lsgan_real", "lsgan_fake", "l1"}),
    ("cyclegan", BEYOND, {"lsgan_real", "lsgan_fake", "l1"}),
    ("cyclegan", PENALISED, {"critic_real", "critic_fake", "gradient_penalty", "l1"}),
]


@pytest.fixture
def halves(monkeypatch):
    """``halves(init_scale=…)``: from then on runs are in 16-mixed, on a CPU, with the real scaler of gradients.

    ``dtype``: of the networks; float32 leaves only the scaler of it.
    """

    def ask(dtype=torch.float16, **options):
        made, trainer = [], build.pl.Trainer

        class Half(MixedPrecision):
            def autocast_context_manager(self):
                return torch.autocast("cpu", dtype, enabled=dtype != torch.float32, cache_enabled=False)

        def with_scaler(*, precision, plugins, **others):
            made.append(torch.amp.GradScaler("cpu", **options))
            return trainer(plugins=[*plugins, Half("16-mixed", "cpu", made[-1])], **others)

        monkeypatch.setattr(build.pl, "Trainer", with_scaler)
        return made

    return ask


def test_every_model_is_covered():
    assert {model for model, _, _ in CASES} == set(Conf().options("model"))


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
@pytest.mark.parametrize(
    ("model", "typed", "losses"),
    CASES,
    ids=[f"{model}{'-' * bool(typed)}{' '.join(typed)}" for model, typed, _ in CASES],
)
def test_ten_steps_are_finite_and_every_loss_is_float32s_on_the_same_activations(
    model, typed, losses, precision, train, tmp_path, monkeypatch, halves
):
    watch, step = Watch(monkeypatch), Mover.step_phase

    def looked_at(self, *arguments):
        terms = step(self, *arguments)
        assert all(term.dtype == torch.float32 for term in terms.values()), {k: v.dtype for k, v in terms.items()}
        assert all(p.dtype == torch.float32 for p in self.model.parameters())
        return terms

    monkeypatch.setattr(Mover, "step_phase", looked_at)
    asked = [] if precision == "16-mixed" else [f"trainer.precision={precision}"]
    if precision == "16-mixed":
        halves()
    run = train(*small(model, tmp_path), *typed, *SHORT, *asked, "metrics=none")
    assert json.loads((run / "summary.json").read_text())["precision"] == precision
    for name, values in curve(run).items():
        assert torch.tensor([value for value in values if value is not None]).isfinite().all(), name
    assert losses <= set(watch.worst)
    assert all(off < 1e-3 for off in watch.worst.values()), watch.worst


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_what_a_run_in_bf16_measures_is_what_its_weights_give_in_float32(model, train, tmp_path):
    run = train(*choices(model, tmp_path), *SHORT[:4], "trainer.precision=bf16-mixed", "data.limit=200")
    train(f"ckpt={run}", f"output={tmp_path / 'again'}", "metrics=none", "device=cpu", command="evaluate")
    first, again = (json.loads((place / "summary.json").read_text())["metrics"] for place in (run, tmp_path / "again"))
    assert {name.removeprefix("test/") for name in again} & {"elbo", "loss_g"}
    for name, value in again.items():
        assert first[name] == pytest.approx(value, rel=1e-6), name


def test_tf32_is_off_while_a_model_is_measured_and_back_in_training(breakable):
    seen, before = {"train": set(), "val": set(), "test": set()}, tf32()
    try:
        breakable("vae").until(lambda stage, *_: seen[stage].add(tf32()), performance={"tf32": True})
    finally:
        switch_tf32(*before)
    assert seen == {"train": {(True, True)}, "val": {(False, False)}, "test": {(False, False)}}


# ---- one scaler of gradients for all players ------------------------------------------------------------------------


def small(model, folder):
    """The model, its data and sizes; two pictures a batch where they are large."""
    return [*choices(model, folder), *(["data.batch_size=2"] if model in ("pix2pix", "cyclegan") else [])]


def weights(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


@pytest.mark.parametrize("model", ["gan", "cyclegan"])
def test_each_players_gradients_are_divided_by_the_scale_that_multiplied_its_loss(model, train, tmp_path, halves):
    """The scale grows after every third step, so now after D's and now after G's; powers of two leave no rounding."""
    options = [*small(model, tmp_path), *SHORT, "metrics=none"]
    whole = train(*options, "name=whole")
    (scaler,) = (made := halves(torch.float32, init_scale=4.0, growth_interval=3), train(*options, "name=scaled"))[0]
    scaled = next(tmp_path.glob("runs/scaled/*/checkpoints")).parent
    assert made == [scaler]
    assert scaler.get_scale() == 4.0 * 2 ** (20 // 3)
    assert_equal(weights(whole), weights(scaled), "weights")


def test_a_player_whose_gradients_overflow_skips_a_step_and_the_other_does_not(train, tmp_path, halves, monkeypatch):
    terms, seen = GAN.discriminator_terms, []
    monkeypatch.setattr(
        striking, "action", lambda stage, trainer, model: stage == "train" and seen.append(moved(model))
    )

    def overflowing(self, *arguments):
        found = terms(self, *arguments)
        far = 1e36 if self.training and self.batches_seen == 3 else 1.0
        return found | {"loss_d_real": found["loss_d_real"] * far}

    def moved(model):
        (scaler,) = made
        nets = (model.discriminator, model.generator)
        return scaler.get_scale(), *(torch.cat([p.detach().flatten() for p in net.parameters()]) for net in nets)

    monkeypatch.setattr(GAN, "discriminator_terms", overflowing)
    made = halves(torch.float32, init_scale=4096.0)
    train(*choices("gan", tmp_path), *SHORT, "metrics=none", *WATCHED)
    scales, d, g = zip(*seen, strict=True)
    assert scales == (4096.0, 4096.0, *[2048.0] * 8)
    still = [torch.equal(before, after) for before, after in zip(d, d[1:], strict=False)]
    assert still == [False, True, *[False] * 7]
    assert not any(torch.equal(before, after) for before, after in zip(g, g[1:], strict=False))
    assert all(values.isfinite().all() for values in (*d, *g))


def test_no_update_comes_through_a_scaler_after_a_loss_that_was_not_finite(train, tmp_path, halves, monkeypatch):
    """As on a GPU, where the host does not look at every loss."""
    terms, seen = GAN.discriminator_terms, []

    def broken(self, *arguments):
        found = terms(self, *arguments)
        return found | {"loss_d_real": found["loss_d_real"] * (math.nan if self.batches_seen == 3 else 1.0)}

    def weights_now(stage, trainer, model):
        seen.append(torch.cat([p.detach().flatten() for p in model.parameters()]))

    monkeypatch.setattr(GAN, "discriminator_terms", broken)
    monkeypatch.setattr(FiniteFlag, "look", lambda self, terms, loss, batch: self.note(terms, batch))
    monkeypatch.setattr(striking, "action", weights_now)
    halves(init_scale=64.0)
    rarely = [option for option in SHORT if "log_every" not in option]
    with pytest.raises(NonFiniteLoss, match="loss_d is no longer finite in batch 3"):
        train(*choices("gan", tmp_path), *rarely, "trainer.log_every_n_steps=99", "metrics=none", *WATCHED)
    assert [torch.equal(one, other) for one, other in zip(seen, seen[1:], strict=False)] == [False, *[True] * 5]


def test_the_scale_comes_back_with_a_run_that_was_broken_off(breakable, halves):
    scalers = halves(init_scale=16.0, growth_interval=5)
    job = breakable("dcgan", checkpoint={"every_n_steps": 7})
    whole = job.undisturbed()
    job.until(striking.sends("train", 9, "SIGTERM"))
    assert job.train() == 0
    first, broken, last = (scaler.get_scale() for scaler in scalers)
    assert first == last > broken
    assert_equal(weights(whole), weights(job.run), "weights")
