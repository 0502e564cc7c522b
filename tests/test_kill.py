"""Kill, resume, compare. A short form runs with every test; ``pytest -m kill`` is the whole proof."""

import random
import signal
import time

import pytest

from killing import COMMON, REPO, assert_same_run, choices, killed, start, undisturbed
from photographs import BEYOND

UNMEASURED = ["metrics.val_samples=0", "metrics.test_samples=0"]
MODELS = sorted(path.stem for path in (REPO / "conf" / "model").glob("*.yaml"))


@pytest.mark.parametrize(
    ("model", "kills", "small"),
    [
        ("dcgan", 2, ["trainer.max_epochs=6"]),
        # full pools, no pictures and no classifier of domains
        ("cyclegan", 1, ["trainer.max_epochs=4", *UNMEASURED]),
        ("cyclegan", 1, ["trainer.max_epochs=3", *UNMEASURED, *BEYOND]),
        ("speech", 1, ["trainer.max_epochs=4"]),
    ],
)
def test_a_killed_run_continues_to_the_same_bits(model, kills, small, tmp_path, cache, train, trainings):
    options = [*choices(model, tmp_path), *small]
    broken, counted = killed(trainings, tmp_path / "broken", cache, kills, 1, *options)
    assert counted == kills
    whole = train(*COMMON, *options)  # in this process, which need not start
    assert_same_run(whole, broken)


@pytest.mark.kill
@pytest.mark.parametrize("model", MODELS)
def test_twenty_kills(model, tmp_path, cache, trainings):
    assert_survives(20, trainings, tmp_path, cache, *choices(model, tmp_path), "trainer.max_epochs=80")


def assert_survives(least, trainings, tmp_path, cache, *options):
    """A run that is killed ``least`` times ends as one that is left alone; it may get through before: then another one."""
    whole, kills, attempts = undisturbed(trainings, tmp_path / "whole", cache, *options), 0, 0
    while kills < least:
        attempts += 1
        broken, count = killed(trainings, tmp_path / f"broken_{attempts}", cache, least - kills, attempts, *options)
        assert_same_run(whole, broken)
        kills += count


UNDER_KEYS = {
    "a number of batches": ["trainer.limit_train_batches=7"],
    "a share of the batches": ["trainer.limit_train_batches=0.4"],
    "the same batches": ["trainer.overfit_batches=3"],
    "validation within the epoch": ["trainer.val_check_interval=5"],
    "validation over epochs": ["trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=30"],
    "accumulated gradients": ["trainer.accumulate_grad_batches=3"],
    "max_steps": ["trainer.max_steps=1000"],
    "max_time": ["trainer.max_time=00:01:00:00"],
    "clipping by norm": ["trainer.gradient_clip_val=0.5"],
    "clipping by value": ["trainer.gradient_clip_val=0.01", "trainer.gradient_clip_algorithm=value"],
    "bf16-mixed": ["trainer.precision=bf16-mixed"],
    "64-true": ["trainer.precision=64-true"],
}


@pytest.mark.kill
@pytest.mark.parametrize("keys", UNDER_KEYS)
def test_four_kills_under_each_key_of_the_trainer(keys, tmp_path, cache, trainings):
    assert_survives(
        4, trainings, tmp_path, cache, *choices("vae", tmp_path), "trainer.max_epochs=60", *UNDER_KEYS[keys]
    )


@pytest.mark.kill
def test_kills_before_the_first_checkpoint_leave_one_directory(tmp_path, cache, trainings):
    """Without a run id, from the moment in which the first file is there."""
    late = ["checkpoint.every_n_steps=null", "checkpoint.every_n_epochs=1000", "checkpoint.best=false"]
    options = [*choices("vae", tmp_path), "trainer.max_epochs=20", *late]
    whole, folder, dice = (
        undisturbed(trainings, tmp_path / "whole", cache, *options),
        tmp_path / "broken",
        random.Random(0),
    )
    folder.mkdir()
    for _ in range(10):
        process = start(trainings, folder, cache, "resume=auto", *options)
        before = time.time_ns()
        while not any(file.stat().st_mtime_ns > before for file in folder.glob("*-*/*/summary.json")):
            assert process.poll() is None, process.said()
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    process = start(trainings, folder, cache, "resume=auto", *options)
    assert process.wait(600) == 0, process.said()
    (run,) = (path for path in folder.glob("*-*/*") if not path.is_symlink())
    assert_same_run(whole, run)


@pytest.mark.kill
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGUSR1", 75)])
def test_a_multirun_that_was_stopped_goes_on_to_the_same_bits(name, code, tmp_path, cache, trainings):
    options = ["-m", *choices("vae", tmp_path), "trainer.max_epochs=40", "model.latent_dim=2,3"]
    runs = {kind: tmp_path / kind for kind in ("whole", "broken")}
    for folder in runs.values():
        folder.mkdir()
    assert start(trainings, runs["whole"], cache, *options).wait(600) == 0
    process = start(trainings, runs["broken"], cache, *options)
    while not list(runs["broken"].glob("multirun/*/1/checkpoints/last.ckpt")):
        time.sleep(0.001)
    process.send_signal(getattr(signal, name))
    assert process.wait(60) == code
    process = start(trainings, runs["broken"], cache, *options, "resume=auto")
    assert process.wait(600) == 0, process.said()
    (whole,), (broken,) = (list(folder.glob("multirun/*")) for folder in runs.values())
    for number in ("0", "1"):
        assert_same_run(whole / number, broken / number)
    assert process.said().count("/0 is finished") == 1
