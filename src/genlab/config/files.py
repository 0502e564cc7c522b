"""The folders of YAML files that Hydra searches, and what can be chosen from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml


def conf_dir() -> Path:
    """``conf/`` of the checkout, or the copy inside an installed package."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent.parent / "conf"


@dataclass(frozen=True)
class Conf:
    """Folders of YAML files, in the order in which they are searched: the user's own, then ours, then ``hydra.searchpath``."""

    folders: tuple[Path, ...] = field(default_factory=lambda: (conf_dir(),))

    def file(self, name: str) -> Path | None:
        """Where ``model/vae`` lies: in the first folder that has it."""
        paths = (folder / f"{name}.yaml" for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def options(self, group: str) -> list[str]:
        """What can be chosen: ``options("model")`` -> ``["ae", "vae", …]``; empty where there is no such group."""
        return sorted({path.stem for folder in self.folders for path in (folder / group).glob("*.yaml")})

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Every group with its options, sub-groups named by path (``model/net``)."""
        files = [path.relative_to(folder) for folder in self.folders for path in folder.rglob("*.yaml")]
        names = sorted({file.parent.as_posix() for file in files} - {"."})
        return {name: self.options(name) for name in names if not name.startswith("hydra")}

    def raw(self, name: str) -> dict[str, Any]:
        """A YAML file as it stands, nothing composed; empty where there is none."""
        path = self.file(name)
        return (yaml.safe_load(path.read_text(encoding="utf-8")) if path else None) or {}

    def shown(self, name: str) -> str:
        """What a message calls a file: ``conf/model/vae.yaml`` if it is one of ours, else its path."""
        path = self.file(name)
        ours = path is None or path.is_relative_to(conf_dir())
        return f"conf/{name}.yaml" if ours else str(path)
