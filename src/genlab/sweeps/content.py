"""The text of a sweep file, and what it says as YAML."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from genlab.config.words import near
from genlab.contracts import ConfigError, Problem


def content_of(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a sweep file and its keys.

    Raises:
        ConfigError: it cannot be read, is no YAML, or has no keys.
    """
    text = text_of(path)
    try:
        content = yaml.load(text, UniqueKeys)
    except yaml.YAMLError as error:
        raise ConfigError([Problem(str(path), f"is no YAML: {' '.join(str(error).split())}")]) from None
    if not isinstance(content, dict):
        what = "is no sweep: it must have the keys method and parameters"
        raise ConfigError([Problem(str(path), what)])
    return text, content


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it cannot be read; with the sweep file beside it whose name is most like it.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        others = [str(other) for folder in (path.parent, Path("sweeps")) for other in sorted(folder.glob("*.yaml"))]
        found = near(str(path), others, 0.4)
        what = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise ConfigError([Problem(str(path), what, f"Did you mean {found} ?" if found else "")]) from None


class UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML itself would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping.

        Raises:
            MarkedYAMLError: a key stands in it twice.
        """
        seen = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.MarkedYAMLError(None, None, f"the key {key.value} stands there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
