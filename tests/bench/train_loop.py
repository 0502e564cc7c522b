"""What the platform costs over a lean hand-written loop, and what it saves over the loop that people write.

The same VAE (784-400-20, batch 128, MNIST), three times, an epoch each, in turn in one run:
lean: uint8 tensor in memory, slices, fused Adam, no logging; platform: the command's own Trainer with CSV, progress bar,
checkpoints and a row every 50 steps; textbook: a data set that gives one image at a time, the default loader, the default
Adam, ``.item()`` after each step. Before anything is timed, lean and platform are shown to compute the same losses.

    python tests/bench/train_loop.py --data DIR
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from genlab.compat import ensure_torchvision

ensure_torchvision()

import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torchvision.transforms import ToTensor

from genlab import console
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_callbacks, build_model, build_trainer
from genlab.apps.train.loggers import Loggers
from genlab.callbacks.checkpoints import Checkpoints
from genlab.callbacks.progress import Progress
from genlab.config.build import build
from genlab.config.compose import compose
from genlab.data.store.module import StoreData
from genlab.data.store.order import epoch_order
from genlab.models.base.noise import Noise
from genlab.runs.directory import RunDirectory

from reporting import arguments, in_turn, report

BATCH = 128


def configured(data, *more):
    """The command's own configuration: one epoch, no validation."""
    options = ["model=vae", "model/net=mlp", "model/schedule=constant", "data=mnist", f"paths.data={data}"]
    options += [
        f"data.batch_size={BATCH}",
        "trainer.max_epochs=1",
        "+trainer.limit_val_batches=0",
        "logger=csv",
        "metrics=none",
        *more,
    ]
    return compose("train", options)


def networks():
    """784-400-20 and back, as the platform builds them: the same layers in the same order from the same seed."""
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.SiLU(), nn.Linear(400, 40))
    decoder = nn.Sequential(nn.Linear(20, 400), nn.SiLU(), nn.Linear(400, 784), nn.Unflatten(1, (1, 28, 28)))
    return encoder, decoder


def loss_of(encoder, decoder, x, eps):
    """-ELBO, by hand."""
    mean, logvar = encoder(x).chunk(2, 1)
    logits = decoder(mean + (0.5 * logvar).exp() * eps)
    recon = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (recon + 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum()) / len(x)


class Lean:
    """Near what the machine can do."""

    def __init__(self, images):
        self.images = images

    def __call__(self, record=None):
        encoder, decoder = networks()
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3, fused=True)
        start = time.perf_counter()
        order = torch.from_numpy(epoch_order(len(self.images), 0, 0))
        for step in range(len(order) // BATCH):
            x = self.images[order[step * BATCH : (step + 1) * BATCH]].float().div_(255)
            eps = Noise(0, "train", step, torch.device("cpu")).normal("z", BATCH, 20)
            loss = loss_of(encoder, decoder, x, eps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if record is not None:
                record.append(loss.item())
        return time.perf_counter() - start


class Items(torch.utils.data.Dataset):
    """One image and its label at a time, through Pillow and ToTensor, as torchvision's MNIST gives them."""

    def __init__(self, images, labels):
        self.images, self.labels, self.transform = images, labels, ToTensor()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.images[index, 0].numpy())), int(self.labels[index])


class Textbook:
    """What people write: the loop of PyTorch's own VAE example."""

    def __init__(self, images, labels):
        items = Items(images, labels)
        self.loader = torch.utils.data.DataLoader(items, batch_size=BATCH, shuffle=True, drop_last=True)

    def __call__(self):
        encoder, decoder = networks()
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
        total, start = 0.0, time.perf_counter()
        for x, _ in self.loader:
            optimizer.zero_grad()
            loss = loss_of(encoder, decoder, x, torch.randn(len(x), 20))
            loss.backward()
            total += loss.item()
            optimizer.step()
        return time.perf_counter() - start


class Platform:
    """The command's own parts, from the start of training to its end, the last checkpoint included."""

    def __init__(self, cfg, prepared):
        self.cfg, self.prepared = cfg, prepared

    def __call__(self):
        cfg = self.cfg
        with tempfile.TemporaryDirectory() as folder:
            directory = RunDirectory(Path(folder))
            loggers, callbacks = Loggers(cfg), build_callbacks(cfg)
            loggers.place(directory)
            model = build_model(cfg, self.prepared.spec)
            checkpoints = next(c for c in callbacks if isinstance(c, Checkpoints))
            checkpoints.attach(directory.checkpoints, {}, {"metrics": loggers.csv.table}, loggers.csv)
            callbacks = [c for c in callbacks if isinstance(c, Checkpoints | Progress)]
            for c in callbacks:
                if isinstance(c, Progress):
                    c.console._force_terminal = True  # the bar is drawn, into nowhere
                    c.console.file = open("/dev/null", "w")  # noqa: SIM115
            trainer = build_trainer(cfg, model, callbacks, loggers.all, directory.path)
            times = {}
            model.on_train_start = lambda: times.update(start=time.perf_counter())
            model.on_train_end = lambda: times.update(end=time.perf_counter())
            trainer.fit(model, StoreData(self.prepared, cfg.data.batch_size, cfg.seed))
            self.table = loggers.csv.table.kept
            return times["end"] - times["start"]


def main():
    options = arguments(__doc__.splitlines()[0])
    cfg = configured(options.data)
    console.quiet()
    build(cfg.performance, cfg.trust).apply()  # for all three alike
    prepared = prepare(cfg)
    images = torch.from_numpy(prepared.images["train"].copy())
    labels = torch.from_numpy(prepared.labels["train"])
    lean, platform_loop = Lean(images), Platform(cfg, prepared)
    losses = []
    lean(losses)
    platform_loop()
    for row in platform_loop.table:
        step, logged = int(row["step"]), float(row["train/loss"])
        assert abs(logged - losses[step - 1]) < 1e-3 * logged, f"step {step}: {logged} and {losses[step - 1]}"
    print(f"lean and platform compute the same losses ({len(platform_loop.table)} rows compared)")
    seconds = in_turn({"platform": platform_loop, "lean": lean, "textbook": Textbook(images, labels)}, options.rounds)
    report(seconds, [("platform", "lean"), ("textbook", "platform")], options.json)


if __name__ == "__main__":
    main()
