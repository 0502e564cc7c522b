"""How much faster two workers run a sweep than one: six cells of one thread each, in turn in one run.

python tests/bench/sweep_workers.py [--rounds 3] [--json FILE]

Measured from the first cell's start to the last one's end, which leaves out what comes before: the checks of the cells.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from reporting import arguments, report

REPO = Path(__file__).resolve().parents[2]
CELLS = ["model.beta=0.5,1.0,4.0", "model.latent_dim=2,8", "trainer.max_epochs=20", "performance.threads=1"]
CELLS += ["logger=csv", "metrics=none", "callbacks=none"]


def seconds(workers):
    """From the first cell's start to the last one's end."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, str(REPO / "src" / "sweep.py"), str(REPO / "sweeps" / "beta_latent_grid.yaml")]
        line += [*CELLS, f"workers={workers}"]
        subprocess.run(line, cwd=folder, check=True, capture_output=True)
        sweep = next(Path(folder).glob("runs/sweeps/*/2*"))
        begun = (sweep / "trials.jsonl").stat().st_mtime  # the cells are known, and the first one starts
        return max(path.stat().st_mtime for path in sweep.glob("logs/*.code")) - begun


asked = arguments(__doc__)
taken = {1: [], 2: []}
for _ in range(asked.rounds):
    for workers, times in taken.items():
        times.append(seconds(workers))
report(
    {f"{workers} at a time": times for workers, times in taken.items()}, [("1 at a time", "2 at a time")], asked.json
)
