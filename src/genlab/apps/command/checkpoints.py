"""The checkpoints that ``ckpt=`` names: one, a list, or all that a pattern matches. Imports no torch."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

from genlab.contracts import CheckpointError, ConfigError, Problem
from genlab.runs.directory import RunDirectory
from genlab.runs.find import checkpoint_file
from genlab.runs.summary import NAME as SUMMARY


def checkpoints(given: Any) -> dict[str, Path]:
    """The files of ``ckpt=PATH``, ``ckpt=[PATH,…]`` or ``ckpt=DIR/*``, each once, by short names that differ.

    Raises:
        ConfigError: nothing is given.
        CheckpointError: one is not a checkpoint, or nothing matches a pattern.
    """
    if not given:
        where, what = ("ckpt", "must be given") if given is None else ("ckpt=[]", "names no checkpoint")
        raise ConfigError(
            [Problem(where, what, "Type: ckpt=…, of a run directory or a checkpoint file, or ckpt=[…,…]")]
        )
    typed = [path for text in ([given] if isinstance(given, str) else given) for path in matching(str(text))]
    files: dict[Path, Path] = {}  # by the file itself, as typed
    for path in typed:
        file = checkpoint_file(path)
        files.setdefault(file.resolve(), path)
    names = short_names([str(path) for path in files.values()])
    return {name: checkpoint_file(path) for name, path in zip(names, files.values(), strict=True)}


def matching(text: str) -> list[Path]:
    """The path, or the run directories and checkpoint files that match it if it has a ``*``.

    ``latest`` is another name of one of them, unless the pattern itself ends in it.

    Raises:
        CheckpointError: nothing matches.
    """
    path = Path(text).expanduser()
    if "*" not in text or path.exists():
        return [path]
    found = [one for name in sorted(glob.glob(str(path))) if is_run(one := Path(name))]
    if path.name != "latest":
        found = [one for one in found if one.name != "latest"]
    if not found:
        raise CheckpointError(f"ckpt={text}: nothing matches. Give run directories: ckpt=runs/<name>/*")
    return found


def is_run(path: Path) -> bool:
    """Whether it is a checkpoint file or a run directory: beside those of a sweep lie its tables, pictures and records."""
    return path.suffix == ".ckpt" or (path / SUMMARY).exists() or RunDirectory(path).checkpoints.is_dir()


def short_names(paths: list[str]) -> list[str]:
    """Paths without the folders that all of them begin with: ``runs/a/x``, ``runs/a/y`` -> ``x``, ``y``."""
    if len(paths) == 1:
        return paths
    parts = [Path(path).parts for path in paths]
    shared = 0
    while len({one[shared] for one in parts}) == 1 and min(map(len, parts)) > shared + 1:
        shared += 1
    return [str(Path(*one[shared:])) for one in parts]
