"""The first twenty steps of every model, in float64: what changes them is a deliberate commit.

python tests/golden.py                   writes tests/golden.json anew
python tests/golden.py --exact FILE      writes the last bit of everything, in float32, to compare two versions of
                                         the code on one machine
"""

import argparse
import csv
import hashlib
import json
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "src")]
from genlab.compat import ensure_torchvision  # noqa: E402

ensure_torchvision()

import torch  # noqa: E402

from killing import REPO, choices  # noqa: E402

FILE = REPO / "tests" / "golden.json"
MODELS = sorted(path.stem for path in (REPO / "conf" / "model").glob("*.yaml"))
SHORT = ["trainer.max_steps=20", "trainer.max_epochs=40", "trainer.log_every_n_steps=1", "run_id=golden", "seed=3"]
SHORT += ["metrics=none", "callbacks=none", "logger=csv", "trainer.accelerator=cpu", "performance.allocator=false"]
SHORT += ["performance.threads=1", "data.limit=200"]


def run(model, folder, precision):
    """Train the model for twenty steps; its run directory."""
    from genlab.apps.command import main as door

    options = [*choices(model, folder), *SHORT, f"trainer.precision={precision}", f"paths.runs={folder}/runs"]
    assert door.run("train", [*options, f"paths.cache={folder}/cache"]) == 0
    return next(folder.glob("runs/*-*/golden"))


def curve(directory):
    """Every number of training, by name: one value a step."""
    with open(directory / "metrics.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if any(row[name] for name in row if name.startswith("train/"))]
    names = [name for name in rows[0] if name.startswith("train/")]
    return {name: [float(row[name]) if row[name] else None for row in rows] for name in names}


def weights_digest(directory):
    """SHA-256 of all weights, whatever they are called."""
    saved = torch.load(directory / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    digests = sorted(hashlib.sha256(w.contiguous().cpu().numpy().tobytes()).hexdigest() for w in saved.values())
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exact", type=Path)
    exact = parser.parse_args().exact
    torch.set_num_threads(1)
    found = {}
    for model in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            directory = run(model, Path(folder), "32-true" if exact else "64-true")
            found[model] = (
                {"curve": curve(directory), "weights": weights_digest(directory)} if exact else curve(directory)
            )
    (exact or FILE).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
