"""A run continued from a checkpoint that is older than its tables is the run left alone, in everything that it holds."""

import csv
import json
import math
import multiprocessing
import os
import random
import shutil
import time
from types import SimpleNamespace

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from genlab.apps.command import main as door
from genlab.apps.train.build import QUIET
from genlab.callbacks.checkpoints import Checkpoints
from genlab.contracts import CheckpointError
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.files import read_json, write_json
from genlab.models.base.distributed import from_rank_0
from genlab.models.base.schedules import Constant
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet
from genlab.runs.checkpoint_io import AtomicCheckpointIO
from genlab.runs.load import load
from genlab.runs.loggers.csv import CsvLog

import parity
from dice import BATCHES, OPTIONS, Dice
from killing import assert_equal, assert_same_run, choices

FAST = ["logger=csv", "metrics.val_samples=0", "metrics.test_samples=0", "run_id=a", "callbacks=trace"]
# no number, then the best in the third epoch, never less afterwards
DICE = [*OPTIONS, *FAST, "+model.planted=[null,3,1,2,1]", "trainer.log_every_n_steps=1"]
SPEC = parity.spec("domains", 32)
LONG = [*DICE, "trainer.max_epochs=5", "checkpoint.every_n_steps=3"]


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory, cache):
    """Five epochs of five batches, saved every third batch."""
    folder = tmp_path_factory.mktemp("left_alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GENLAB_RUN_DIR", raising=False)
        patch.setenv("GENLAB_CACHE", str(cache))
        assert door.run("train", [*LONG, f"paths.runs={folder}", "name=whole"]) == 0
    return folder / "whole" / "a"


@pytest.fixture
def broken(left_alone, tmp_path):
    """A copy of that run, to be continued from where a checkpoint stands."""
    return shutil.copytree(left_alone, tmp_path / "broken" / "a")


def steps(run):
    """How many batches each checkpoint of a run has seen."""
    files = (run / "checkpoints").glob("*.ckpt")
    return {file.stem: torch.load(file)["counters"]["batches_seen"] for file in files}


def planted(file, **values):
    """Give a checkpoint other values."""
    checkpoint = AtomicCheckpointIO().load_checkpoint(file)
    assert checkpoint["genlab"].keys() >= values.keys()
    checkpoint["genlab"] |= values
    AtomicCheckpointIO().save_checkpoint(checkpoint, file)


def test_the_best_is_the_lowest_value_its_step_and_its_weights(left_alone, train):
    best = {"metric": "val/loss", "value": 1.0, "step": 3 * BATCHES}
    assert json.loads((left_alone / "summary.json").read_text())["best"] == best
    assert steps(left_alone) == {"last": 25, "previous": 24, "best": 15}
    short = train(*DICE, "trainer.max_epochs=3")
    files = left_alone / "checkpoints" / "best.ckpt", short / "checkpoints" / "last.ckpt"
    assert_equal(*(torch.load(file)["state_dict"] for file in files))


def test_the_best_is_that_of_one_metric_where_several_fit(monkeypatch):
    """The first at first; where it is no longer measured another begins anew."""
    keeper, written = Checkpoints(None, 1, None, True), []
    monkeypatch.setattr(keeper, "write", lambda trainer, name: written.append(keeper.best["value"]) or True)
    both = [{"val/fid_b_9": 5.0, "val/kid": 0.0}, {"val/fid_a_9": 1.0, "val/fid_b_9": 6.0}, {"val/fid_b_9": 4.0}]
    for measured in [*both, {}, {"val/fid_a_8": 7.0}]:
        keeper.consider_best(
            None, SimpleNamespace(measured=measured, monitor="val/fid", monitor_goal="minimize", batches_seen=1)
        )
    assert written == [5.0, 4.0, 7.0]


@pytest.mark.parametrize(("goal", "kept"), [("maximize", [-9.0, -7.0, -6.0]), ("minimize", [-9.0, -11.0])])
def test_the_best_is_the_lowest_or_the_highest_as_the_model_says(goal, kept, monkeypatch):
    keeper, written = Checkpoints(None, 1, None, True), []
    monkeypatch.setattr(keeper, "write", lambda trainer, name: written.append(keeper.best["value"]) or True)
    for step, value in enumerate([-9.0, -7.0, -8.0, math.inf, -11.0, -6.0, math.nan]):
        monitored = {"monitor": "val/elbo", "monitor_goal": goal}
        keeper.consider_best(None, SimpleNamespace(measured={"val/elbo": value}, batches_seen=step, **monitored))
    assert written == kept


@pytest.mark.parametrize("name", ["best", "previous"])
def test_a_run_goes_on_from_a_checkpoint_at_the_end_of_an_epoch_or_within_one(name, left_alone, broken, train):
    train(*LONG, f"resume={broken}/checkpoints/{name}.ckpt")
    assert_same_run(left_alone, broken)
    assert steps(broken)["best"] == 3 * BATCHES
    assert torch.load(broken / "checkpoints" / "last.ckpt")["genlab"]["measured"]["val/first"] == 1


def test_a_run_killed_before_its_first_checkpoint_begins_again_with_empty_tables(left_alone, broken, train):
    shutil.rmtree(broken / "checkpoints")
    train(*LONG, f"resume={broken}")
    assert_same_run(left_alone, broken)


def test_rows_and_the_clock_go_on_from_the_checkpoint_and_another_number_of_threads_is_said(broken, train):
    file = broken / "checkpoints" / "best.ckpt"
    assert torch.load(file)["genlab"]["threads"] == torch.get_num_threads() == 1
    planted(file, seconds=1000.0, threads=3)
    begun = time.monotonic()
    with pytest.warns(UserWarning, match=r"number of threads was 3 and is now 1.* Type: performance\.threads=3$"):
        train(*LONG, f"resume={file}", "trainer.log_every_n_steps=10", "performance.threads=1")
    passed = time.monotonic() - begun
    with open(broken / "metrics.csv", newline="") as table:
        seconds = {int(row["step"]): float(row["seconds"]) for row in csv.DictReader(table)}
    assert list(seconds) == [*range(1, 3 * BATCHES + 1), 20, 25]  # none that the checkpoint has not seen
    seconds = list(seconds.values())
    assert all(second < 1000 for second in seconds[: 3 * BATCHES])
    assert all(1000 <= second <= 1000 + passed for second in seconds[3 * BATCHES :])
    assert 1000 <= json.loads((broken / "summary.json").read_text())["seconds"] <= 1000.1 + passed


def test_a_number_of_threads_that_was_chosen_is_kept_on_a_resume(broken, train, capfd):
    file = broken / "checkpoints" / "best.ckpt"
    planted(file, threads=2)
    try:
        train(*LONG, f"resume={file}")
        assert torch.load(broken / "checkpoints" / "last.ckpt")["genlab"]["threads"] == 2
    finally:
        torch.set_num_threads(1)
    assert (
        "note      2 threads, as before: exact; 1 would be chosen today (performance.threads=1)"
        in capfd.readouterr().err
    )


@pytest.mark.parametrize(
    ("rule", "last_but_one"),
    [
        (["checkpoint.every_n_epochs=2"], 2 * BATCHES),
        (["checkpoint.every_minutes=1e-6"], 3 * BATCHES - 1),
        (["checkpoint.every_n_steps=13"], 13),
        (["checkpoint.every_n_steps=14", "trainer.accumulate_grad_batches=3"], 2 * BATCHES),  # 14 is inside an update
    ],
)
def test_a_checkpoint_is_written_when_its_rule_says_so_and_never_inside_an_update(rule, last_but_one, train):
    run = train(*DICE, "trainer.max_epochs=3", *rule)
    assert steps(run) == {"last": 3 * BATCHES, "previous": last_but_one, "best": 3 * BATCHES}
    assert json.loads((run / "summary.json").read_text())["best"]["step"] == 3 * BATCHES


def test_a_minute_has_sixty_seconds():
    checkpoints, trainer = Checkpoints(None, None, 1.0, True), pl.Trainer(**QUIET, accelerator="cpu", logger=False)
    for seconds, due in ((50, False), (61, True)):
        checkpoints.saved_at = time.monotonic() - seconds
        assert checkpoints.is_due(trainer, Dice([], parity.adam, Constant(), SPEC, 0)) == due


def test_a_gan_with_pools_and_averages_goes_on(train, tmp_path):
    small = [*choices("cyclegan", tmp_path), *FAST, "data.limit=20", "model.ema=0.9", "trainer.max_epochs=2"]
    whole = train(*small)
    broken = shutil.copytree(whole, tmp_path / "broken" / "a")
    pools = load(broken).pools()
    for name, images in torch.load(broken / "checkpoints" / "last.ckpt")["pools"]["0"].items():
        assert_equal(pools[name].images, images, f"pool {name}")
        assert len(images) == 6
    train(*small, f"resume={broken}/checkpoints/previous.ckpt")
    assert_same_run(whole, broken)


def test_changed_images_are_refused_before_anything_is_written(broken, train):
    summary = read_json(broken / "summary.json")
    write_json(broken / "summary.json", summary | {"data_digest": "0" * 64})  # of what the pictures were
    before = {path: path.read_bytes() for path in broken.rglob("*") if path.is_file()}
    with pytest.raises(CheckpointError, match="the images have changed"):
        train(*LONG, f"resume={broken}")
    assert {path: path.read_bytes() for path in broken.rglob("*") if path.is_file()} == before


def test_a_run_continued_in_another_order_says_so(broken, train):
    with pytest.warns(UserWarning, match=r"data\.batch_size was 16 and is now 10"):
        train(*LONG, "data.batch_size=10", f"resume={broken}/checkpoints/best.ckpt", "trainer.max_epochs=4")
    assert "data.batch_size was 16" in (broken / "log.txt").read_text()


def rank_goes_on(rank, folder):
    """One of two ranks: saves with the other, goes on a little, and comes back to where it was; what it is given is its own."""
    os.environ["LOCAL_RANK"] = str(rank)  # to Lightning: all processes have been started
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    trainer = pl.Trainer(**QUIET, accelerator="cpu", devices=2, strategy="ddp", logger=False)
    model = parity.cyclegan(
        ResNet(4, 1, 2, "instance", "transposed", False), PatchGAN(4, 2, "instance"), SPEC, pool_size=2
    )
    model.trainer = trainer
    checkpoints, data = Checkpoints(None, 1, None, True), StoreData(PreparedData(SPEC, {}), 4, 0)
    checkpoints.attach(folder, {}, {}, CsvLog(folder / f"{rank}.csv"))
    data.trainer = trainer
    assert data.state_dict()["world"] == 2
    torch.manual_seed(rank)
    random.seed(rank)
    np.random.seed(rank)
    model.pools()["a"].images = [torch.full((3, 2, 2), float(rank))]

    checkpoint = {}
    checkpoints.on_save_checkpoint(trainer, model, checkpoint)
    model.on_save_checkpoint(checkpoint)
    checkpoint = from_rank_0(checkpoint)  # rank 0 writes the file that every rank reads
    thrown = throws()
    model.pools()["a"].images = []
    checkpoints.on_load_checkpoint(trainer, model, checkpoint)
    model.on_load_checkpoint(checkpoint)
    checkpoints.on_train_start(trainer, model)
    assert throws() == thrown
    assert [image.mean().item() for image in model.pools()["a"].images] == [rank]
    (folder / f"{rank}.json").write_text(json.dumps(thrown))


def throws():
    """Of each global generator."""
    return [random.random(), np.random.random_sample(), torch.rand(()).item()]


def test_each_rank_gets_back_its_own_random_state_and_its_own_pools(tmp_path):
    context = multiprocessing.get_context("fork")
    ranks = [context.Process(target=rank_goes_on, args=(rank, tmp_path)) for rank in (0, 1)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(60)
    assert [rank.exitcode for rank in ranks] == [0, 0]
    one, other = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert all(x != y for x, y in zip(one, other, strict=True))
