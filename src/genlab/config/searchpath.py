"""Users' own folders of YAML files and packages outside the clone."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override

from genlab.config.files import Conf, conf_dir
from genlab.config.root_schema import ROOTS, Node
from genlab.contracts import ConfigError, Problem

KEY = "hydra.searchpath"


def conf_of(command: str, items: list[Override], config_dir: Path | None) -> Conf:
    """The search path: ``--config-dir``, our folder, then ``hydra.searchpath`` as typed or in the command's file.

    Raises:
        ConfigError: one of the folders does not exist.
    """
    own = (folder(str(config_dir), "--config-dir", config_dir),) if config_dir else ()
    values = frozenset(key for key, kind in ROOTS[command].items() if kind != Node and not isinstance(kind, dict))
    near = Conf((*own, conf_dir()), values)
    typed = next((item.value() for item in items if item.key_or_group == KEY), None)
    listed: Any = typed if typed is not None else (near.raw(command).get("hydra") or {}).get("searchpath") or []
    if not isinstance(listed, list):
        raise ConfigError([Problem(f"{KEY}={listed}", "must be a list", f"Type: {KEY}=[{listed}]")])
    return Conf((*near.folders, *(folder(str(place), KEY, config_dir) for place in listed)), values)


def folder(place: str, key: str, config_dir: Path | None) -> Path:
    """The folder of ``DIR``, ``file://DIR`` or ``pkg://package.part``.

    Raises:
        ConfigError: it does not exist.
    """
    scheme, _, rest = place.rpartition("://")
    found: Path | None = Path(rest).expanduser().resolve()
    if scheme == "pkg":
        top, *parts = rest.replace("/", ".").split(".")
        reach([top], config_dir)
        spec = importlib.util.find_spec(top)
        where = next(iter(spec.submodule_search_locations or []), None) if spec else None
        found = Path(where).joinpath(*parts) if where else None
    if found is None or not found.is_dir():
        raise ConfigError(
            [Problem(f"{key}={place}", "there is no such folder", f"Type: {key}=DIR with YAML files in it")]
        )
    return found


def reach(packages: Iterable[str], config_dir: Path | None) -> None:
    """Add to ``sys.path`` the folders of packages that are only in the current folder or beside ``--config-dir``."""
    for top in {str(package).split(".")[0] for package in packages}:
        for place in (Path.cwd(), *([config_dir.expanduser().resolve().parent] if config_dir else [])):
            if is_absent(top) and ((place / top).is_dir() or (place / f"{top}.py").is_file()):
                sys.path.append(str(place))
                importlib.invalidate_caches()


def is_absent(top: str) -> bool:
    """Whether a top-level package cannot be found."""
    try:
        return importlib.util.find_spec(top) is None
    except (ImportError, ValueError):
        return True
