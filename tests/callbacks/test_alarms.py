"""Alarms: each one sounds on a case made for it, once until it clears, and none does in a healthy training."""

import csv
import json
from types import SimpleNamespace

import pytest
import torch
from omegaconf import OmegaConf

from genlab.callbacks.alarms import Alarms
from genlab.callbacks.collapse import remedy, signs, signs_at
from genlab.callbacks.evaluators.evaluator import Seen
from genlab.callbacks.evaluators.pixels import Symptoms
from genlab.callbacks.mode_collapse import lost, told
from genlab.config.build import build
from genlab.config.files import Conf
from genlab.config.session import compose_alone
from genlab.contracts import Domains
from genlab.models.base.pixels import Pixels
from genlab.models.base.schedules import Ramp
from genlab.models.objectives.capacity import Capacity
from genlab.models.objectives.tc import TotalCorrelation

from photographs import CUT, SMALL
from striking import sends

IDLE = SimpleNamespace(sanity_checking=False, loggers=[])


@pytest.fixture
def alarms():
    """As configured, but for three rows instead of twenty."""
    node = compose_alone(Conf(), "callbacks/default")["callbacks/default"]["alarms"]
    return build(OmegaConf.create({**node, "rows": 3}), [])


def alike(alarms):
    """Other ones with the same thresholds."""
    return Alarms(
        alarms.loss_d,
        alarms.rows,
        alarms.saturated,
        alarms.copied,
        alarms.collapsed,
        alarms.collapsing,
        alarms.vanished,
    )


def logged(alarms, steps, **measured):
    """Logged batches with these numbers."""
    for step in steps:
        named = {f"train/{name}": value for name, value in measured.items()}
        alarms.on_train_batch_end(
            IDLE, SimpleNamespace(logs_now=True, measured=named, batches_seen=step), None, None, 0
        )


def validated(alarms, step, **measured):
    """A validation with these numbers."""
    named = {f"val/{name}": value for name, value in measured.items()}
    model = SimpleNamespace(measured=named, batches_seen=step, latent_dim=8)
    alarms.on_validation_epoch_end(IDLE, model)
    alarms.on_validation_end(IDLE, model)


def names(alarms):
    return [(alarm["name"], alarm["step"]) for alarm in alarms.raised]


def test_a_discriminator_that_has_won_is_named_once_and_again_after_it_has_cleared(alarms, capsys):
    won = {"loss_d_real_AtoB": 0.005, "loss_d_fake_AtoB": 0.03, "loss_d_real_BtoA": 0.2, "loss_d_fake_BtoA": 0.3}
    logged(alarms, (50, 100), **won)
    assert names(alarms) == []
    logged(alarms, (150, 200, 250), **won)
    assert names(alarms) == [("discriminator_won_AtoB", 150)]
    said = capsys.readouterr().err
    assert said.count("alarm     the discriminator AtoB has won") == 1
    logged(alarms, (300,), **{**won, "loss_d_fake_AtoB": 0.4})
    logged(alarms, (350, 400, 450), **won)
    assert names(alarms) == [("discriminator_won_AtoB", 150), ("discriminator_won_AtoB", 450)]


def test_a_model_with_one_discriminator_is_judged_by_its_loss(alarms):
    logged(alarms, (50, 100, 150), loss_d=0.001)
    assert names(alarms) == [("discriminator_won", 150)]


def test_a_critic_whose_loss_falls_below_0_learns_and_has_not_won(alarms):
    logged(alarms, (50, 100, 150, 200), loss_d=-3.0, loss_d_real=-5.0, loss_d_fake=2.0)
    assert names(alarms) == []


def test_of_pairs_the_comparison_counts_without_the_penalties_beside_it(alarms):
    logged(alarms, (50, 100, 150), loss_d=0.9, loss_d_pair=0.001, loss_d_r1=9.0)
    assert names(alarms) == [("discriminator_won", 150)]


def test_a_learning_rate_of_0_is_told_but_not_that_of_one_batch(alarms):
    logged(alarms, (1,), lr=0.0)  # a warm-up begins so
    logged(alarms, (2, 3, 4), lr=1e-4)
    assert names(alarms) == []
    logged(alarms, (5, 6, 7), lr=0.0)
    assert names(alarms) == [("no_learning_rate", 7)]


@pytest.mark.parametrize(("made", "name"), [("black", "saturated_BtoA"), ("copy", "copied_BtoA")])
def test_black_translations_and_copies_are_told_from_their_pixels(alarms, made, name):
    draw = torch.Generator().manual_seed(0)
    a, b = (0.1 + 0.8 * torch.rand(n, 3, 8, 8, generator=draw) for n in (3, 2))

    class Model:
        def translate(self, x, direction):
            if direction == "AtoB":
                return 1 - x
            return torch.where(x > 0.5, 1.0, 0.0) if made == "black" else x + 0.5 / 255

    batch = Domains(a, b, torch.arange(3), torch.arange(2))
    now = SimpleNamespace(limited=lambda val, test: 9)
    terms = Symptoms(1, [], 9, 9).terms(now, Seen(Model(), batch, 9))
    assert terms["change_AtoB"].shape == (3,)
    assert terms["change_BtoA"].shape == terms["distance_ab"].shape == (2,)
    validated(alarms, 7, **{n: value.mean().item() for n, value in terms.items()})
    assert names(alarms) == [(name, 7)]


def test_of_two_sizes_the_sides_are_as_far_apart_as_where_both_have_pixels():
    a, b = torch.full((1, 1, 4, 9), 0.7), torch.full((2, 1, 6, 5), 0.5)
    a[..., 5:], b[..., 4:, :] = 9.0, 9.0  # beyond the other
    batch = Domains(a, b, torch.arange(1), torch.arange(2))
    model = SimpleNamespace(translate=lambda x, direction: x)
    terms = Symptoms(1, [], 9, 9).terms(SimpleNamespace(limited=lambda val, test: 9), Seen(model, batch, 9))
    assert terms["distance_ab"].tolist() == pytest.approx([0.2])


def test_pictures_that_are_black_and_white_themselves_raise_no_alarm(alarms):
    validated(alarms, 7, saturated=0.9, saturated_b=0.85, change=0.3, distance_ab=0.3)
    assert names(alarms) == []


def test_a_copy_is_told_by_how_far_the_two_sides_are_apart(alarms):
    """Three in a hundred of it: 0.009, then 0.003."""
    validated(alarms, 7, change=0.01, distance_ab=0.3)
    validated(alarms, 8, change=0.005, distance_ab=0.1)
    assert names(alarms) == []
    validated(alarms, 9, change=0.008, distance_ab=0.3)
    assert names(alarms) == [("copied", 9)]


def test_codes_that_say_nothing_for_three_validations_have_collapsed(alarms, capsys):
    for step, kl in ((10, 0.4), (20, 0.37), (30, 1.2), (40, 0.9), (50, 0.37), (60, 0.37), (70, 0.37)):
        validated(alarms, step, kl=kl)
    assert names(alarms) == [("collapsed", 60)]
    assert "have collapsed, in 3 validations in a row (kl 0.37 nats, below 1): they say" in capsys.readouterr().err
    validated(alarms, 80, kl=1.0)
    assert alarms.active == []


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        ({"active_units": 0}, "0 of 8 units active"),
        ({"active_units": 1}, "1 of 8 units active"),
        ({"active_units": 2}, None),
        ({"mse": 0.0675, "mean_image_mse": 0.0680}, "mse 0.0675, and 0.0680 of the mean training image"),
        ({"mse": 0.0660, "mean_image_mse": 0.0680}, None),
    ],
)
def test_inactive_units_and_the_mean_image_are_signs_too(alarms, capsys, measured, told):
    for step in (70, 80, 90, 99):  # it has hardly begun
        validated(alarms, step, kl=3.0, **measured)
    assert names(alarms) == []
    for step in (100, 200, 300):
        validated(alarms, step, kl=3.0, **measured)
    assert names(alarms) == ([("collapsed", 300)] if told else [])
    assert told is None or f"({told})" in capsys.readouterr().err


def test_of_few_latents_one_active_unit_is_no_sign():
    assert signs({"val/kl": 2.0, "val/active_units": 1}, "val", 2, 1.0) == []
    assert signs({"val/active_units": 0, "val/mse": 1.0, "val/mean_image_mse": 1.0}, "val", 9, 1.0) == []  # no VAE


def test_the_cause_of_a_collapse_is_named_with_what_to_type():
    """Sigma 1 of pixels whose variance is 0.0675 weighs the KL 1 / 0.0675 = 14.8 times as it should."""
    at = {"val/mean_image_mse": 0.0675}

    def model(beta, likelihood="gaussian", sigma=1.0):
        return SimpleNamespace(beta=beta, pixels=Pixels(likelihood, sigma, "linear"))

    assert "model.beta=1 with model.sigma=1 weighs the KL like beta 14.8 with sigma 0.26" in remedy(
        model(1.0), at, "val"
    )
    assert "weighs the KL like beta 3.7 with" in remedy(model(1.0, sigma=0.5), at, "val")  # by the square of sigma
    assert "weighs the KL like beta 392 " in remedy(model(26.46), at, "val")
    assert remedy(model(1.0), at, "val").endswith("Type: model.sigma=learned")
    for heavy in (model(20.0, sigma="learned"), model(20.0, "bernoulli"), model(20.0, sigma=0.1)):
        assert remedy(heavy, at, "val") == "The cause is its weight: model.beta=20. Type: model.beta=1"
    assert "beta is at most 1: let it rise" in remedy(model(1.0, "bernoulli"), at, "val")


def holding(capacity, beta=1000.0, batches_seen=10_000, **measured):
    """A model whose KL is held at a capacity, after so many batches."""
    named = {f"val/{name}": value for name, value in measured.items()}
    kept = {"measured": named, "batches_seen": batches_seen, "latent_dim": 8}
    return SimpleNamespace(beta=beta, objective=Capacity(capacity), **kept)


@pytest.mark.parametrize(
    ("batches", "kl", "expected"),
    [
        (0, 0.001, []),  # its capacity is 0 nats
        (4000, 0.9, []),  # 1 nat
        (8000, 0.4, ["kl 0.4 nats, below 1"]),  # 2 nats, which it does not use
        (50_000, 12.0, []),  # with one unit active and the error of the mean image: it has not risen to its end
        (100_000, 25.0, ["1 of 8 units active"]),
    ],
)
def test_while_a_capacity_rises_the_kl_is_small_by_design(batches, kl, expected):
    model = holding(Ramp(0.0, 25.0, 100_000, 0), batches_seen=batches, kl=kl, active_units=1)
    assert signs_at(model, 1.0, 100) == expected


@pytest.mark.parametrize(("batches", "expected"), [(20, []), (2000, []), (2500, ["kl 0.5 nats, below 1"])])
def test_while_the_weight_is_still_to_fall_a_small_kl_is_no_sign(batches, expected):
    kept = {"measured": {"val/kl": 0.5}, "batches_seen": batches, "latent_dim": 8}
    assert signs_at(SimpleNamespace(beta=Ramp(10.0, 1.5, 2000, 500), **kept), 1.0, 100) == expected


def test_a_capacity_that_ends_below_what_tells_images_apart_is_the_cause_and_gamma_is_not():
    """gamma, in the place of beta, is 1000 in the paper and holds the KL up as well as down."""
    for capacity, key in ((0.5, "model.objective.capacity"), (Ramp(0.0, 0.5, 99, 0), "model.objective.capacity.end")):
        model = holding(capacity, kl=0.5)
        assert signs_at(model, 1.0, 100) == ["kl 0.5 nats, below 1"]
        told = remedy(model, model.measured, "val")
        assert told == f"The cause is the capacity, which holds the KL at 0.5 nats. Type: {key}=25"
    weak, strong = holding(25.0, 4.0, kl=0.01), holding(25.0, kl=0.01)
    assert remedy(weak, weak.measured, "val").endswith("model.beta=4 does not raise it. Type: model.beta=1000")
    assert "model.optimizer.lr" in remedy(strong, strong.measured, "val")


def test_a_total_correlation_that_weighs_much_is_not_blamed_for_what_its_other_weights_do():
    def told(alpha, gamma):
        model = SimpleNamespace(beta=20.0, objective=TotalCorrelation(alpha, gamma))
        return remedy(model, {"val/kl": 0.1}, "val")

    assert told(4.0, 1.0) == "The cause is its weight: model.objective.alpha=4. Type: model.objective.alpha=1"
    assert told(1.0, Ramp(0.0, 9.0, 5, 0)).endswith("Type: model.objective.gamma.end=1")
    assert "beta" not in told(1.0, 1.0)


def test_validations_in_a_row_are_counted_over_a_resume(alarms):
    for step in (10, 20):
        validated(alarms, step, kl=0.1)
    again = continued(alarms)
    validated(again, 30, kl=0.1)
    assert names(again) == [("collapsed", 30)]


def test_a_vae_of_a_heavy_beta_is_said_to_have_collapsed(train):
    short = ["data=digits", "data.limit=200", "data.batch_size=32", "metrics=none", "trainer.max_epochs=4"]
    for beta, expected in ((20, ["collapsed"]), (1, [])):
        run = train("model=vae", f"model.beta={beta}", "model.likelihood=gaussian", *short)
        assert [alarm["name"] for alarm in json.loads((run / "summary.json").read_text())["alarms"]] == expected


def generated(alarms, step, table, samples, measured=True):
    """A validation with so many samples of each class or mode, all of them wanted alike."""
    word = {"classes": "class", "modes": "mode"}[table]
    alarms.tables[table] = [
        {word: number, "samples": count, "wanted": 1 / len(samples)} for number, count in enumerate(samples)
    ]
    spec = SimpleNamespace(class_names=[f"{45 * k} degrees" if word == "mode" else str(k) for k in range(len(samples))])
    model = SimpleNamespace(measured={f"val/{table}": 1.0} if measured else {}, batches_seen=step, spec=spec)
    alarms.on_validation_end(IDLE, model)


SEVENS = [0, 900, 100, 100, 0, 0, 0, 900, 0, 0]


def test_samples_of_few_classes_in_two_validations_in_a_row_are_a_collapse_and_the_classes_are_named(alarms, capsys):
    even = [200] * 10
    for step, samples in ((1000, SEVENS), (2000, even), (3000, SEVENS)):
        generated(alarms, step, "classes", samples)
    assert names(alarms) == []
    generated(alarms, 4000, "classes", SEVENS)
    generated(alarms, 5000, "classes", SEVENS)
    assert names(alarms) == [("collapsing", 4000)]
    assert capsys.readouterr().err.count("collapsing to classes 1 and 7: 90 % of the samples, in 2 validations in") == 1
    generated(alarms, 6000, "classes", even)
    assert alarms.active == []


@pytest.mark.parametrize(("kept", "expected"), [(3, [("collapsing", 3000)]), (4, [("collapsing", 3000)]), (5, [])])
def test_half_of_the_modes_lost_are_a_collapse_and_fewer_are_not(kept, expected, alarms, capsys):
    """log 2 from all of eight alike; by chance 2,500 samples are 0.0014 away, which does not count."""
    for step in (2000, 3000):
        generated(alarms, step, "modes", [2500 // kept + 3] * kept + [0] * (8 - kept))
        alarms.collapsing = 0.69
    assert names(alarms) == expected
    assert ("collapsing to 3 of 8 modes (0 degrees, 45 degrees, 90 degrees): 100 %" in capsys.readouterr().err) == (
        kept == 3
    )


def test_what_two_samples_a_class_make_by_chance_is_no_collapse(alarms):
    """2,000 samples of 1,000 classes alike leave 130 out, and are 0.28 nats away; a KL of 0.9 is 0.65 beyond that."""
    draws = torch.randint(1000, (2000,), generator=torch.Generator().manual_seed(0))
    even = torch.bincount(draws, minlength=1000).tolist()
    fewer = torch.bincount(draws % 500, minlength=1000).tolist()  # log 2, and half of the chance
    for step in (2000, 3000, 4000):
        generated(alarms, step, "classes", even)
    assert names(alarms) == []
    alarms.collapsing = 0.4
    assert lost(alarms.tables["classes"]) < 0.1
    for step in (5000, 6000):
        generated(alarms, step, "classes", fewer)
    assert names(alarms) == [("collapsing", 6000)]
    assert "of 1000 classes: 80 % of the samples" in alarms.raised[0]["text"]


def test_a_generator_passes_through_few_classes_and_old_tables_are_not_judged_again(alarms):
    for step in (100, 500, 999):
        generated(alarms, step, "classes", SEVENS)
    generated(alarms, 1000, "classes", SEVENS)
    generated(alarms, 2000, "classes", SEVENS, measured=False)
    assert names(alarms) == []
    generated(alarms, 3000, "classes", SEVENS)
    assert names(alarms) == [("collapsing", 3000)]


def test_one_class_is_named_alone():
    rows = [{"class": k, "samples": n, "wanted": 0.5} for k, n in enumerate((1, 99))]
    assert told("classes", rows, ["no", "yes"]) == "class yes: 99 % of the samples"
    many = [{"mode": k, "samples": 10, "wanted": 0.1} for k in range(10)]
    assert told("modes", many, [""] * 10) == "8 of 10 modes: 80 % of the samples"


def vanishing(alarms, norms, accuracy=1.0, start=0):
    for step, norm in enumerate(norms, start + 1):
        logged(alarms, (step,), grad_norm_g=norm, d_accuracy=accuracy)


def test_a_gradient_below_a_hundredth_of_its_early_norm_has_vanished(alarms, capsys):
    """Three rows in a row, as the alarms of these tests have it; the early norm is the largest of five."""
    vanishing(alarms, [1.0, 8.0, 0.5, 0.01, 0.01, 0.079, 0.081, 0.079, 0.07])
    assert names(alarms) == []
    vanishing(alarms, [0.01, 0.02], start=9)
    assert names(alarms) == [("generator_vanished", 10)]
    assert "the gradient of the generator has vanished: its norm was below 0.01 of its" in capsys.readouterr().err


def test_a_small_gradient_is_no_alarm_where_the_discriminator_cannot_tell(alarms):
    vanishing(alarms, [1.0] * 5 + [0.001] * 9, accuracy=0.6)
    assert names(alarms) == []


def test_the_early_norm_is_kept_over_a_resume(alarms):
    vanishing(alarms, [1.0] * 5 + [0.001])
    again = continued(alarms)
    vanishing(again, [0.001, 0.001], start=6)
    assert names(again) == [("generator_vanished", 8)]
    old = alike(alarms)
    old.on_load_checkpoint(None, None, {"alarms": {"in_a_row": {}, "active": [], "raised": []}})
    vanishing(old, [0.001] * 20)
    assert names(old) == []


def test_an_alarm_goes_to_whoever_watches_the_run_once(alarms):
    sent = []
    watched = SimpleNamespace(log_alert=lambda name, text: sent.append((name, text)))
    trainer = SimpleNamespace(sanity_checking=False, loggers=[SimpleNamespace(), watched])
    for step in (1, 2, 3, 4):
        model = SimpleNamespace(logs_now=True, measured={"train/loss_d": 0.001}, batches_seen=step)
        alarms.on_train_batch_end(trainer, model, None, None, 0)
    assert sent == [("discriminator_won", alarms.raised[0]["text"])]


GAN = ["model=gan", "callbacks.pictures.every_n_epochs=99"]
RING = [*GAN, "data=toy2d", "model.latent_dim=2", "trainer.log_every_n_steps=50"]


def alarmed(run):
    return {alarm["name"]: alarm["text"] for alarm in json.loads((run / "summary.json").read_text())["alarms"]}


def test_a_generator_that_keeps_to_few_modes_is_said_to_collapse_as_its_table_has_it(train, monkeypatch):
    """At a rate far too high."""
    monkeypatch.setattr("genlab.callbacks.alarms.YOUNG", 60)
    few = ["data.limit=2000", "data.batch_size=50", "trainer.max_epochs=4", "model.optimizer.lr=0.02"]
    run = train(*RING, *few)
    text = alarmed(run)["collapsing"]
    found = int(text.removeprefix("collapsing to ").split()[0])
    assert found <= 4
    assert f"collapsing to {found} of 8 mode" in text
    assert f"alarm     {text}" in (run / "log.txt").read_text()
    assert (run / "tables" / "modes.csv").read_text().startswith("mode,samples,good,wanted")


def test_a_generator_that_covers_the_ring_is_not(train, monkeypatch):
    """Judged at batch 1000, where one validation of few modes would do."""
    monkeypatch.setattr("genlab.callbacks.alarms.COLLAPSING", 1)
    run = train(*RING, "trainer.max_epochs=1", "model.optimizer.lr=5e-4")
    assert alarmed(run) == {}
    assert json.loads((run / "summary.json").read_text())["steps"] == 1000
    rows = list(csv.DictReader((run / "tables" / "modes.csv").open()))
    assert min(float(row["samples"]) for row in rows) > 100


def test_a_loss_that_saturates_against_a_discriminator_of_many_steps_leaves_no_gradient(train):
    """The gradient of log(1 - D(G(z))) by D's logit is -D(G(z)), which goes to 0; that of -log D(G(z)) to -1."""
    digits = [*GAN, "data=digits", "data.limit=320", "data.batch_size=16", "model.d_steps=5", "metrics=none"]
    digits += ["trainer.max_epochs=20"]
    assert "generator_vanished" in alarmed(train(*digits, "model.loss=saturating"))
    assert "generator_vanished" not in alarmed(train(*digits, "model.loss=non_saturating"))


def test_what_is_not_measured_is_not_judged(alarms):
    logged(alarms, (1, 2, 3), loss=0.0)
    validated(alarms, 3, loss=0.0)
    assert names(alarms) == []


def continued(alarms):
    """The alarms of a run that goes on from a checkpoint of these."""
    again, checkpoint = alike(alarms), {}
    alarms.on_save_checkpoint(None, None, checkpoint)
    again.on_load_checkpoint(None, None, checkpoint)
    return again


def test_a_resumed_run_does_not_say_it_again_before_it_has_cleared(alarms, capsys):
    logged(alarms, (50, 100, 150), loss_d=0.001)
    again = continued(alarms)
    logged(again, (200, 250, 300), loss_d=0.001)
    assert names(again) == [("discriminator_won", 150)]
    logged(again, (350,), loss_d=0.5)
    again = continued(again)
    logged(again, (400, 450, 500), loss_d=0.001)
    assert names(again) == [("discriminator_won", 150), ("discriminator_won", 500)]
    assert capsys.readouterr().err.count("has won") == 2


def test_a_run_resumed_in_the_middle_of_a_row_counts_on(alarms):
    """Two of three; a row that had been broken begins anew. What happens later does not change the checkpoint."""
    logged(alarms, (50, 100), loss_d=0.001, lr=0.0)
    logged(alarms, (150,), loss_d=0.5, lr=1e-4)
    logged(alarms, (200, 250), loss_d=0.001, lr=1e-4)
    checkpoint = {}
    alarms.on_save_checkpoint(None, None, checkpoint)
    logged(alarms, (300,), loss_d=0.5, lr=0.0)
    again = alike(alarms)
    again.on_load_checkpoint(None, None, checkpoint)
    logged(again, (300,), loss_d=0.001, lr=0.0)
    assert names(again) == [("discriminator_won", 300)]
    logged(again, (350, 400), loss_d=0.001, lr=0.0)
    assert names(again) == [("discriminator_won", 300), ("no_learning_rate", 400)]


def test_a_run_broken_off_in_a_row_and_after_it_raises_what_the_undisturbed_one_does(breakable):
    """Rows of an update of two batches each: the fifth ends with batch 10, which is then said once."""
    alarms = {"loss_d": 100.0, "rows": 5}
    job = breakable("dcgan", trainer={"accumulate_grad_batches": 2}, callbacks={"alarms": alarms})
    for batch, raised in ((5, []), (13, [("discriminator_won", 10)])):
        assert job.until(sends("train", batch, "SIGTERM")).exit_code == 143
        assert [(alarm["name"], alarm["step"]) for alarm in job.summary["alarms"]] == raised
    assert job.until() is None
    whole = json.loads((job.undisturbed() / "summary.json").read_text())["alarms"]
    assert job.summary["alarms"] == whole
    assert [(alarm["name"], alarm["step"]) for alarm in whole] == [("discriminator_won", 10)]
    assert (job.run / "log.txt").read_text().count("alarm     the discriminator has won") == 1


def test_a_healthy_training_is_silent_and_a_dead_one_is_in_the_summary(train, folders):
    small = ["model=cyclegan", *SMALL["cyclegan"], "data=unpaired_folders", *CUT, "data.batch_size=8"]
    small += [f"data.path={folders['unpaired_folders']}", "callbacks.alarms.rows=2", "data.limit=32"]
    run = train(*small, "trainer.max_epochs=1")
    assert json.loads((run / "summary.json").read_text())["alarms"] == []
    ended = ["model/schedule=cosine", "model.schedule.epochs=1", "trainer.max_epochs=2"]
    dead = train(*small, *ended, "metrics.val_samples=0", "metrics.test_samples=0")
    (alarm,) = json.loads((dead / "summary.json").read_text())["alarms"]
    assert (alarm["name"], alarm["step"]) == ("no_learning_rate", 6)
    assert f"alarm     {alarm['text']}" in (dead / "log.txt").read_text()
