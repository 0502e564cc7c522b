"""All ranks must train the same configuration by the same code: each brings its own facts, and rank 0's are the measure."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

import genlab
from genlab.contracts import ConfigError, Problem
from genlab.runs.checkout import git_revision
from genlab.runs.summary import versions

Facts = dict[str, str]


def facts_of(cfg: DictConfig) -> Facts:
    """What must be equal on all ranks: digests of the configuration and of genlab's code, its commit, and versions."""
    configuration = hashlib.sha256(OmegaConf.to_yaml(cfg, resolve=True).encode()).hexdigest()
    commit = git_revision() or "none"
    return {"the configuration": configuration, "genlab's code": code_digest(), "its commit": commit, **versions()}


@functools.cache
def code_digest() -> str:
    """SHA-256 of genlab's source files."""
    folder, digest = Path(genlab.__file__).parent, hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def require_same(told: Sequence[tuple[str, Facts]]) -> None:
    """Refuse ranks that differ from rank 0.

    Args:
        told: the name and the facts of each rank, in order.

    Raises:
        ConfigError: with every difference.
    """
    problems = []
    (_, first), *others = told
    for name, found in others:
        keys = [key for key in first | found if found.get(key) != first.get(key)]
        differ = [f"{key} {short(found.get(key))} (rank 0: {short(first.get(key))})" for key in keys]
        if differ:
            remedy = "Start all ranks with the same configuration, checkout and environment."
            problems.append(Problem(f"rank {name}", f"differs from rank 0 in {', '.join(differ)}", remedy))
    if problems:
        raise ConfigError(problems)


def short(value: str | None) -> str:
    """The beginning of a digest; any other fact as it is."""
    return "none" if value is None else value[:12] if len(value) == 64 else value
