"""The folder of YAML files that Hydra composes, and what can be chosen from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def conf_dir() -> Path:
    """``conf/`` of the checkout, or the copy inside an installed package."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent.parent / "conf"


def options(group: str, conf: Path | None = None) -> list[str]:
    """What can be chosen in a group: ``options("model")`` -> ``["ae", "vae", …]``; empty where there is no such group."""
    return sorted(path.stem for path in ((conf or conf_dir()) / group).glob("*.yaml"))


def groups(conf: Path | None = None) -> dict[str, list[str]]:
    """Every group with its options, sub-groups named by path (``model/net``)."""
    root = conf or conf_dir()
    folders = sorted({path.parent for path in root.rglob("*.yaml")} - {root})
    names = [folder.relative_to(root).as_posix() for folder in folders]
    return {name: options(name, root) for name in names if not name.startswith("hydra")}


def raw(path: Path) -> dict[str, Any]:
    """A YAML file as it stands, nothing composed."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def filled(folder: Path, name: str) -> dict[str, Any]:
    """A file of a group with the files that its defaults list names in their places, as Hydra would merge them.

    For reading what classes a choice would use, much faster than composing it: no value is looked up, and entries
    that reach out of the group are left out.
    """
    own = raw(folder / f"{name}.yaml")
    listed = own.pop("defaults", [])
    node: dict[str, Any] = {}
    for entry in listed if "_self_" in listed else [*listed, "_self_"]:
        node = merged(node, own if entry == "_self_" else chosen(folder, entry))
    return node


def chosen(folder: Path, entry: str | dict[str, str | None]) -> dict[str, Any]:
    """What one entry of a defaults list adds: ``vae``, ``conv@large``, ``{net: auto}`` or ``{gan_net@net: dcgan}``."""
    group, option = ("", entry) if isinstance(entry, str) else next(iter(entry.items()))
    if option is None or group.startswith(("override ", "/")):
        return {}
    path, _, place = (group or option).partition("@")
    if not group:
        option, place = path, place or "_here_"
    found = filled(folder / path if group else folder, option)
    return found if place == "_here_" else {place or path.rpartition("/")[2]: found}


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two trees of keys as one; where both have a value, that of ``above``."""
    shared = [k for k in below.keys() & above if isinstance(below[k], dict) and isinstance(above[k], dict)]
    return below | above | {key: merged(below[key], above[key]) for key in shared}
