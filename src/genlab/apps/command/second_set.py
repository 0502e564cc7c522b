"""Further sets that evaluators measure a model on: composed by name, and prepared before torch is imported."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.paths import cache_root
from genlab.config.build import build
from genlab.config.files import Conf
from genlab.config.root_schema import READING_DATA
from genlab.config.session import compose_alone
from genlab.contracts import ConfigError, DataError, DataSpec, Problem
from genlab.data.store.source import SPLITS, PreparedData, Source


def second_sets(cfg: DictConfig, data: DictConfig, spec: DataSpec) -> dict[str, PreparedData]:
    """The sets that evaluators name by ``against``, by that name; those of FID are splits of the run's own set.

    Args:
        data: the configuration of the run's own set.
        spec: what it is.

    Raises:
        ConfigError: there is no such set, or none is named where one must be.
        DataError: its images have another shape, or are missing.
    """
    found: dict[str, PreparedData] = {}
    for key, node in cfg.metrics.items():
        if not OmegaConf.is_dict(node) or "against" not in node:
            continue
        if "held_out" in node and (node.against is None) == (node.held_out is None):
            remedy = f"Type: metrics.{key}.against=SET, or metrics.{key}.held_out=CLASS (docs/outliers.md)"
            what = "needs outliers: another set, or a class that was held out of training"
            raise ConfigError(
                [Problem(f"metrics.{key}", what if node.against is None else f"{what}, not both", remedy)]
            )
        if node.get("path") is not None and not has_folder(node.against):
            what = "is the folder of own files that are the outliers, and they are others here"
            remedy = f"Leave it out, or type: metrics.{key}.against=folder"
            raise ConfigError([Problem(f"metrics.{key}.path={node.path}", what, remedy)])
        if node.against is not None and node.against not in SPLITS:
            found[node.against] = prepared_set(cfg, f"metrics.{key}.against", node, data, spec)
    return found


def has_folder(name: str | None) -> bool:
    """Whether the set of this name is read from a folder that has to be given; of one that is not there, True."""
    conf = Conf()
    if name not in conf.options("data"):
        return name is not None
    return "path" in compose_alone(conf, f"data/{name}")[f"data/{name}"]


def prepared_set(cfg: DictConfig, where: str, evaluator: DictConfig, data: DictConfig, spec: DataSpec) -> PreparedData:
    """The set that an evaluator names, prepared as the run's own."""
    node = like_own(data_node(where, evaluator), data, spec)
    source: Source = build(OmegaConf.create({"data": node}).data, cfg.trust)
    if source.kind != "images":
        raise ConfigError([Problem(f"{where}={evaluator.against}", f"has {source.kind}, not single images", "")])
    other = source.prepare(Path(cfg.paths.data).expanduser(), cache_root(cfg))
    if other.spec.shape != spec.shape:
        there, here = ("x".join(map(str, shape)) for shape in (other.spec.shape, spec.shape))
        raise DataError(
            f"{where}={evaluator.against}: its images are {there}, those of {spec.name} {here}. "
            "Choose a set whose images have the same shape"
        )
    return other


def data_node(where: str, evaluator: DictConfig) -> dict[str, Any]:
    """The configuration of the set by its file's name, with its own folder where it has one.

    Raises:
        ConfigError: there is no such file, or its folder is not given.
    """
    name, conf = str(evaluator.against), Conf()
    if name not in conf.options("data"):
        near = difflib.get_close_matches(name, conf.options("data"), 1)
        remedy = f"Did you mean {where}={near[0]}?" if near else f"There are: {', '.join(conf.options('data'))}"
        raise ConfigError([Problem(f"{where}={name}", "there is no such data set", remedy)])
    node = compose_alone(conf, f"data/{name}")[f"data/{name}"]
    if "path" in node:
        folder = evaluator.get("path")
        if folder is None:
            beside = f"{where.rpartition('.')[0]}.path"
            raise ConfigError([Problem(beside, f"must be given for {name}", f"Type: {beside}=DIR")])
        node["path"] = folder
    return {key: value for key, value in node.items() if key not in READING_DATA}


def like_own(node: dict[str, Any], data: DictConfig, spec: DataSpec) -> dict[str, Any]:
    """The set's images shown as those of the run's own: of their size, colour and binarisation where it can choose."""
    channels, *size = spec.shape
    own = {
        "image_size": size[0] if len(set(size)) == 1 else None,
        "channels": channels,
        "binarize": data.get("binarize"),
    }
    taken = {key: value for key, value in own.items() if key in node and value is not None}
    return node | taken
