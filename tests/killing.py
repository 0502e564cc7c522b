"""The proof that nothing is lost: kill a run at random moments, continue it, compare with one left alone."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

REPO = Path(__file__).resolve().parent.parent
COMMON = [
    "data=digits", "data.limit=700", "data.batch_size=32", "logger=csv", "callbacks=trace",
    "metrics.val_samples=300", "metrics.test_samples=300", "checkpoint.every_n_steps=5", "trainer.log_every_n_steps=3",
    "performance.threads=1", "seed=3",
]  # fmt: skip


def start(folder, *overrides):
    """A training process of its own, its runs in ``folder``."""
    command = [sys.executable, "-u", str(REPO / "src" / "train.py"), *COMMON, f"paths.runs={folder}", *overrides]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GENLAB_CACHE": str(folder / "cache")}
    log = open(folder / "out.txt", "a")  # noqa: SIM115 - lives as long as the process
    return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)


def undisturbed(folder, *overrides):
    """Run to the end; gives the run directory and the seconds of training."""
    folder.mkdir(parents=True)
    process = start(folder, "run_id=a", *overrides)
    assert process.wait(timeout=600) == 0, (folder / "out.txt").read_text()
    run = next(folder.glob("*-digits/a"))
    return run, float(rows(run / "metrics.csv", drop=False)[-1]["seconds"])


def killed(folder, kills, seconds, seed, *overrides, signal_number=signal.SIGKILL, damage=None):
    """Kill ``kills`` times at random moments of the training, continuing with ``resume=auto``, then let it finish."""
    folder.mkdir(parents=True)
    dice, done = random.Random(seed), 0
    while True:
        process = start(folder, "run_id=a", "resume=auto", *overrides)
        if done < kills:
            began = wait_for_training(folder, process, done + 1)
            pause = dice.uniform(0, seconds)
            while began and time.monotonic() < began + pause and process.poll() is None:
                time.sleep(0.002)
        if done < kills and process.poll() is None:
            process.send_signal(signal_number)
            process.wait(timeout=60)
            done += 1
            if damage is not None:
                damage(folder, dice)
            continue
        assert process.wait(timeout=600) == 0, (folder / "out.txt").read_text()
        return next(folder.glob("*-digits/a")), done


def wait_for_training(folder, process, start_number):
    """The moment at which the process said for the n-th time where its results go; None if it ended before."""
    while process.poll() is None:
        if (folder / "out.txt").read_text().count("results ") >= start_number:
            return time.monotonic()
        time.sleep(0.01)
    return None


def rows(path, drop=True):
    """A table's rows, without the columns that tell of time."""
    with open(path, newline="") as file:
        return [{k: v for k, v in row.items() if not (drop and k == "seconds")} for row in csv.DictReader(file)]


def assert_equal(a, b, where="checkpoint"):
    """Equal to the bit, whatever the nesting."""
    assert type(a) is type(b), where
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert list(map(str, a)) == list(map(str, b)), where
        for key in a:
            assert_equal(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_equal(x, y, f"{where}[{i}]")
    else:
        assert a == b, where


def assert_same_run(a, b):
    """Weights, optimisers, counters, random state, metrics rows and consumed indices."""
    one, other = (torch.load(run / "checkpoints" / "last.ckpt", weights_only=True) for run in (a, b))
    for key in ("state_dict", "optimizer_states", "counters"):
        assert_equal(one[key], other[key], key)
    for key in ("random_state", "rows", "best", "measured"):
        assert_equal(one["genlab"][key], other["genlab"][key], key)
    assert rows(a / "metrics.csv") == rows(b / "metrics.csv")
    assert rows(a / "tables" / "indices.csv") == rows(b / "tables" / "indices.csv")
