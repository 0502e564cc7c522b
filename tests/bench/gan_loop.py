"""What the platform costs a DCGAN over a lean hand-written loop: MNIST on the 32-px networks, batch 64.

Each trains for a number of steps, in turn in one run. lean: uint8 tensor in memory, slices, one forward of G for both
players, D frozen in the generator's step, fused Adam, no logging; platform: the command's own Trainer with CSV, progress
bar, checkpoints and a row every 50 steps. Before anything is timed, both are shown to compute the same losses.

    python tests/bench/gan_loop.py --data DIR
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from genlab.compat import ensure_torchvision

ensure_torchvision()

import torch
import torch.nn.functional as F
from train_loop import Platform

from genlab import console
from genlab.apps.command.paths import prepare
from genlab.config.build import build
from genlab.config.compose import compose
from genlab.data.store.order import epoch_order
from genlab.models.base.noise import Noise
from genlab.nets.dcgan import DCGAN

from reporting import arguments, in_turn, report

BATCH, LATENT = 64, 100


def configured(data, steps, width):
    """The command's own configuration: so many steps, no validation."""
    options = [
        "model=dcgan",
        f"model.net.width={width}",
        "data=mnist",
        f"data.batch_size={BATCH}",
        f"paths.data={data}",
    ]
    options += ["trainer.max_epochs=1", f"+trainer.limit_train_batches={steps}", "+trainer.limit_val_batches=0"]
    return compose("train", [*options, "logger=csv", "metrics=none"])


class Lean:
    """Near what the machine can do."""

    def __init__(self, images, steps, width):
        self.images, self.steps, self.width = images, steps, width

    def __call__(self, record=None):
        torch.manual_seed(0)
        family = DCGAN(self.width, "batch", False, 0, "projection")
        g, d = family.generator(LATENT, (1, 28, 28), 0), family.discriminator((1, 28, 28), 0)
        adam = {"lr": 2e-4, "betas": (0.5, 0.999), "fused": True}
        opt_g, opt_d = torch.optim.Adam(g.parameters(), **adam), torch.optim.Adam(d.parameters(), **adam)
        start = time.perf_counter()
        order = torch.from_numpy(epoch_order(len(self.images), 0, 0))
        for step in range(self.steps):
            x = self.images[order[step * BATCH : (step + 1) * BATCH]].float().div_(127.5).sub_(1)
            fake = g(Noise(0, "train", step, torch.device("cpu")).normal("z", BATCH, LATENT))
            opt_d.zero_grad()
            of_fake = d(fake.detach())
            loss_d = F.softplus(-d(x)).mean() + F.softplus(of_fake).mean()
            loss_d.backward()
            opt_d.step()
            d.requires_grad_(False)
            opt_g.zero_grad()
            loss_g = F.softplus(-d(fake)).mean()
            loss_g.backward()
            opt_g.step()
            d.requires_grad_(True)
            if record is not None:
                record.append((loss_d.item(), loss_g.item()))
        return time.perf_counter() - start


def main():
    more = {"--steps": {"type": int, "default": 100}, "--width": {"type": int, "default": 64}}
    options = arguments(__doc__.splitlines()[0], more)
    cfg = configured(options.data, options.steps, options.width)
    console.quiet()
    build(cfg.performance, cfg.trust).apply()  # for both alike
    prepared = prepare(cfg)
    images = torch.from_numpy(prepared.images["train"].copy())
    lean, platform_loop = Lean(images, options.steps, options.width), Platform(cfg, prepared)
    losses = []
    lean(losses)
    platform_loop()
    for row in platform_loop.table:
        for name, value in zip(("train/loss_d", "train/loss_g"), losses[int(row["step"]) - 1], strict=True):
            assert abs(float(row[name]) - value) < 2e-2 * abs(value), f"step {row['step']}: {row[name]} and {value}"
    print(f"lean and platform compute the same losses ({len(platform_loop.table)} rows compared)")
    report(in_turn({"platform": platform_loop, "lean": lean}, options.rounds), [("platform", "lean")], options.json)


if __name__ == "__main__":
    main()
