"""Every command that README, ``docs/``, ``conf/`` and ``sweeps/`` show is composed as it is written."""

import re
import shlex
from pathlib import Path

import pytest

from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.config.overrides import read

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
FILES = [*(ROOT / "conf").rglob("*.yaml"), *(ROOT / "sweeps").glob("*.yaml")]
COMMAND = re.compile(r"python src/(train|submit|evaluate|generate|analyze|translate|demo|export|prepare)\.py ([^`\n]+)")
REMARK = re.compile(r"\s+#.*|\s{2,}\(.*")  # behind a command
OPEN = ("…", "--help", "$", "NAME", "DIGEST")  # what is no command to type


def first(text):
    """An override as it is, or with the first of several values."""
    (item,), _ = read([text], several=True)
    return f"{item.get_key_element()}={next(item.sweep_string_iterator())}" if item.is_sweep_override() else text


def shown():
    """The commands, each once: (command, overrides)."""
    found = {}
    for path in sorted([*PAGES, *FILES]):
        for command, rest in COMMAND.findall(path.read_text(encoding="utf-8")):
            line = REMARK.sub("", rest)
            if not any(word in line for word in OPEN):
                words = tuple(first(word) for word in shlex.split(line) if word != "-m")
                found.setdefault((command, words), f"{path.stem}: {command} {line}")
    return found


SHOWN = shown()


def test_every_recipe_shows_how_it_is_run():
    started = {word for command, words in SHOWN if command == "train" for word in words}
    assert {f"experiment={name}" for name in Conf().options("experiment")} <= started


@pytest.mark.parametrize(("command", "words"), SHOWN, ids=SHOWN.values())
def test_it_composes(command, words):
    assert compose(command, list(words))
