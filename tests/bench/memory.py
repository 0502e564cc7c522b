"""What ``check_only=true`` says of a step's memory, beside what two real steps take of this machine, a process each.

    python tests/bench/memory.py [--precisions 32-true bf16-mixed]

The real figure is what the process grows by at most while it builds the model and steps; the C library hands freed memory
back, as it does by itself.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from genlab.compat import ensure_torchvision

ensure_torchvision()

import torch

from genlab.apps.train.build import build_model
from genlab.apps.train.memory import autocast, batch_like, step_memory
from genlab.config.compose import compose
from genlab.contracts import DataSpec

from reporting import arguments
from stepping import play, stepping

CUT = ["data.crop_size=128", "data.load_size=143"]
SIZES = {"train": 100, "trainA": 100, "trainB": 100}
CASES = {  # what is typed, the kind of batch, and its shape
    "vae, 28 px, batch 4096": (["model=vae", "data=mnist", "data.batch_size=4096"], "images", (1, 28, 28)),
    "beta_vae, 64 px": (["model=beta_vae", "data=celeba"], "images", (3, 64, 64)),
    "dcgan, 64 px": (["model=dcgan", "data=celeba"], "images", (3, 64, 64)),
    "pix2pix, 256 px": (["model=pix2pix", "data=maps"], "pairs", (3, 256, 256)),
    "cyclegan, 128 px": (["model=cyclegan", "data=horse2zebra", *CUT], "domains", (3, 128, 128)),
}


def held(line):
    """MiB of this process: ``VmRSS`` now, ``VmHWM`` at most."""
    text = Path("/proc/self/status").read_text().splitlines()
    return int(next(row for row in text if row.startswith(line)).split()[1]) / 1024


def described(name):
    """Configuration and data set of a case."""
    typed, kind, shape = CASES[name]
    return compose("train", [*typed, "metrics=none"]), DataSpec("x", kind, shape, SIZES, "0")


def real(name, precision):
    """MiB that the process grows by at most."""
    cfg, spec = described(name)
    warm = torch.nn.Conv2d(3, 3, 3)(torch.rand(1, 3, 8, 8, requires_grad=True)).sum()
    warm.backward()  # what torch loads with its first operations
    before = held("VmRSS")
    model = stepping(build_model(cfg, spec))
    for _ in range(2):
        with autocast(precision):
            play(model, (batch_like(spec, cfg.data.batch_size, torch.float32), model.noise("train", 0)))
    print(held("VmHWM") - before)


def main():
    options = arguments(
        __doc__.splitlines()[0], {"--real": {"nargs": 2}, "--precisions": {"nargs": "+", "default": ["32-true"]}}
    )
    if options.real:
        real(*options.real)
        return
    print(f"{'':26} {'precision':11} {'told':>8} {'real':>8}  MiB")
    for name in CASES:
        for precision in options.precisions:
            told = step_memory(*described(name), precision).total / 2**20
            command = [sys.executable, __file__, "--real", name, precision]
            took = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])
            print(
                f"{name:26} {precision:11} {told:8,.0f} {took:8,.0f}  {took - told:+.0f}, {100 * (took / told - 1):+.0f} %",
                flush=True,
            )


if __name__ == "__main__":
    main()
