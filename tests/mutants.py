"""Plants known mistakes, one at a time in a copy of the tree, and runs the tests that should notice each.

    python tests/mutants.py                          every mistake in tests/planted/*.toml
    python tests/mutants.py clip "both ranks"        those whose area, name or promise holds one of these words
    python tests/mutants.py --table docs/proofs.md   writes the table, too

Caught: a test failed. Survived: all passed, so the promise has no proof. Exit code 0 when every one is caught, 1 when
some are not, 2 when the list itself is wrong. Mutation tools for pytest make up their own mistakes; these are chosen,
one or more for each promise, and stay. POSIX only: tests run in forks of a process that has imported the libraries.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from forked import Forks  # noqa: E402

REPO = Path(__file__).resolve().parent.parent
SECONDS = 240  # of one mistake's tests; one that hangs has noticed something
LIBRARIES = ("torch", "lightning.pytorch", "hydra", "omegaconf", "pydantic", "sklearn.datasets", "PIL.Image", "rich")
LIBRARIES += (
    "rich.progress",
    "filelock",
    "scipy.linalg",
    "torchmetrics.image.fid",
    "xdist",
    "pytest",
)  # nothing of ours
PARTS = ("conf", "src", "sweeps", "tests", "docs", "notebooks", "README.md", "pyproject.toml", "sky.yaml", ".gitignore")


@dataclass(frozen=True)
class Mutant:
    """One mistake: ``old`` in ``file`` becomes ``new``, and one of ``tests`` is to fail."""

    name: str
    promise: str
    file: str
    old: str
    new: str
    tests: list[str]
    area: str

    def fault(self) -> str | None:
        """What is wrong with the entry itself, if anything."""
        path = REPO / self.file
        found = path.read_text(encoding="utf-8").count(self.old) if path.is_file() else 0
        if found != 1:
            return f"{self.area}: {self.name}: `old` occurs {found} times in {self.file}, not once"
        missing = [test for test in self.tests if not (REPO / test.split("::")[0]).is_file()]
        if missing or not self.tests:
            return f"{self.area}: {self.name}: no such test: {', '.join(missing) or '(none is named)'}"
        return None


@dataclass(frozen=True)
class Result:
    """What came of one mutant: ``caught``, ``survived`` or ``broken`` (pytest could not run the tests)."""

    mutant: Mutant
    verdict: str
    seconds: float
    output: str


def planted(words: list[str]) -> list[Mutant]:
    """The entries of ``tests/planted`` that hold one of ``words``; all where none are given."""
    entries = [
        Mutant(**entry, area=path.stem)
        for path in sorted((REPO / "tests" / "planted").glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    ]
    wanted = [word.lower() for word in words]
    return [m for m in entries if not wanted or any(w in f"{m.area} {m.name} {m.promise}".lower() for w in wanted)]


def copied(folder: Path) -> Path:
    """The tree without what was built or trained in it."""
    folder.mkdir()
    for part in PARTS:
        source = REPO / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
        elif source.is_file():
            shutil.copy(source, folder / part)
    return folder


def all_pass(tree: Path, tests: list[str], workers: int) -> tuple[bool, str]:
    """Whether the tests pass as they are, and what pytest printed."""
    command = [sys.executable, "-m", "pytest", "-n", str(workers), "-p", "no:cacheprovider", "-m", "", *tests]
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    return done.returncode == 0, done.stdout


class Runner:
    """A tree to plant in, and a process whose forks run its tests."""

    def __init__(self, tree: Path) -> None:
        self.tree, self.forks = tree, Forks(*LIBRARIES, tree=tree)

    def run(self, tests: list[str]) -> tuple[int | None, str]:
        """pytest's exit code (None: it did not end in time) and the end of what it printed."""
        options = ["-x", "-n", "0", "-p", "no:cacheprovider", "-m", "", *tests]
        with tempfile.NamedTemporaryFile() as output:
            fork = self.forks.start("pytest:main", options, folder=self.tree, output=Path(output.name))
            code = fork.wait(SECONDS)
            fork.end()  # also what a failed test has left running
            return code, fork.said()[-4000:]


def judge(mutant: Mutant, runners: queue.Queue[Runner]) -> Result:
    """Plant the mistake in a tree that is free, run its tests, and put the tree right again."""
    runner = runners.get()
    path, began = runner.tree / mutant.file, time.monotonic()
    right = path.read_text(encoding="utf-8")
    try:
        path.write_text(right.replace(mutant.old, mutant.new), encoding="utf-8")
        code, output = runner.run(mutant.tests)
    finally:
        path.write_text(right, encoding="utf-8")
        runners.put(runner)
    return Result(mutant, verdict_of(code), time.monotonic() - began, output)


def verdict_of(code: int | None) -> str:
    """Of pytest's exit code. Tests that hang (None) or are ended by a signal are noticed, too."""
    if code in (None, 1) or not 0 <= code < 128:
        return "caught"
    return "survived" if code == 0 else "broken"


def judged(mutants: list[Mutant], workers: int, scratch: Path) -> list[Result]:
    """Every mutant's result, in the order of the list; what is not caught is shown at once."""
    runners: queue.Queue[Runner] = queue.Queue()
    started = [Runner(copied(scratch / str(number))) for number in range(workers)]
    for runner in started:
        runners.put(runner)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with ThreadPoolExecutor(workers) as pool, Progress(*columns) as progress:
        bar = progress.add_task("", total=len(mutants))
        futures = [pool.submit(judge, mutant, runners) for mutant in mutants]
        for future in as_completed(futures):
            result = future.result()
            progress.advance(bar)
            progress.console.print(f"{result.verdict:9}{result.seconds:6.1f} s  {result.mutant.name}", markup=False)
            if result.verdict == "broken":
                progress.console.print(result.output[-1500:], markup=False)
    for runner in started:
        runner.forks.close()
    return [future.result() for future in futures]


def table(results: list[Result], minutes: float) -> str:
    """The page of docs: a table for each area."""
    caught = sum(result.verdict == "caught" for result in results)
    page = [
        "# Proofs that can fail",
        "",
        "A proof is worth what it refuses. `python tests/mutants.py` plants each of these mistakes in a copy of the code, one",
        "at a time, and runs the tests named beside it: one of them has to fail. Without the mistakes, all of them pass.",
        "",
        f"{caught} of {len(results)} caught, in {minutes:.0f} minutes on two cores. Whoever changes a promise adds its",
        "mistakes to `tests/planted/` and writes this page anew: `python tests/mutants.py --table docs/proofs.md`.",
    ]
    for area in dict.fromkeys(result.mutant.area for result in results):
        page += ["", f"## {area.replace('_', ' ').capitalize()}", ""]
        page += ["| promise | mistake | noticed by | |", "|---|---|---|---|"]
        page += [row(result) for result in results if result.mutant.area == area]
    return "\n".join([*page, ""])


def row(result: Result) -> str:
    """One line of the table."""
    mutant = result.mutant
    tests = ", ".join(f"`{test.removeprefix('tests/')}`" for test in mutant.tests)
    cells = (mutant.promise, mutant.name, tests, result.verdict)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    """Read the list, make sure that its tests pass as they are, then plant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only mistakes whose area, name or promise holds one of these")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="mistakes tried at a time")
    parser.add_argument("--table", type=Path, help="write the results there, as a page of docs")
    asked = parser.parse_args()
    mutants, began = planted(asked.words), time.monotonic()
    faults = [fault for mutant in mutants if (fault := mutant.fault())]
    if faults or not mutants:
        print("\n".join(faults) or "no mistake holds these words")
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        print(f"{len(mutants)} mistakes; first, {len(tests)} tests without any of them", flush=True)
        passed, output = all_pass(copied(Path(scratch) / "right"), tests, asked.workers)
        if not passed:
            print(output[-6000:])
            return 2
        results = judged(mutants, asked.workers, Path(scratch))
    minutes = (time.monotonic() - began) / 60
    left = [result for result in results if result.verdict != "caught"]
    print(f"{len(results) - len(left)} of {len(results)} caught in {minutes:.1f} minutes")
    print("\n".join(f"{result.verdict}: {result.mutant.name} ({result.mutant.file})" for result in left))
    if asked.table:
        asked.table.write_text(table(results, minutes), encoding="utf-8")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
