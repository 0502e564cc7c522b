"""Draws the example pictures of docs/sweeps.md: python tests/sweep_examples.py docs/images (4 minutes on one core).

Twelve VAEs of the digits, ten epochs each: beta by latent size.
"""

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from genlab.runs.summary import read_summary
from genlab.sweeps.pictures.choice import draw_all
from genlab.sweeps.pictures.page import Swept
from genlab.sweeps.ranking import best_line
from genlab.sweeps.rows import Row

REPO = Path(__file__).resolve().parent.parent
BETA, LATENT, GOAL = "model.beta", "model.latent_dim", ("val/elbo", "maximize")
COMMAND = ["src/train.py", "model=vae", "data=digits", "trainer.max_epochs=10", "logger=csv", "metrics=none", "seed=0"]


def trained(number: int, values: dict[str, float], folder: Path) -> Row:
    """Train a cell and read what came of it."""
    typed = [f"{key}={value}" for key, value in values.items()]
    place = [f"paths.runs={folder}", "name=grid", f"run_id=cell_{number}"]
    subprocess.run([sys.executable, *COMMAND, *typed, *place], cwd=REPO, check=True)
    found = read_summary(folder / "grid" / f"cell_{number}" / "summary.json")
    return Row(number, values, 0, 0, found["status"], found["metrics"], str(number), found["seconds"])


def main(output: Path) -> None:
    """Train, and draw into the folder."""
    with tempfile.TemporaryDirectory() as scratch:
        cells = enumerate(itertools.product((0.25, 0.5, 1, 2), (2, 4, 8)))
        rows = [trained(i, {BETA: beta, LATENT: latent}, Path(scratch) / "runs") for i, (beta, latent) in cells]
        print(best_line(rows, GOAL))
        for path in draw_all(Path(scratch), rows, GOAL, Swept([BETA, LATENT], "grid", "beta_latent_grid", 64)):
            Image.open(path).convert("RGB").quantize(64).save(output / f"sweep_{path.name}", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
