"""The pages of the lectures as data: their ideas, and of each the commands as they are typed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from genlab.apps.command.arguments import read as parse
from genlab.config.compose import compose
from genlab.config.overrides import read

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
GROUPS = ("linear", "autoencoders", "vae", "gan", "lab")
IDEA = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOOR = re.compile(r"python src/(\w+)\.py (.+)")


@dataclass(frozen=True)
class Idea:
    """One idea: its number, its title, its page and what stands there."""

    number: int
    title: str
    page: str
    text: str

    @property
    def lines(self) -> list[str]:
        """What is typed, line by line."""
        return [line for block in BLOCK.findall(self.text) for line in block.splitlines()]

    @property
    def commands(self) -> list[Command]:
        """The lines that are a command of genlab."""
        return [Command(*found.groups()) for line in self.lines if (found := DOOR.fullmatch(line))]

    @property
    def pictures(self) -> list[str]:
        """The files of its pictures."""
        return re.findall(r"!\[[^]]+\]\(([^)]+)\)", self.text)

    def part(self, name: str) -> str:
        """The paragraph that begins with a word and a colon: ``Measured``, ``More``; empty if there is none."""
        found = re.search(rf"^\**{name}:\**(.*?)(?:\n\n|\Z)", self.text, re.MULTILINE | re.DOTALL)
        return found[1].strip() if found else ""


@dataclass(frozen=True)
class Command:
    """``python src/<door>.py <rest>``."""

    door: str
    rest: str

    @property
    def overrides(self) -> list[str]:
        """The words behind the door, with the first of several values each."""
        return [first(word) for word in parse(self.door, shlex.split(self.rest)).overrides]

    @property
    def several(self) -> bool:
        """Whether it is a multirun."""
        return parse(self.door, shlex.split(self.rest)).multirun

    def composed(self):
        """Its configuration; of a sweep without the keys of its cells."""
        return compose(self.door, self.overrides)

    @property
    def makes(self) -> str:
        """The run directory that a training leaves, as the pages name it."""
        cfg = self.composed()
        return (
            "runs/multirun/TIME"
            if self.several
            else f"runs/{cfg.name or f'{cfg.choices.model}-{cfg.choices.data}'}/latest"
        )

    @property
    def looks_at(self) -> list[str]:
        """The run directories that it asks for."""
        typed = {key: value for key, _, value in (word.partition("=") for word in self.overrides)}
        names = typed.get("ckpt", "") or typed.get("init_from", "")
        return [name.removesuffix("/*") for name in names.strip("[]").split(",") if name]


def first(text: str) -> str:
    """An override as it is, or with the first of several values."""
    (item,), _ = read([text], several=True)
    return f"{item.get_key_element()}={next(item.sweep_string_iterator())}" if item.is_sweep_override() else text


def ideas() -> list[Idea]:
    """All ideas, in the order of the pages."""
    found = []
    for group in GROUPS:
        text = (DOCS / f"lectures_{group}.md").read_text(encoding="utf-8")
        parts = IDEA.split(text)[1:]
        found += [Idea(int(n), title, group, body) for n, title, body in zip(*[iter(parts)] * 3, strict=True)]
    return found
