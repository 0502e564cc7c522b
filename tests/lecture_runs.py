"""Type the commands of the lectures in a clone, idea by idea, and write down how each ended: a proof of hours, not a test.

Usage::

    python tests/lecture_runs.py              all 43 ideas, each command as it stands
    python tests/lecture_runs.py 4 5 21       some of them
    python tests/lecture_runs.py --short      what is long begun only: a few batches, four cells, five samples of a likelihood

What they print goes to ``runs/lectures/<idea>-<line>.txt``, the table to ``runs/lectures/table.md``. A command that the same
run directory already holds as its latest, and that ended well, is not typed again.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from lecture_pages import Command, ideas

LONG = re.compile(  # recipes, of dcgan, too
    r"ae_d\d|ae_deep|aae_|sr_|inpaint_|_shapes|nll|stacked|cgan_|sngan_|pix2pix|cyclegan"
)
BEGUN = {
    "train": " trainer.max_epochs=2 trainer.limit_train_batches=10",
    "sweep": " run_cap=4 trainer.max_epochs=1",
}
LOGS = Path("runs/lectures")


def shortened(command: Command) -> str:
    """What is typed of a command behind its door, so that a long one only begins."""
    recipe = re.search(r"experiment=(\w+)", command.rest)
    long = command.door == "sweep" or recipe and LONG.search(recipe[1])
    return command.rest.replace("nll=5000", "nll=5") + (BEGUN.get(command.door, "") if long else "")


def newest(line: str) -> str:
    """A line whose ``TIME`` is the newest of the multiruns."""
    times = sorted(Path("runs/multirun").glob("*"))
    return line.replace("TIME", times[-1].name) if times else line


def typed(line: str, log: Path) -> int:
    """Run a line of shell to its end; its exit status."""
    with log.open("w") as out:
        return subprocess.run(line, shell=True, stdout=out, stderr=subprocess.STDOUT).returncode


def opened(line: str, log: Path) -> int:
    """Run a line that serves a page until the page has answered, then end it as Ctrl-C does; its exit status."""
    with log.open("w") as out:
        process = subprocess.Popen(line, shell=True, stdout=out, stderr=subprocess.STDOUT, process_group=0)
    while process.poll() is None and not (address := re.search(r"http://\S+", log.read_text())):
        time.sleep(0.2)
    if process.poll() is None:
        urllib.request.urlopen(address[0], timeout=30).read()
        subprocess.run(["kill", "-INT", "--", f"-{process.pid}"], check=True)
    status = process.wait(timeout=60)
    return 0 if status in (0, -signal.SIGINT, 128 + signal.SIGINT) else status


def row(number: int, line: str, status: int, seconds: float) -> str:
    return f"| {number} | `{line}` | {status} | {seconds:.0f} |"


def run(numbers: list[int], short: bool) -> int:
    """Type the commands of some ideas; how many failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    table = LOGS / "table.md"
    if not table.exists():
        table.write_text("| idea | typed | exit status | seconds |\n|---|---|---|---|\n")
    failed, made = 0, {}
    for idea in (idea for idea in ideas() if idea.number in numbers):
        for line in idea.lines:
            if line.startswith("python tests/"):  # what has to be there first
                failed += typed(line, LOGS / f"{idea.number:02}-0.txt") != 0
        for count, command in enumerate(idea.commands, 1):
            line = newest(f"python src/{command.door}.py {shortened(command) if short else command.rest}")
            if command.door == "train" and made.get(command.makes) == line:
                continue
            print(f"{idea.number}: {line}", flush=True)
            begin = time.monotonic()
            status = (opened if command.door == "demo" else typed)(line, LOGS / f"{idea.number:02}-{count}.txt")
            if command.door == "train" and status == 0:
                made[command.makes] = line
            failed += status != 0
            with table.open("a") as file:
                print(row(idea.number, line, status, time.monotonic() - begin), file=file)
    print(f"{failed} failed; {table}")
    return failed


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("numbers", nargs="*", type=int, help="ideas; without: all")
    reader.add_argument("--short", action="store_true", help="begin the long ones only")
    asked = reader.parse_args()
    sys.exit(1 if run(asked.numbers or list(range(1, 44)), asked.short) else 0)
