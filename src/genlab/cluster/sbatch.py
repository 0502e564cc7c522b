"""Handing a batch script to Slurm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import genlab
from genlab.contracts import ConfigError, Problem

KEPT = ("SLURM_CONF",)  # of Slurm's variables: the others describe the job that this process may itself be in


def require_sbatch() -> None:
    """Refuse to submit from a machine without Slurm.

    Raises:
        ConfigError: with what can be done there.
    """
    if shutil.which("sbatch") is None:
        remedy = "Go to a login node of the cluster; slurm.dry=true writes the script for there"
        raise ConfigError([Problem("sbatch", "there is no Slurm on this machine", remedy)])


def submit(script: Path) -> str:
    """Submit the script; returns the job's id.

    Raises:
        ConfigError: Slurm refuses it; with its message.
    """
    require_sbatch()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SRUN_", "SBATCH_")) or k in KEPT}
    done = subprocess.run(["sbatch", "--parsable", str(script)], capture_output=True, text=True, env=kept)
    if done.returncode:
        said = " ".join(line.removeprefix("sbatch: error: ") for line in done.stderr.strip().splitlines())
        raise ConfigError([Problem("sbatch", f"Slurm refuses the job: {said}", "Look at slurm.*, and at sinfo")])
    return done.stdout.strip().split(";")[0]


def of_the_code() -> dict[str, str]:
    """``PYTHONPATH`` with the clone that this process runs from, for the job; nothing for an installed package."""
    place = Path(genlab.__file__).resolve().parent.parent
    if place.name in ("site-packages", "dist-packages"):
        return {}
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys((str(place), *filter(None, given))))}
