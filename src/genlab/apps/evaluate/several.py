"""The order of ``evaluate.py``: look at every checkpoint, refuse what cannot be compared, measure one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from genlab import console
from genlab.apps.command.device import device_for
from genlab.apps.command.paths import cache_root, folders_typed, output_folder, prepare, saved_configuration
from genlab.apps.command.second_set import second_sets
from genlab.apps.evaluate.bench import Bench
from genlab.apps.evaluate.comparable import images_of, require_same
from genlab.apps.evaluate.measured import Measured
from genlab.apps.evaluate.pictures import write_pictures
from genlab.apps.evaluate.report import report
from genlab.config.build import build
from genlab.contracts import CheckpointError, DataSpec
from genlab.data.store.source import PreparedData
from genlab.models.base.tf32 import switch_tf32
from genlab.runs.load import Loaded, load_run


@dataclass
class Candidate:
    """A checkpoint that has been looked at. ``bench``: kept only where it is the only one, for the memory."""

    name: str
    path: Path
    images: dict[str, Any]
    extractors: dict[str, str]
    units: int
    spec: DataSpec
    notes: list[str]
    bench: Bench | None


def evaluate(cfg: DictConfig, chosen: dict[str, Path]) -> int:
    """Measure, show, and write ``<output>/summary.json``; returns the exit code: 3 where one of several failed.

    Raises:
        CheckpointError: one is not what it seems, or the images have changed since its run.
        ConfigError: they cannot stand in one table.
    """
    device = device_for(cfg.device)
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    switch_tf32(False, False)  # also while real images are looked at, before a test begins
    console.quiet()
    candidates = list(looked_at(cfg, chosen, device))
    output = output_folder(cfg, candidates[0].path, "evaluate")
    if cfg.check_only:
        console.say("all checks passed; nothing was measured")
        return 0
    measured = measure_all(cfg, candidates, device, output)
    report(cfg, measured, output)
    if drawn := write_pictures(measured, candidates[0].spec, output / "images"):
        console.say(f"pictures  {', '.join(drawn)} in {output / 'images'}")
    return 0 if len(measured) == len(candidates) else 3


def looked_at(cfg: DictConfig, chosen: dict[str, Path], device: torch.device) -> Iterator[Candidate]:
    """Load each checkpoint and its data, and make ready what measures it, before the first is measured.

    Raises:
        ConfigError: one cannot stand in a table with the first.
    """
    first: Candidate | None = None
    for name, path in chosen.items():
        bench = open_bench(cfg, path, device)
        images = images_of(bench.prepared, cfg.split)
        require_same((first.name, first.images) if first else (name, images), (name, images))
        if not cfg.check_only:
            bench.make_ready()
        extractors = {f"the extractor {one.key}": one.digest for one in bench.extractors}
        require_same((first.name, first.extractors) if first else (name, extractors), (name, extractors))
        alone, units = bench if len(chosen) == 1 else None, 0 if cfg.check_only else bench.units
        found = Candidate(name, bench.loaded.path, images, extractors, units, bench.prepared.spec, bench.told, alone)
        first = first or found
        yield found


def open_bench(cfg: DictConfig, path: Path, device: torch.device) -> Bench:
    """A checkpoint with the data of its run."""
    loaded = load_run(path, list(cfg.trust))
    prepared = prepare(saved_configuration(loaded.config, cfg))
    require_its_images(loaded, prepared)
    others = second_sets(cfg, loaded.config.data, prepared.spec)
    return Bench(cfg, loaded, prepared, cache_root(cfg), device, others)


def require_its_images(loaded: Loaded, prepared: PreparedData) -> None:
    """Refuse other images than those of the run.

    Raises:
        CheckpointError: with the remedy.
    """
    if prepared.spec.digest != loaded.spec.digest:
        raise CheckpointError(
            f"the images of {prepared.spec.name} are not those that {loaded.path} was trained on. "
            f"Give the folder that has them: {folders_typed(loaded.config)}"
        )


def measure_all(
    cfg: DictConfig, candidates: list[Candidate], device: torch.device, output: Path
) -> dict[str, Measured]:
    """What came of each; of several, one whose images are not numbers is left out with a line.

    Evaluators leave their tables and pictures in ``output``, of several checkpoints in a folder each.

    Raises:
        CheckpointError: nothing came of any.
    """
    measured: dict[str, Measured] = {}
    for note in dict.fromkeys(note for one in candidates for note in one.notes):
        console.say(f"note      {note}")
    with console.progress("measuring", sum(one.units for one in candidates), unit="batches") as advance:
        for one in candidates:
            try:
                bench = bench_of(cfg, one, device)
                bench.evaluate.folder = output if len(candidates) == 1 else output / one.name
                measured[one.name] = bench.measure(advance)
            except CheckpointError as error:
                if not measured and one is candidates[-1]:
                    raise
                console.say(f"left out  {one.name}: {error}")
    return measured


def bench_of(cfg: DictConfig, one: Candidate, device: torch.device) -> Bench:
    """The candidate's bench, opened again if it was given up."""
    if one.bench is not None:
        return one.bench
    bench = open_bench(cfg, one.path, device)
    bench.make_ready()
    return bench
