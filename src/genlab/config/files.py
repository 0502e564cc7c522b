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
    """Folders of YAML files in search order: the user's own, then ours, then ``hydra.searchpath``.

    ``values``: keys that are plain values of the command at hand, though another's are filled from a group (``what``).
    """

    folders: tuple[Path, ...] = field(default_factory=lambda: (conf_dir(),))
    values: frozenset[str] = frozenset()

    def file(self, name: str) -> Path | None:
        """The path of ``model/vae`` in the first folder that has it; None if none has."""
        paths = (folder / f"{name}.yaml" for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def options(self, group: str) -> list[str]:
        """The options of a group: ``options("model")`` -> ``["ae", "vae", …]``; empty if there is no such group."""
        return sorted({path.stem for folder in self.folders for path in (folder / group).glob("*.yaml")})

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Every group with its options; sub-groups are named by path (``model/net``)."""
        files = [path.relative_to(folder) for folder in self.folders for path in folder.rglob("*.yaml")]
        names = sorted({file.parent.as_posix() for file in files} - {"."})
        return {n: self.options(n) for n in names if not n.startswith("hydra") and n.split("/")[0] not in self.values}

    def raw(self, name: str) -> dict[str, Any]:
        """The content of a YAML file, not composed; empty if there is none."""
        path = self.file(name)
        return (yaml.safe_load(path.read_text(encoding="utf-8")) if path else None) or {}

    def shown(self, name: str) -> str:
        """The name of a file in messages: ``conf/model/vae.yaml`` if it is ours, else its path."""
        path = self.file(name)
        ours = path is None or path.is_relative_to(conf_dir())
        return f"conf/{name}.yaml" if ours else str(path)
