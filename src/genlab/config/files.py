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
