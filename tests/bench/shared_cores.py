"""Steps with one thread, with one for each core, and with as many as ``auto`` takes: quiet, and with one core taken by others.

    python tests/bench/shared_cores.py --data DIR

The default VAE on MNIST, the classifier that measures MNIST (28x28, batches of 128), and CycleGAN at 64 pixels and width 16 on
horse2zebra. The taken core is a loop that does nothing, as heavy as can be. ``auto`` chooses in a process of its own, as a
command does.
"""

import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
os.environ.pop("OMP_NUM_THREADS", None)  # it would go before the choice

from genlab.compat import ensure_torchvision

ensure_torchvision()

import torch
import torch.nn.functional as F

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.config.compose import compose
from genlab.data.store.module import StoreData
from genlab.metrics.extractors.classifier import Convnet

from reporting import arguments, in_turn, report
from stepping import play, stepping

BUSY = [sys.executable, "-c", "while True: pass"]
CHOICE = (
    "from genlab.apps.train.performance import Performance as P; import torch; P(False, 'auto', False, False).apply(); "
)
CHOICE += "print(torch.get_num_threads())"
SMALL = ["data.crop_size=64", "data.load_size=72", "model.generator.width=16", "model.discriminator.width=16"]
STEPS = {"VAE": 60, "classifier": 40, "CycleGAN": 6}


class Model:
    """A model's step on the platform's data path."""

    def __init__(self, data, *options):
        cfg = compose("train", [*options, f"paths.data={data}"])
        prepared = prepare(cfg)
        self.model = stepping(build_model(cfg, prepared.spec))
        self.data, self.number = StoreData(prepared, cfg.data.batch_size, 0), 0
        self.batches = iter(())

    def __call__(self):
        one = next(self.batches, None)
        if one is None:
            self.batches = iter(self.data.train_dataloader())
            one = next(self.batches)
        self.number += 1
        play(self.model, (self.data.on_after_batch_transfer(one, 0), self.model.noise("train", self.number)))


class Classifier:
    """A step of the classifier behind FID."""

    def __init__(self):
        self.net = Convnet((1, 28, 28), (10,))
        self.optimizer = torch.optim.Adam(self.net.parameters(), 2e-3)
        self.x, self.y = torch.rand(128, 1, 28, 28), torch.randint(10, (128,))

    def __call__(self):
        loss = F.cross_entropy(self.net(self.x), self.y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


@contextmanager
def taken(busy):
    """One core is busy with something else inside, if ``busy``."""
    process = subprocess.Popen(BUSY) if busy else None
    try:
        time.sleep(0.3)
        yield
    finally:
        if process:
            process.kill()
            process.wait()


def chosen(busy):
    """The number of threads that ``auto`` takes."""
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with taken(busy):
        return int(
            subprocess.run([sys.executable, "-c", CHOICE], env=env, capture_output=True, text=True, check=True).stdout
        )


def timed(step, count, threads, busy):
    """Milliseconds a step."""
    torch.set_num_threads(threads)
    with taken(busy):
        step()
        begun = time.perf_counter()
        for _ in range(count):
            step()
        return (time.perf_counter() - begun) / count * 1000


def main():
    options = arguments(__doc__.splitlines()[0])
    cores = torch.get_num_threads()
    for busy in (False, True):
        choices = sorted(chosen(busy) for _ in range(options.rounds))
        state = "one core taken" if busy else "quiet"
        print(f"auto, {state}: {choices}, median {statistics.median(choices)}")
    steps = {
        "VAE": Model(options.data, "model=vae", "data=mnist"),
        "classifier": Classifier(),
        "CycleGAN": Model(options.data, "model=cyclegan", "data=horse2zebra", *SMALL),
    }
    contestants = {
        f"{name}, {threads} thread{'s' * (threads > 1)}, {'one core taken' if busy else 'quiet'}": (
            lambda s=step, n=STEPS[name], t=threads, b=busy: timed(s, n, t, b)
        )
        for name, step in steps.items()
        for busy in (False, True)
        for threads in (cores, 1)
    }
    report(in_turn(contestants, options.rounds), [], options.json, "ms")


if __name__ == "__main__":
    main()
