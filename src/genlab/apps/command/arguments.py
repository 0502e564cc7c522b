"""Parses the arguments of a command: overrides, and a few of Hydra's options."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NoReturn

from genlab.console import program
from genlab.contracts import ConfigError, Problem

POSITIONAL = {
    "doctor": "run",
    "report": "runs",
    "sweep": "file",
}  # by command, the key of which the value may be typed alone


@dataclass(frozen=True)
class Arguments:
    """Parsed arguments. ``hydra`` has the options that are passed on to Hydra (``--info``, ``-sc``)."""

    overrides: list[str]
    help: bool
    cfg: str | None
    resolve: bool
    multirun: bool
    hydra: list[str]
    config_dir: Path | None = None


class Parser(argparse.ArgumentParser):
    """Raises ConfigError instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError with argparse's message; for a key with dashes, with what to type."""
        unknown = message.partition("unrecognized arguments: ")[2].split()
        keys = [word.lstrip("-") for word in unknown]
        if keys and all("=" in key and "-" not in key.partition("=")[0] for key in keys):
            raise ConfigError([Problem(" ".join(unknown), "a key has no dashes", f"Type: {' '.join(keys)}")])
        raise ConfigError([Problem("options", message, f"Type: {program(self.prog)} --help")])


def read(command: str, arguments: list[str]) -> Arguments:
    """Parse the arguments of ``command``.

    Raises:
        ConfigError: an option does not exist or has an invalid value.
    """
    parser = Parser(command, add_help=False, allow_abbrev=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--cfg", "-c", choices=["job"])
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("--multirun", "-m", action="store_true")
    parser.add_argument("--config-dir", "-cd", type=Path)
    parser.add_argument("--info", "-i", choices=["all", "config", "defaults", "defaults-tree", "plugins", "searchpath"])
    parser.add_argument("--shell-completion", "-sc", action="store_true")
    parser.add_argument("--hydra-help", action="store_true")
    parser.add_argument("--version", action="store_true")
    given = parser.parse_intermixed_args(completed(arguments))
    if given.resolve and not given.cfg:
        parser.error("--resolve goes with --cfg job")
    hydra = ["--info", given.info] if given.info else []
    hydra += [
        f"--{name}" for name in ("shell-completion", "hydra-help", "version") if getattr(given, name.replace("-", "_"))
    ]
    return Arguments(
        keyed(command, given.overrides), given.help, given.cfg, given.resolve, given.multirun, hydra, given.config_dir
    )


def keyed(command: str, words: list[str]) -> list[str]:
    """The overrides, with the key of the one word that is a value alone: ``runs/a b`` -> ``run='runs/a b'``."""
    bare = [word for word in words if "=" not in word and (not word.startswith("~") or word.startswith("~/"))]
    if command not in POSITIONAL or len(bare) != 1:
        return words
    quoted = bare[0].replace("'", "\\'")
    return [f"{POSITIONAL[command]}='{quoted}'" if word == bare[0] else word for word in words]


def completed(arguments: list[str]) -> list[str]:
    """Insert the default values of ``--cfg`` and ``--info`` if the next word is an override or an option."""
    usual = {"--cfg": "job", "-c": "job", "--info": "all", "-i": "all"}
    found = []
    for word, after in zip_longest(arguments, arguments[1:], fillvalue="-"):
        found.append(word)
        if word in usual and ("=" in after or after.startswith(("-", "~"))):
            found.append(usual[word])
    return found
