"""``genlab COMMAND …``: the available commands. Each is a YAML file in ``conf/`` and an app of the same name."""

from __future__ import annotations

import difflib
import os

from genlab.apps.command.help import about
from genlab.config.files import conf_dir
from genlab.contracts import ConfigError, Problem

COMPLETION = ("-sc", "--shell-completion")


def names() -> list[str]:
    """Every command."""
    return sorted(path.stem for path in conf_dir().glob("*.yaml"))


def overview() -> str:
    """The text of ``genlab --help``."""
    width = max(map(len, names()))
    lines = ["genlab COMMAND [group=option …] [key=value …]", "", "Commands"]
    lines += [f"  {name:{width}}  {about(name)}" for name in names()]
    return "\n".join([*lines, "", "  genlab COMMAND --help  shows the keys of one"])


def unknown(name: str) -> ConfigError:
    """The error for an unknown command, with the closest name."""
    near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    remedy = f"Did you mean genlab {near[0]} ? " if near else ""
    return ConfigError([Problem(name, "there is no such command", f"{remedy}Commands: {', '.join(names())}")])


def completed(arguments: list[str]) -> tuple[str | None, list[str]]:
    """For shell completion: the command and its arguments, or None and the matching commands if none is typed yet.

    ``COMP_LINE``, from which Hydra reads the typed line, is set to the line without the name of the command.
    """
    line = os.environ.get("COMP_LINE", "")
    _, command, rest = (*line.split(maxsplit=2), "", "", "")[:3]
    if command not in names():
        return (None, [name for name in names() if name.startswith(command)]) if line else ("train", arguments)
    os.environ["COMP_LINE"] = f"genlab {rest}" + (" " if line.endswith(" ") else "")
    words = rest.split()
    folder = [word for before, word in zip(words, words[1:], strict=False) if before in ("--config-dir", "-cd")]
    return command, [*arguments, *(["--config-dir", folder[0]] if folder else [])]
