"""A user's own defaults of ``slurm.*``: one YAML file, for every job on their cluster.

``$GENLAB_SLURM`` names it, else it is ``~/.config/genlab/slurm.yaml``::

    partition: gpu
    account: physics
    setup: [module load cuda/12, source ~/venv/bin/activate]

What is typed wins over it, and a choice of a whole file (``slurm=mysite`` from ``--config-dir``) takes its place.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import Quote, QuotedString

from genlab.config.check import Walk
from genlab.config.hints import Hints
from genlab.config.slurm_time import problems as problems_of_time
from genlab.config.words import in_words
from genlab.contracts import ConfigError, Problem

VARIABLE = "GENLAB_SLURM"
TARGET = "genlab.cluster.options.SlurmOptions"


def site_file() -> Path | None:
    """The user's file; None without one.

    Raises:
        ConfigError: the variable names a file that is not there.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not (path := Path(named).expanduser()).is_file():
            raise ConfigError([Problem(f"{VARIABLE}={named}", "there is no such file", f"Type: unset {VARIABLE}")])
        return path
    try:
        path = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "genlab" / "slurm.yaml"
    except RuntimeError:  # a user without a home directory
        return None
    return path if path.is_file() else None


def site_overrides(typed: list[str]) -> list[str]:
    """The file's values as overrides, to stand before those that are typed; none where ``slurm=`` is typed.

    Raises:
        ConfigError: the file is no YAML, or has keys or values that ``slurm`` does not take; with all of them.
    """
    path = None if any(text.startswith("slurm=") for text in typed) else site_file()
    if path is None:
        return []
    values = read(path)
    node = {"_target_": TARGET} | values
    found = in_words((m for m in Walk([]).target("slurm", node) if m.what != "missing"), Hints("submit"))
    if "time" in values and not found:
        found = list(problems_of_time(values["time"], 0))
    if found:
        raise ConfigError([replace(problem, what=f"{problem.what} (in {path})") for problem in found])
    return [f"slurm.{key}={as_override(value)}" for key, value in values.items()]


def read(path: Path) -> dict[str, Any]:
    """The file's content.

    Raises:
        ConfigError: it is no YAML, or no list of keys with values.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError([Problem(str(path), f"cannot be read: {' '.join(str(error).split())}")]) from None
    if not isinstance(values, dict):
        raise ConfigError([Problem(str(path), "has no keys with values", "Write lines like: partition: gpu")])
    return values


def as_override(value: Any) -> str:
    """A value in the grammar of overrides."""
    if isinstance(value, str):
        return QuotedString(value, Quote.double).with_quotes()
    if isinstance(value, list):
        return f"[{','.join(map(as_override, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
