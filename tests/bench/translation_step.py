"""A step of CycleGAN and of pix2pix, by hand as people write it and in every way that the platform knows, in turn.

plain: the reference implementation's order of calls and its in-place activations, torch's Adam as it comes, one image at
a time through Pillow. The other rows are the platform's step on the platform's data path; each adds a switch to the one
above it. The networks are the same, and the C library keeps freed memory for all alike.

    python tests/bench/translation_step.py --data DIR [--model cyclegan|pix2pix] [--side 64] [--width 16] [--bf16] [--compile]
"""

import random
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from genlab.compat import ensure_torchvision

ensure_torchvision()

import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.config.build import build
from genlab.config.compose import compose
from genlab.data.store.module import StoreData

from reference import ReferenceCycleGAN, ReferencePix2Pix
from reporting import arguments, in_turn, report
from stepping import play, stepping

SETTINGS = {"cyclegan": (64, 16, "horse2zebra"), "pix2pix": (128, 32, "maps")}
RUNGS = {  # what each row adds to the one above
    "reference calls": ["model/step=reference"],
    "fused Adam": ["model.optimizer.fused=true"],
    "out of place": ["model.step.inplace=false"],
    "batched": ["model.step.batched=true"],
    "no dead biases": ["model.step.dead_biases=false"],
    "grouped norm": ["model.step.grouped_norm=true"],
    "channels last": ["model.step.channels_last=true"],
}
BF16 = {"bf16": "grouped norm", "bf16, channels last": "channels last"}
STEPS = 8


def configured(options, *more):
    """The configuration of one row."""
    side, width, data = options.side, options.width, SETTINGS[options.model][2]
    chosen = [f"model={options.model}", f"data={data}", f"paths.data={options.data}", "model.optimizer.fused=false"]
    chosen += [f"data.crop_size={side}", f"data.load_size={side * 286 // 256}"]
    chosen += [f"model.generator.width={width}", f"model.discriminator.width={width}"]
    chosen += ["model/generator=unet_128"] if options.model == "pix2pix" else []
    return compose("train", [*chosen, *more])


class Ours:
    """The platform's step and data."""

    def __init__(self, cfg, prepared, device, bf16=False):
        self.model = stepping(build_model(cfg, prepared.spec).to(device))
        self.data, self.device, self.bf16 = StoreData(prepared, 1, 0), device, bf16
        self.batches, self.number = iter(()), 0

    def batch(self):
        one = next(self.batches, None)
        if one is None:
            self.batches = iter(self.data.train_dataloader())
            one = next(self.batches)
        return self.data.on_after_batch_transfer(type(one)(*(x.to(self.device) for x in one)), 0)

    def step(self):
        self.number += 1
        with torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext():
            return play(self.model, (self.batch(), self.model.noise("train", self.number)))


class Plain:
    """The reference implementation's step and data."""

    def __init__(self, options, cfg, prepared, device):
        model = build_model(cfg, prepared.spec).to(device)
        self.paired, self.device = options.model == "pix2pix", device
        arguments = {"optimizer": lambda p, lr, betas: torch.optim.Adam(p, lr, betas), "watched": False}
        self.reference = (
            ReferencePix2Pix(model, **arguments) if self.paired else ReferenceCycleGAN(model, 0.5, 50, **arguments)
        )
        self.model, self.number, self.load = model, 0, options.side * 286 // 256
        folder = options.data / SETTINGS[options.model][2]
        parts = ["train"] if self.paired else ["trainA", "trainB"]
        self.files = [sorted((folder / part).iterdir()) for part in parts]
        self.crop = options.side

    def picture(self, image, place):
        image = image.resize((self.load, self.load), Image.Resampling.BICUBIC)
        x, y, flip = place
        image = image.crop((x, y, x + self.crop, y + self.crop))
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else image
        tensor = transforms.functional.normalize(transforms.functional.to_tensor(image), [0.5] * 3, [0.5] * 3)
        return tensor[None].to(self.device)

    def place(self):
        reach = self.load - self.crop
        return random.randint(0, reach), random.randint(0, reach), random.random() > 0.5

    def batch(self):
        opened = [Image.open(random.choice(files)).convert("RGB") for files in self.files]
        if not self.paired:
            return [self.picture(image, self.place()) for image in opened]
        (whole,), place = opened, self.place()
        middle = whole.width // 2
        sides = (0, 0, middle, whole.height), (middle, 0, whole.width, whole.height)
        return [self.picture(whole.crop(side), place) for side in sides]

    def step(self):
        self.number += 1
        last = self.number if self.paired else self.model.noise("train", self.number)
        return self.reference.step(*self.batch(), last)


def contestants(options):
    """By name, a function that makes one."""
    device = torch.device(options.device)
    base = configured(options)
    prepared = prepare(base)
    made = {"plain": lambda: Plain(options, configured(options, *RUNGS["reference calls"]), prepared, device)}
    so_far = []
    levels = {}
    for name, more in RUNGS.items():
        so_far = [*so_far, *more]
        levels[name] = list(so_far)
        made[name] = lambda chosen=tuple(so_far): Ours(configured(options, *chosen), prepared, device)
    for name, level in BF16.items() if options.bf16 else ():
        made[name] = lambda chosen=tuple(levels[level]): Ours(configured(options, *chosen), prepared, device, bf16=True)
    if options.compile:
        chosen = (*levels["grouped norm"], "model.step.compile=default")
        made["compiled"] = lambda: Ours(configured(options, *chosen), prepared, device)
    made["default"] = lambda: Ours(configured(options, "model.optimizer.fused=true"), prepared, device)
    return made


def timed(contestant):
    """Milliseconds a step."""
    start = time.perf_counter()
    for _ in range(STEPS):
        contestant.step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / STEPS * 1e3


def ceiling(device):
    """GFLOP/s of a large matrix product: the most that this machine gave, in float32."""
    x, best = torch.randn(2048, 2048, device=device), 0.0
    for _ in range(8):
        start = time.perf_counter()
        float((x @ x)[0, 0])
        best = max(best, 2 * 2048**3 / (time.perf_counter() - start) / 1e9)
    return best


def peak(options, name):
    """MiB that three steps take at most, in a process of its own: all of it, on a GPU what tensors hold there."""
    command = [sys.executable, __file__, "--peak", name, "--data", str(options.data), "--model", options.model]
    command += [f"--{flag}" for flag in ("bf16", "compile") if getattr(options, flag)]
    command += ["--side", str(options.side), "--width", str(options.width), "--device", options.device]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def peak_of(options):
    """The other side of ``peak``."""
    one = contestants(options)[options.peak]()
    if options.device == "cpu":
        Path("/proc/self/clear_refs").write_text("5")  # Linux: what was held at most until now is forgotten
    for _ in range(3):
        one.step()
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(torch.cuda.max_memory_allocated() // 2**20 if options.device != "cpu" else int(held.split()[1]) // 1024)


def read_options():
    """The command line."""
    more = {
        "--model": {"choices": list(SETTINGS), "default": "cyclegan"},
        "--side": {"type": int}, "--width": {"type": int}, "--device": {"default": "cpu"},
        "--compile": {"action": "store_true"}, "--bf16": {"action": "store_true"}, "--peak": {},
    }  # fmt: skip
    options = arguments(__doc__.splitlines()[0], more)
    side, width, _ = SETTINGS[options.model]
    options.side, options.width = options.side or side, options.width or width
    return options


def main():
    options = read_options()
    build(configured(options).performance, []).apply()
    if options.peak:
        peak_of(options)
        return
    made = {name: make() for name, make in contestants(options).items()}
    with FlopCounterMode(display=False) as flops:
        made["plain"].step()
    gflop, most = flops.get_total_flops() / 1e9, ceiling(options.device)
    print(f"{options.model} at {options.side} pixels, width {options.width}, batch 1: {gflop:.1f} GFLOP a plain step")
    print(f"ceiling (matrix product, float32): {most:.0f} GFLOP/s")
    milliseconds = in_turn({name: lambda one=one: timed(one) for name, one in made.items()}, options.rounds)
    report(milliseconds, [("plain", name) for name in made if name != "plain"], options.json, "ms")
    for name, values in milliseconds.items():
        middle = sorted(values)[len(values) // 2]
        speed = gflop / middle * 1e3
        told = f"{1e3 / middle:7.2f} img/s {speed:6.0f} GFLOP/s {speed / most:5.0%} of the ceiling"
        print(f"{name:28} {told}   {peak(options, name):6.0f} MiB at most")


if __name__ == "__main__":
    main()
