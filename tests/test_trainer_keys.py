"""Trainer keys that change what a batch or an epoch is: epochs are whole, and a broken run goes on to the same bits."""

import csv
import json

import pytest
import torch

from genlab.callbacks.checkpoints import Checkpoints
from genlab.contracts import ConfigError
from genlab.runs.load import load_run

from dice import BATCHES, OPTIONS
from killing import assert_equal

RUN = [*OPTIONS, "logger=csv", "metrics=none", "run_id=a", "callbacks=trace", "trainer.log_every_n_steps=1"]
RUN += ["+model.planted=[9,8,7,6,5,4,3,2,1]", "trainer.max_epochs=4"]
KEYS = {
    "limit_train_batches as a number": ["trainer.limit_train_batches=3"],
    "limit_train_batches as a share": ["trainer.limit_train_batches=0.7"],
    "overfit_batches": ["trainer.overfit_batches=2"],
    "val_check_interval": ["trainer.val_check_interval=2"],
    "check_val_every_n_epoch=null": ["trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=7"],
    "accumulate_grad_batches": ["trainer.accumulate_grad_batches=2"],
    "gradient_clip_val": ["trainer.gradient_clip_val=0.1"],
    "precision": ["trainer.precision=64-true"],
    "bf16": ["trainer.precision=bf16-mixed"],
}
TAKEN = {
    "limit_train_batches as a number": 3,
    "limit_train_batches as a share": 3,
    "overfit_batches": 2,
}  # of 5 batches


def indices(run):
    """The images of each batch."""
    with open(run / "tables" / "indices.csv", newline="") as file:
        return [row["indices"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("key", TAKEN)
def test_every_epoch_has_its_batches_and_its_validation(key, train):
    run, whole = train(*RUN, *KEYS[key]), train(*RUN, "name=whole")
    taken, every = indices(run), indices(whole)
    assert load_run(run, ["dice"]).step == 4 * TAKEN[key]
    for epoch in range(4):
        begun = 0 if key == "overfit_batches" else epoch
        expected = every[begun * BATCHES : begun * BATCHES + TAKEN[key]]
        assert taken[epoch * TAKEN[key] : (epoch + 1) * TAKEN[key]] == expected
    with open(run / "metrics.csv", newline="") as file:
        validated = [int(row["step"]) for row in csv.DictReader(file) if row["val/loss"]]
    assert validated == [TAKEN[key] * epoch for epoch in range(1, 5)]


def trained(run):
    """What each batch's row says of the training; the broken run also validated and tested where it stopped."""
    with open(run / "metrics.csv", newline="") as file:
        return [(row["step"], row["epoch"], row["train/loss"], row["train/lr"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("key", KEYS)
def test_a_run_that_was_broken_off_twice_goes_on_to_the_same_bits(key, train):
    options = [*RUN, *KEYS[key], "checkpoint.every_n_steps=1"]
    whole = train(*options)
    broken = train(*options, "name=broken", "trainer.max_steps=2")
    for moment in (7, -1):
        train(f"resume={broken}", f"trainer.max_steps={moment}", "metrics=none")
    one, other = (torch.load(run / "checkpoints" / "last.ckpt", weights_only=True) for run in (whole, broken))
    for part in ("state_dict", "optimizer_states", "counters"):
        assert_equal(one[part], other[part], part)
    assert_equal(one["genlab"]["random_state"], other["genlab"]["random_state"])
    assert (trained(whole), indices(whole)) == (trained(broken), indices(broken))


def test_a_save_that_is_due_before_a_validation_within_the_epoch_comes_after_it(train, monkeypatch):
    saved, write = [], Checkpoints.write

    def noting(self, trainer, name):
        saved.append((trainer.lightning_module.batches_seen, "val/loss" in self.tables["metrics"].kept[-1]))
        return write(self, trainer, name)

    monkeypatch.setattr(Checkpoints, "write", noting)
    own = [
        "trainer.val_check_interval=2",
        "checkpoint.every_n_steps=1",
        "checkpoint.best=false",
        "trainer.max_epochs=1",
    ]
    train(*(option for option in RUN if not option.startswith("trainer.max_epochs")), *own)
    assert saved == [(1, False), (2, True), (3, False), (4, True), (5, False)]


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_a_fast_dev_run_trains_validates_and_tests_as_many_batches_as_it_says(model, train):
    run = train(f"model={model}", "data=digits", "data.batch_size=10", "metrics=none", "trainer.fast_dev_run=3")
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["status"], summary["steps"], summary["images"]) == ("finished", 3, 30)
    assert {name.split("/")[0] for name in summary["metrics"]} == {"val", "test"}


@pytest.mark.parametrize("check_only", [False, True])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["trainer.val_check_interval=0"], "an epoch has 5 batches .*\\n.*from 1 to 5"),
        (["trainer.val_check_interval=6"], "an epoch has 5 batches .*\\n.*check_val_every_n_epoch=null"),
        (["trainer.val_check_interval=0.1"], "an epoch has 5 batches"),
        (["trainer.limit_train_batches=2", "trainer.val_check_interval=3"], "an epoch has 2 batches"),
        (["trainer.limit_train_batches=0.1"], "no batch is left of an epoch of 5 .*\\n.*at least 0.2"),
        (["trainer.limit_train_batches=0"], "no batch is left of an epoch of 5"),
    ],
)
def test_an_epoch_without_a_batch_or_its_validation_is_refused_before_there_is_a_run(
    typed, said, check_only, train, tmp_path
):
    with pytest.raises(ConfigError, match=said):
        train(*RUN, *typed, f"check_only={check_only}")
    assert not (tmp_path / "runs").exists()
