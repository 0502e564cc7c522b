"""What both bases promise: our counter everywhere, schedules by it, a stop before a bad update, terms in stated units."""

import csv
import json
import math

import pytest
import torch

from genlab.contracts import DataSpec, Images, NonFiniteLoss
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant, Cosine
from genlab.models.base.totals import Totals
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.vae import VAE
from genlab.nets.mlp import MLP
from genlab.random import keyed_number
from genlab.runs.load import load_run

SMALL = ["data=digits", "data.limit=80", "data.batch_size=10", "metrics=none"]


def vae(beta=1.0, likelihood="bernoulli"):
    spec = DataSpec("x", "images", (1, 4, 4), {}, "0")
    torch.manual_seed(0)
    parts = ELBO(1), StandardNormal()
    return VAE(
        3,
        beta,
        likelihood,
        "learned",
        "linear",
        1,
        *parts,
        MLP([8], "tanh", "none", 0.0),
        torch.optim.Adam,
        Constant(),
        spec,
        0,
    ).double()


def table(run):
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("model", ["vae", "dcgan"])
def test_max_steps_means_batches_for_every_model(model, train):
    run = train(f"model={model}", *SMALL, "trainer.max_steps=13", "trainer.log_every_n_steps=4")
    assert load_run(run).step == 13
    steps = [int(row["step"]) for row in table(run)]
    assert steps == [4, 8, 12, 13]
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["status"], summary["steps"], summary["images"]) == ("finished", 13, 130)
    assert any(name.startswith("val/") for name in summary["metrics"])
    assert any(name.startswith("test/") for name in summary["metrics"])


@pytest.mark.parametrize("model", ["vae", "dcgan"])
def test_the_learning_rate_follows_the_schedule_batch_by_batch(model, train):
    run = train(f"model={model}", "model/schedule=cosine", "model.schedule.warmup=0.5", *SMALL, "trainer.max_epochs=2")
    base = {"vae": 2e-3, "dcgan": 2e-4}[model]
    for row in table(run):
        if row["train/lr"]:
            epoch = (int(row["step"]) - 1) / 8
            factor = epoch / 0.5 if epoch < 0.5 else 0.5 * (1 + math.cos(math.pi * (epoch - 0.5) / 1.5))
            assert float(row["train/lr"]) == pytest.approx(base * factor)


@pytest.mark.parametrize("model", ["vae", "dcgan"])
def test_every_fourth_batch_is_logged_at_the_end_of_its_update(model, breakable):
    """Updates of three batches end after 3, 6, 9, 12, 15 and 17; every batch has a rate of its own."""
    job = breakable(model, trainer={"accumulate_grad_batches": 3, "log_every_n_steps": 4, "max_epochs": 1})
    base = job.cfg.model.optimizer.lr

    def rates(stage, trainer, model):
        """Of every player."""
        rate = base * (1 + math.cos(math.pi * (model.batches_seen - 1) / 17)) / 2
        assert [group["lr"] for o in trainer.optimizers for group in o.param_groups] == [
            pytest.approx(rate) for _ in trainer.optimizers
        ]

    assert job.until(rates) is None
    rows, steps = [row for row in table(job.run) if row["train/lr"]], [6, 9, 12, 17]
    assert [int(row["step"]) for row in rows] == steps
    for row, step in zip(rows, steps, strict=True):
        assert float(row["train/lr"]) == pytest.approx(base * (1 + math.cos(math.pi * (step - 1) / 17)) / 2)
        assert int(row["images"]) == 10 * step
        assert float(row["epoch"]) == pytest.approx(step / 17)


def test_cosine_at_its_corners():
    schedule = Cosine(epochs=10, warmup=2)
    assert [schedule.factor(e) for e in (0, 1, 2, 10, 12)] == pytest.approx([0, 0.5, 1, 0, 0])
    assert schedule.factor(6) == pytest.approx(0.5)


@pytest.mark.parametrize(("number", "saved"), [(13, 8), (3, None)])
def test_a_loss_that_is_not_finite_stops_before_the_update_and_keeps_the_last_good_checkpoint(
    number, saved, train, monkeypatch, tmp_path
):
    """The message promises a checkpoint only where there is one."""
    terms = VAE.terms

    def broken(self, batch, noise):
        values = terms(self, batch, noise)
        if noise.stage != "train" or noise.batch != number - 1:
            return values
        kl = values["kl"] * float("nan")
        return values | {"kl": kl, "loss": values["recon"] + kl}

    monkeypatch.setattr(VAE, "terms", broken)
    run = tmp_path / "runs" / "bad" / "a"
    last = run / "checkpoints" / "last.ckpt"
    promised = f"Weights from before it: {last}$" if saved else r"No checkpoint had been written yet\.$"
    with pytest.raises(NonFiniteLoss, match=rf"kl .* batch {number}; .* {promised}"):
        train("model=vae", *SMALL, "trainer.max_epochs=2", "name=bad", "run_id=a")
    assert json.loads((run / "summary.json").read_text())["status"] == "failed"
    assert last.exists() == bool(saved)
    if not saved:
        return
    kept = load_run(run)
    assert kept.step == saved
    assert all(p.isfinite().all() for p in kept.model.parameters())


def test_elbo_never_sees_beta_and_the_loss_does():
    x = Images(torch.rand(6, 1, 4, 4, dtype=torch.float64), None, torch.arange(6))
    noise = Noise(0, "train", 0, torch.device("cpu"), torch.float64)
    one, four = vae(1.0).terms(x, noise), vae(4.0).terms(x, noise)
    torch.testing.assert_close(one["elbo"], four["elbo"])
    torch.testing.assert_close(one["loss"], -one["elbo"])
    torch.testing.assert_close(four["loss"], four["recon"] + 4 * four["kl"])


def test_the_bound_rises_with_k_towards_the_log_likelihood_and_starts_at_the_elbo():
    model = vae(likelihood="gaussian")
    x = torch.rand(4, 1, 4, 4, dtype=torch.float64)
    bounds = [model.bound(x, k) for k in (1, 10, 400)]
    batch = Images(x, None, torch.arange(4))
    elbos = torch.stack([
        model.terms(batch, Noise(s, "val", 0, torch.device("cpu"), torch.float64))["elbo"] for s in range(400)
    ]).mean(0)  # fmt: skip
    assert (bounds[2] > elbos).all()
    assert (bounds[2].mean() - bounds[1].mean()) > -0.5
    torch.testing.assert_close(bounds[0], elbos.detach(), rtol=0.2, atol=2.0)


def test_noise_is_a_function_of_its_key_and_ranks_share_one_batch():
    def draw(**change):
        key = {"seed": 1, "stage": "train", "batch": 4, "device": torch.device("cpu"), "dtype": torch.float64} | change
        return Noise(**key)

    def of_layers(noise, purpose):
        with noise.for_layers(purpose):
            return torch.rand(8)

    draws = {
        "normal": lambda noise, purpose: noise.normal(purpose, 8 // noise.world, 3),
        "uniform": lambda noise, purpose: noise.uniform(purpose, 8 // noise.world, 3),
        "decisions": lambda noise, purpose: torch.rand(8, generator=noise.decisions(purpose)),
        "layers": of_layers,
    }
    for name, drawn in draws.items():
        whole = drawn(draw(), "z")
        assert torch.equal(whole, drawn(draw(), "z")), name
        for change in ({"seed": 2}, {"stage": "val"}, {"batch": 5}):
            assert not torch.equal(whole, drawn(draw(**change), "z")), (name, change)
        assert not torch.equal(whole, drawn(draw(), "other")), name
        ranks = [drawn(draw(rank=r, world=2), "z") for r in (0, 1)]
        if name in ("normal", "uniform"):
            assert torch.equal(torch.stack(ranks, 1).flatten(0, 1), whole), name
        else:  # each rank decides for itself, about its own images
            assert not torch.equal(*ranks), name


def test_no_two_keys_name_the_same_number():
    keys = [(1, 23), (12, 3), ("1", "2", "3"), (1, "23", ""), (123,), ("train", 1), ("trai", "n1")]
    assert len({keyed_number(*key) for key in keys}) == len(keys)
    assert all(0 <= keyed_number(*key) < 2**63 for key in keys)


def test_samples_are_drawn_by_their_seed_or_else_by_the_model_s():
    model = vae()
    assert torch.equal(model.sample(4), model.sample(4, seed=0))  # the model's own
    assert not torch.equal(model.sample(4, seed=1), model.sample(4))
    z = model.latent_noise(3, 2000, 3)
    assert abs(z.mean().item()) < 0.1
    assert z.std().item() == pytest.approx(1, abs=0.05)


def test_what_looks_at_a_model_leaves_it_in_the_mode_in_which_it_was_and_without_gradients():
    model = vae()
    for training in (True, False):
        model.train(training)
        with pytest.raises(ZeroDivisionError), model.evaluating():
            assert not any(module.training for module in model.modules())
            assert not torch.is_grad_enabled()
            _ = 1 / 0
        assert all(module.training == training for module in model.modules())
        assert torch.is_grad_enabled()


def test_means_are_right_for_a_short_last_batch():
    totals = Totals()
    values = torch.randn(10)
    for part in (values[:4], values[4:8], values[8:]):
        totals.add({"loss": part})
    assert totals.means()["loss"] == pytest.approx(values.double().mean().item(), abs=1e-12)
    assert totals.means() == {}


def test_a_model_in_another_precision_draws_its_noise_in_it():
    model = vae()
    assert model.noise("train", 0).dtype == torch.float64
    assert model.float().noise("train", 0).dtype == torch.float32
