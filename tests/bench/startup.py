"""How long a user waits before anything happens: import, --help, the composed configuration, a mistake, check_only.

python tests/bench/startup.py
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from reporting import arguments, in_turn, report

REPO = Path(__file__).resolve().parents[2]
DOOR = [sys.executable, str(REPO / "src" / "train.py")]


def timed(command):
    """Seconds of a whole process."""

    def run():
        start = time.perf_counter()
        environment = os.environ | {"PYTHONPATH": str(REPO / "src")}
        subprocess.run(command, capture_output=True, env=environment)
        return time.perf_counter() - start

    return run


def main():
    options = arguments(__doc__.splitlines()[0])
    contestants = {
        "python alone": timed([sys.executable, "-c", "pass"]),
        "import genlab": timed([sys.executable, "-c", "import genlab"]),
        "--help": timed([*DOOR, "--help"]),
        "--cfg job --resolve": timed([*DOOR, "--cfg", "job", "--resolve"]),
        "a mistake": timed([*DOOR, "model=vea"]),
        "check_only=true": timed([*DOOR, "check_only=true"]),
    }
    report(in_turn(contestants, options.rounds), [("--cfg job --resolve", "python alone")], options.json)


if __name__ == "__main__":
    main()
