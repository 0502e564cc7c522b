"""The proof that nothing is lost: kill a run at random moments, continue it, compare with one left alone."""

import csv
import random
import signal
import time
from pathlib import Path

import torch

import photographs
import speaking
import vowels

REPO = Path(__file__).resolve().parent.parent
COMMON = [
    "data.limit=700", "logger=csv", "callbacks=trace",
    "metrics.extractor=random", "metrics.val_samples=300", "metrics.test_samples=300",
    "checkpoint.every_n_steps=5", "trainer.log_every_n_steps=3",
    "performance.threads=1", "seed=3",
]  # fmt: skip


def choices(model, folder):
    """A model, a small set that it takes (made in ``folder`` where it is one of files), and what keeps it small.

    ``speech`` is the CycleGAN of two speakers.
    """
    if model == "speech":
        speakers = vowels.two_speakers(folder / "speech", train=34, seconds=0.6)
        return [*speaking.TINY, *(f"data.{side}={place}" for side, place in speakers.items()), "data.batch_size=4"]
    if model not in photographs.SMALL:
        few = ["model.prior.components=10"] if model == "vamp_vae" else []
        size = "model.generator.width=8" if model == "restoration" else "model.latent_dim=4"
        return [f"model={model}", "data=digits", "data.batch_size=32", size, *few]
    name, make = {
        "pix2pix": ("paired_folders", photographs.pairs),
        "cyclegan": ("unpaired_folders", photographs.domains),
    }[model]
    chosen = [f"model={model}", *photographs.SMALL[model], f"data={name}", f"data.path={make(folder / 'pictures')}"]
    pool = ["model.pool_size=6"] if model == "cyclegan" else []  # full after the second batch
    return [*chosen, *photographs.CUT, "data.batch_size=4", *pool]


def start(forks, folder, cache, *overrides):
    """A training process of its own, its runs in ``folder``, decoded images and extractors in ``cache``."""
    options = [*COMMON, f"paths.runs={folder}", *overrides]
    return forks.command("train", *options, folder=folder, output=folder / "out.txt", GENLAB_CACHE=str(cache))


def undisturbed(forks, folder, cache, *overrides):
    """Run to the end; gives the run directory."""
    folder.mkdir(parents=True)
    process = start(forks, folder, cache, "run_id=a", *overrides)
    assert process.wait(timeout=600) == 0, process.said()
    return next(folder.glob("*-*/a"))


def killed(forks, folder, cache, kills, seed, *overrides):
    """Kill ``kills`` times at random moments of the training, continuing with ``resume=auto``, then let it finish.

    A kill counts only when the process has trained: it falls up to 0.3 s after the first new checkpoint, which is far
    enough to meet a batch, a validation, a picture or the next save.
    """
    folder.mkdir(parents=True)
    dice, done = random.Random(seed), 0
    while True:
        before = newest_checkpoint(folder)
        process = start(forks, folder, cache, "run_id=a", "resume=auto", *overrides)
        while done < kills and newest_checkpoint(folder) == before and process.poll() is None:
            time.sleep(0.001)
        if done < kills:
            time.sleep(dice.uniform(0, 0.3))
        if done < kills and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)
            done += 1
            continue
        assert process.wait(timeout=600) == 0, process.said()
        return next(folder.glob("*-*/a")), done


def newest_checkpoint(folder):
    """When ``last.ckpt`` was written, or None."""
    try:
        return next(folder.glob("*-*/a/checkpoints/last.ckpt")).stat().st_mtime_ns
    except (StopIteration, FileNotFoundError):
        return None


def rows(path):
    """A table's rows, without the column that tells of time."""
    with open(path, newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


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
    """Weights, optimisers, counters, pools, random state, metrics rows and consumed indices."""
    assert_same_state(a, b)
    assert rows(a / "metrics.csv") == rows(b / "metrics.csv")


def assert_same_state(a, b):
    """What the last checkpoints hold, and the consumed indices."""
    one, other = (torch.load(run / "checkpoints" / "last.ckpt", weights_only=True) for run in (a, b))
    for key in ("state_dict", "optimizer_states", "counters", "pools"):
        assert_equal(one.get(key), other.get(key), key)
    for key in ("random_state", "rows", "best", "measured"):
        assert_equal(one["genlab"][key], other["genlab"][key], key)
    assert rows(a / "tables" / "indices.csv") == rows(b / "tables" / "indices.csv")
