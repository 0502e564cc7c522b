"""``train.py``: prepare the data, resolve the run, then import torch and train."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from genlab.apps.command.networks import require_networks
from genlab.apps.command.paths import prepare
from genlab.apps.command.second_set import second_sets
from genlab.cluster.ranks.watch import Watch
from genlab.compat import ensure_torchvision
from genlab.config.crop_sizes import required_by, scaled_for, unfit_sounds
from genlab.config.hints import Hints
from genlab.config.label_compatibility import lacking
from genlab.config.words import in_words
from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.data.store.columns import Column, heights_and_widths
from genlab.data.store.handover import handed_over
from genlab.data.store.source import PreparedData
from genlab.data.store.stage import stage_folder, staged
from genlab.rank_environment import directory_of_rank_0, is_rank_0, rank_name
from genlab.runs.find import Run, checkpoint_file, choose_run


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Train the configured model on the configured data; returns 0.

    Raises:
        DataError: the data set is missing or damaged, or a file of weights is another than expected.
        ConfigError: the weights of a network that measures are missing.
        ConfigError: the set lacks the labels that the model needs, or has images of sizes that its networks do not take.
        DataError: there is no room in ``data.stage``.
        CheckpointError: ``resume`` or ``init_from`` does not name a run or checkpoint.
        Stopped: a signal stopped the run.
    """
    child_of = None if is_rank_0() else directory_of_rank_0(Path(cfg.paths.runs).expanduser())
    if child_of is None:
        return train(cfg, overrides, run_dir)
    with Watch(child_of, rank_name(), [], cfg.performance.rank_timeout) as watch:
        return train(cfg, overrides, run_dir, child_of, watch)


def train(
    cfg: DictConfig,
    overrides: list[str],
    run_dir: Path | None,
    child_of: Path | None = None,
    watch: Watch | None = None,
) -> int:
    """The same, on one rank.

    Args:
        child_of: the run directory of rank 0, on the others.
        watch: over the ranks, on those that begin with it.
    """
    prepared, chosen = ready(cfg, run_dir, child_of)
    if cfg.data.get("stage"):  # runs of an earlier release have no such key
        folder = stage_folder(cfg.data.stage)
        prepared = prepared if cfg.check_only else staged(prepared, folder)
    ensure_torchvision()  # from here on torch and Lightning are imported
    if cfg.check_only:
        from genlab.apps.train.check_only import describe

        return describe(cfg, prepared, chosen)
    from genlab.apps.train.training import fit

    return fit(cfg, overrides, prepared, chosen, watch)


def ready(cfg: DictConfig, run_dir: Path | None, child_of: Path | None = None) -> tuple[PreparedData, Run]:
    """The prepared data and the run, after all checks that need no torch. Raises as ``run`` does."""
    if cfg.init_from and cfg.resume is None:
        checkpoint_file(Path(cfg.init_from), "init_from")
    if child_of is None:
        require_networks(cfg.metrics)
    prepared = (handed_over(child_of) if child_of else None) or prepare(cfg)
    require_labels(cfg, prepared.spec)
    require_whole_sounds(cfg, prepared.spec)
    require_sizes(cfg, prepared)
    if child_of is None:
        second_sets(cfg, cfg.data, prepared.spec)
    return prepared, choose_run(cfg, prepared.spec, run_dir, child_of)


def require_labels(cfg: DictConfig, spec: DataSpec) -> None:
    """Refuse a prepared set without the labels that the model needs.

    Raises:
        ConfigError: with the sets that have them.
    """
    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    if problems := in_words(lacking(plain, (spec.labels,) if spec.labels else ()), Hints()):
        raise ConfigError(problems)


def require_whole_sounds(cfg: DictConfig, spec: DataSpec) -> None:
    """Refuse networks that do not take whole sounds, which are validated without a cut.

    Raises:
        ConfigError: with bands, windows or a generator that would fit.
    """
    if spec.sound:
        plain: Any = OmegaConf.to_container(cfg.model, resolve=True)
        bands, frames = spec.shape[-2:]
        if problem := unfit_sounds(bands, frames, *required_by(plain)):
            raise ConfigError([problem])


def require_sizes(cfg: DictConfig, prepared: PreparedData) -> None:
    """Refuse images that are not cropped and whose sizes the model's networks do not take; all of them are looked at.

    Raises:
        ConfigError: with the first such file and how many there are.
    """
    plain: Any = OmegaConf.to_container(cfg.model, resolve=True)
    multiple, least = required_by(plain)
    found: list[tuple[str, int, int]] = []
    rows = [(column, names) for split, side in prepared.files.items() for column, names in named(prepared, split, side)]
    for column, names in rows:
        heights, widths = heights_and_widths(column, np.arange(len(column)))
        bad = (heights % multiple != 0) | (widths % multiple != 0) | (np.minimum(heights, widths) < least)
        found += [(names[i], int(widths[i]), int(heights[i])) for i in np.flatnonzero(bad)]
    if found:
        name, width, height = found[0]
        what = f"leaves {name} at {width}x{height}, and these networks take multiples of {multiple}, at least {least}"
        many = f" ({len(found):,} of {sum(len(names) for _, names in rows):,} images)"
        side = max(round(min(height, width) / multiple), -(-least // multiple)) * multiple
        remedy = f"Type: data.preprocess=resize_and_crop data.crop_size={side} data.load_size={scaled_for(side)}"
        raise ConfigError([Problem(f"data.preprocess={cfg.data.preprocess}", what + many, remedy)])


def named(prepared: PreparedData, split: str, files: dict[str, list[str]]) -> Iterator[tuple[Column, list[str]]]:
    """The columns of a split with the names of their rows' files."""
    for side, names in files.items():
        column = prepared.columns[split][side]
        yield column, names[: len(column)]
