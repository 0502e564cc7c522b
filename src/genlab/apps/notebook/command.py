"""The commands, for a notebook: ``from genlab import command``. Imports no torch: the process that it starts does."""

from __future__ import annotations

import os
import subprocess
import sys

from genlab.console import show
from genlab.contracts import GenlabError

DONE = (0, 3)  # exit codes of a command that has done its work; 3: but for some inputs, which it names
FORCED = {"FORCE_COLOR", "CLICOLOR_FORCE"}  # Jupyter's kernel sets them; a pipe would pass for a terminal of 80 letters


def command(name: str, *overrides: str) -> None:
    """``from genlab import command``: ``genlab NAME …`` as at a prompt, in a process of its own; what it says is printed here.

    >>> command("train", "model=vae", "data=digits")  # doctest: +SKIP

    Args:
        name: of the command: ``train``, ``evaluate``, ``generate`` …
        overrides: what would be typed behind it, each as it stands: a space in a path needs no further quotes.

    Raises:
        GenlabError: it has failed, or was stopped; what it has said tells why.
    """
    typed = [sys.executable, "-m", "genlab", name, *overrides]
    env = {key: value for key, value in os.environ.items() if key not in FORCED} | {"PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, encoding="utf-8", errors="backslashreplace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            show(line.rstrip("\n"))
    if process.returncode not in DONE:
        raise GenlabError(f"genlab {name} ended with exit code {process.returncode}; what it said last tells why.")
