"""A Python that genlab does not run on is refused in one line, before anything is imported that may fail on it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from genlab.apps.command.interpreter import NEWEST, OLDEST, require_python

REPO = Path(__file__).resolve().parents[3]
AS = """
import sys
sys.version_info = ({}, "final", 0)
sys.argv = ["train.py", "model=vae"]
sys.path.insert(0, {!r})
import runpy
runpy.run_path({!r}, run_name="__main__")
"""


def started_on(version, folder):
    code = AS.format(", ".join(map(str, version)), str(REPO / "src"), str(REPO / "src" / "train.py"))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, timeout=60)


@pytest.mark.parametrize("version", [(3, 14, 0), (3, 10, 9)])
def test_another_python_is_one_line_with_the_remedy(version, tmp_path):
    done = started_on(version, tmp_path)
    assert done.returncode == 2
    assert not done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: this is Python {'.'.join(map(str, version))}, and genlab runs on 3.11.4 to 3.13.")
    assert line.endswith("python3.13 -m venv .venv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("version", [(3, 11, 4), (3, 12, 1), (3, 13, 9)])
def test_those_between_are_let_in(version, monkeypatch):
    monkeypatch.setattr(sys, "version_info", version)
    require_python()


def test_the_package_says_the_same():
    said = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["requires-python"]
    major, minor = NEWEST
    assert said == f">={'.'.join(map(str, OLDEST))},<{major}.{minor + 1}"
