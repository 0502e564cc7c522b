"""Every model in every precision: the same steps from the same seed, their losses in one picture and their deviations.

    python tests/bench/precisions.py [--steps 200] [--device cuda] [--output precisions.png] [--models vae gan] [--json FILE]

On a CPU 16-mixed is left out: genlab trains in it on a GPU only.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from genlab.compat import ensure_torchvision

ensure_torchvision()

import matplotlib as mpl
import numpy as np

from golden import MODELS, curve
from killing import choices
from reporting import arguments

PRECISIONS = {"cpu": ("32-true", "bf16-mixed"), "cuda": ("32-true", "bf16-mixed", "16-mixed")}
RUN = ["trainer.max_epochs=1000", "trainer.log_every_n_steps=1", "run_id=a", "seed=3", "metrics=none", "callbacks=none"]
RUN += [
    "logger=csv",
    "checkpoint.every_n_epochs=1000",
    "performance.allocator=false",
    "trainer.check_val_every_n_epoch=1000",
]


def losses(model, precision, device, steps):
    """Curves of what each player minimises, by name, and the seconds that the run took."""
    from genlab.apps.command import main as door

    with tempfile.TemporaryDirectory() as folder:
        typed = [*choices(model, Path(folder)), *RUN, f"trainer.max_steps={steps}", f"trainer.precision={precision}"]
        typed += [f"trainer.accelerator={device}", f"paths.runs={folder}/runs", f"paths.cache={folder}/cache"]
        begun = time.perf_counter()
        assert door.run("train", typed) == 0
        seconds = time.perf_counter() - begun
        every = curve(next(Path(folder).glob("runs/*/a")))
    named = [name for name in every if name in ("train/loss", "train/loss_d", "train/loss_g", "train/loss_ae")]
    return {name.removeprefix("train/"): np.array(every[name], dtype=float) for name in named}, seconds


def deviation(one, other, last):
    """Of the mean over the ``last`` steps, relative."""
    return abs(np.nanmean(one[-last:]) / np.nanmean(other[-last:]) - 1)


def draw(found, path):
    """A row for each model, a panel for each loss, a line for each precision."""
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(found), 2, figsize=(10, 2.1 * len(found)), squeeze=False, layout="constrained")
    for row, (model, runs) in zip(axes, found.items(), strict=True):
        for name, panel in zip(runs["32-true"], row, strict=False):
            for precision, curves in runs.items():
                style = {"32-true": "-", "bf16-mixed": "--", "16-mixed": ":"}[precision]
                panel.plot(np.arange(1, len(curves[name]) + 1), curves[name], style, label=precision, linewidth=1.2)
            panel.set_title(f"{model}: {name}", fontsize=9)
            panel.tick_params(labelsize=7)
        for panel in row[len(runs["32-true"]) :]:
            panel.axis("off")
    axes[0, 0].legend(fontsize=7)
    for panel in axes[-1]:
        panel.set_xlabel("batches", fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def measured(models, device, steps, picture):
    """Train, draw, and give the curves by model and precision."""
    found = {}
    for model in models:
        found[model] = {}
        for precision in PRECISIONS[device]:
            found[model][precision], seconds = losses(model, precision, device, steps)
            for name, values in found[model][precision].items():
                first, last = (deviation(values[:n], found[model]["32-true"][name][:n], 20) for n in (5, steps))
                told = f"first 5 steps off by {first:.1e}, last 20 by {last:.1e}, finite {np.isfinite(values).all()}"
                print(f"{model:12} {precision:11} {name:8} {told}   {seconds:5.1f} s", flush=True)
    draw(found, picture)
    return found


def main():
    more = {
        "--steps": {"type": int, "default": 200}, "--device": {"default": "cpu", "choices": list(PRECISIONS)},
        "--output": {"type": Path, "default": Path("precisions.png")}, "--models": {"nargs": "+", "default": MODELS},
    }  # fmt: skip
    options = arguments(__doc__.splitlines()[0], more)
    found = measured(options.models, options.device, options.steps, options.output)
    print(f"drawn in {options.output}")
    if options.json:
        plain = {m: {p: {n: v.tolist() for n, v in c.items()} for p, c in runs.items()} for m, runs in found.items()}
        options.json.write_text(json.dumps(plain))


if __name__ == "__main__":
    main()
