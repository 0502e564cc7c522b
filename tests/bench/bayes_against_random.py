"""How often ``method: bayes`` finds a cell at least as good as the best of as many random ones: a digits VAE of one epoch.

python tests/bench/bayes_against_random.py --rounds 3

Every round is a seed. Both sweeps of a seed begin with the same ten cells. What is known of the best one: beta near 1,
which is what the goal, the ELBO, is trained by; a learning rate near 0.01.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from reporting import arguments

REPO = Path(__file__).resolve().parents[2]
SPACE = """
program: src/train.py
method: {method}
metric: {{name: val/elbo, goal: maximize}}
parameters:
  model.optimizer.lr: {{distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}}
  model.beta: {{distribution: log_uniform_values, min: 0.1, max: 10.0}}
  model.latent_dim: {{values: [2, 4, 8, 16, 32]}}
"""
SAME = ["model=vae", "data=digits", "trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.devices=1"]
SAME += ["logger=csv", "metrics=none", "callbacks=none"]


def scores(method, cells, seed, data):
    """The ELBO of each finished cell of a sweep, in the order in which they were chosen."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{method}.yaml")
        file.write_text(SPACE.format(method=method))
        own = [f"run_cap={cells}", f"seed={seed}", "workers=1", f"paths.runs={folder}", f"paths.data={data}"]
        command = [sys.executable, str(REPO / "src" / "sweep.py"), str(file), *own, *SAME]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 3):
            raise SystemExit(done.stderr)
        with open(next(Path(folder).glob("sweeps/*/*/tables/cells.csv"))) as table:
            rows = sorted(csv.DictReader(table), key=lambda row: int(row["number"]))
    return [float(row["val/elbo"]) for row in rows if row["state"] == "finished"]


def main():
    options = arguments(__doc__.splitlines()[0], {"--cells": {"type": int, "default": 20}})
    best = []
    for seed in range(options.rounds):
        pair = [max(scores(method, options.cells, seed, options.data)) for method in ("bayes", "random")]
        best.append(pair)
        word = "better" if pair[0] > pair[1] else "equal" if pair[0] == pair[1] else "worse"
        print(f"seed {seed}   bayes {pair[0]:9.3f}   random {pair[1]:9.3f}   {word}", flush=True)
    others = [bayes >= random for i, (bayes, _) in enumerate(best) for j, (_, random) in enumerate(best) if i != j]
    print(f"at least as good as the random sweep of its seed: {sum(a >= b for a, b in best)} of {len(best)}")
    if others:
        print(f"at least as good as those of the other seeds: {sum(others)} of {len(others)}")
    if options.json:
        options.json.write_text(json.dumps({"best": [{"bayes": a, "random": b} for a, b in best]}, indent=2) + "\n")


if __name__ == "__main__":
    main()
