"""Prepares the data of a command, and resolves its cache and output folders, before torch is imported."""

from __future__ import annotations

import datetime
import itertools
import os
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.config.build import build
from genlab.config.kind_compatibility import kind_for
from genlab.config.root_schema import READING_DATA
from genlab.console import program
from genlab.contracts import CheckpointError, ConfigError, Problem
from genlab.data.store.shares import with_shares
from genlab.data.store.source import PreparedData, Source
from genlab.files import obstacle
from genlab.runs.find import folder_of

OWN_FOLDERS = ("path", "a", "b")  # keys of ``data`` that name a folder of the user's own, which may have moved


def prepare(cfg: DictConfig) -> PreparedData:
    """Download, check and decode the set of ``data=``, or open it from the cache, in the kind that the model takes.

    Raises:
        DataError: the data set is missing or damaged.
        ConfigError: ``data.class_shares`` does not fit its classes.
    """
    source = source_of(cfg)
    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    kind = kind_for(plain["model"], plain["data"]) or source.kind
    prepared = source.prepare_as(kind, Path(cfg.paths.data).expanduser(), cache_root(cfg))
    return with_shares(prepared, plain["data"].get("class_shares"))


def source_of(cfg: DictConfig) -> Source:
    """Build the source of ``data=``, without the keys in ``READING_DATA``."""
    plain: Any = OmegaConf.to_container(cfg.data, resolve=True)
    own = {key: value for key, value in plain.items() if key not in READING_DATA}
    source: Source = build(OmegaConf.create({"data": own}).data, cfg.trust)
    return source


def cache_root(cfg: DictConfig) -> Path:
    """The cache folder for decoded images and extractors: ``paths.cache``, else the user's cache folder.

    Raises:
        ConfigError: there is neither.
    """
    if cfg.paths.cache:
        return Path(cfg.paths.cache).expanduser()
    from platformdirs import user_cache_path

    try:
        return user_cache_path("genlab")
    except RuntimeError:
        problem = Problem("paths.cache", "must be given where the user has no home directory", "Type: paths.cache=DIR")
        raise ConfigError([problem]) from None


def require_cache(cfg: DictConfig) -> None:
    """Refuse a ``paths.cache`` that cannot be made. One that exists need not be writable: it may have everything.

    Raises:
        ConfigError: with the place and the system's message.
    """
    if not cfg.paths.cache or os.path.isdir(folder := Path(cfg.paths.cache).expanduser()):
        return
    if reason := obstacle(folder):
        remedy = "Type: paths.cache=DIR of a folder that can be written (or set the variable GENLAB_CACHE)"
        raise ConfigError([Problem(f"paths.cache={cfg.paths.cache}", f"cannot be made: {reason}", remedy)])


def saved_configuration(saved: DictConfig, cfg: DictConfig) -> DictConfig:
    """A checkpoint's configuration, with ``paths``, ``trust`` and, if typed, the set's own folders of this command.

    Raises:
        CheckpointError: it has no data set, only weights.
        ConfigError: ``data.path``, ``data.a`` or ``data.b`` for a set that has none.
    """
    if "data" not in saved:
        raise CheckpointError(
            f"ckpt={cfg.ckpt}: weights of the reference implementation come without a data set, which this "
            f"needs. Train on one from them: {program('train')} model=… data=… init_from={cfg.ckpt}"
        )
    merged = saved.copy()
    merged.paths = cfg.paths
    merged.trust = cfg.trust
    typed = {key: cfg.data[key] for key in OWN_FOLDERS if cfg.data.get(key) is not None}
    if others := [key for key in typed if key not in saved.data]:
        raise ConfigError([no_such_folder(f"data.{key}={typed[key]}", saved) for key in others])
    merged.data = OmegaConf.merge(saved.data, typed)
    return merged


def no_such_folder(typed: str, saved: DictConfig) -> Problem:
    """The set of a run does not lie in the folder that was typed for it."""
    own = [key for key in OWN_FOLDERS if key in saved.data]
    if not own:
        what = f"the images of data={saved.choices.data} lie in no folder of one's own"
        return Problem(typed, what, "Leave it out; paths.data=DIR is for downloads")
    where = " and ".join(f"data.{key}" for key in own)
    return Problem(typed, f"data={saved.choices.data} lies in {where}", f"Type: {folders_typed(saved)}")


def folders_typed(saved: DictConfig) -> str:
    """What to type for the folders of a run's set: ``data.path=DIR``, ``data.a=DIR data.b=DIR``, or ``paths.data=DIR``."""
    return " ".join(f"data.{key}=DIR" for key in OWN_FOLDERS if key in saved.data) or "paths.data=DIR"


def output_folder(cfg: DictConfig, checkpoint: Path, command: str) -> Path:
    """``output=``, else ``<run>/<command>/<time>/``, plus ``-2`` … if that is taken; nothing is made yet.

    Raises:
        ConfigError: nothing can be written there.
    """
    return output_in(cfg, unused(folder_of(checkpoint) / command))


def output_in(cfg: DictConfig, usual: Path) -> Path:
    """``output=``, else the usual place; nothing is made yet.

    Raises:
        ConfigError: nothing can be written there.
    """
    folder = Path(cfg.output).expanduser() if cfg.output else usual
    if reason := obstacle(folder):
        remedy = "Type: output=DIR of a folder that can be written and has room"
        raise ConfigError([Problem(f"output={folder}", f"cannot be written: {reason}", remedy)])
    return folder


def unused(parent: Path, before: str = "") -> Path:
    """A new place in ``parent``, named by the time, with something ``before`` it."""
    stamp = before + datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    names = (stamp if number == 1 else f"{stamp}-{number}" for number in itertools.count(1))
    return next(parent / name for name in names if not os.path.exists(parent / name))
