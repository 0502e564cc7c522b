"""The part of ``analyze.py`` that needs torch: loads the models, runs the analysis, and writes what it finds."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from genlab import console, images
from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.needs import require_able
from genlab.analysis.base.subject import Subject
from genlab.apps.command.device import device_for
from genlab.apps.command.paths import cache_root, prepare, saved_configuration
from genlab.apps.command.second_set import prepared_set
from genlab.config.build import build
from genlab.data.store.source import PreparedData
from genlab.files import replacing, temporary
from genlab.runs.load import Loaded, load_run
from genlab.runs.summary import NAME, Summary, versions
from genlab.runs.table import write_csv


def analyze(cfg: DictConfig, chosen: dict[str, Path], output: Path) -> int:
    """Look at the chosen checkpoints, and write to ``output``.

    Raises:
        ConfigError: a model cannot do what the analysis needs.
        DataError: the data set of a run is not found.
    """
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    name, device = cfg.choices.what, device_for(cfg.device)
    analysis: Analysis = build(cfg.what, cfg.trust)
    against = cfg.what.get("against") is not None
    seen = [subject(cfg, short, path, device, against) for short, path in chosen.items()]
    for one in seen:
        require_able(analysis, one.model, name)
    analysis.refuse(*seen)
    if cfg.check_only:
        console.say("all checks passed; nothing was analysed")
        return 0
    findings = analysis(*seen)
    write(findings, name, output)
    Summary(output / NAME).update(**summary(cfg, seen, findings, device))
    for line in findings.lines:
        console.say(line)
    console.say(f"written to {output}: {', '.join(sorted(path.name for path in output.iterdir()))}")
    return 0


def subject(cfg: DictConfig, name: str, path: Path, device: torch.device, against: bool = False) -> Subject:
    """A model on the device, and the way to its data; ``against``: and to a second set that the analysis names."""
    loaded = load_run(path, list(cfg.trust))
    loaded.model.to(device)
    data, cache = partial(data_of, cfg, loaded), partial(cache_root, cfg)
    second = partial(second_of, cfg, loaded) if against else None
    return Subject(name, loaded, cfg.split, cfg.seed, data, cache, tuple(cfg.trust), second)


def second_of(cfg: DictConfig, loaded: Loaded) -> PreparedData:
    """The set that the analysis names by ``against``, its images as those of the run.

    Raises:
        ConfigError: there is no such set.
        DataError: its images have another shape, or are missing.
    """
    return prepared_set(cfg, "what.against", cfg.what, loaded.config.data, loaded.spec)


def data_of(cfg: DictConfig, loaded: Loaded) -> PreparedData:
    """The data set of a run; a line says if the images are others.

    Raises:
        DataError: it is missing or damaged.
    """
    prepared = prepare(saved_configuration(loaded.config, cfg))
    if prepared.spec.digest != loaded.spec.digest:
        console.say(f"note      the images of {prepared.spec.name} are not those that the model was trained on")
    return prepared


def write(findings: Findings, name: str, output: Path) -> None:
    """``<name>.csv``, ``<name>.png``, further tables and files."""
    output.mkdir(parents=True, exist_ok=True)
    for table, rows in {name: findings.rows, **findings.tables}.items():
        write_csv(output / f"{table}.csv", rows)
    if isinstance(findings.picture, Tensor):
        images.save_png(findings.picture, output / f"{name}.png")
    else:
        with temporary(output / f"{name}.png") as part:
            findings.picture.savefig(part, format="png", metadata={"Software": None})
    for extra, content in findings.files.items():
        with replacing(output / extra, "wb") as file:
            file.write(content)


def summary(cfg: DictConfig, seen: list[Subject], findings: Findings, device: torch.device) -> dict[str, Any]:
    """What ``summary.json`` says."""
    options: Any = OmegaConf.to_container(cfg.what, resolve=True)
    models = [{"ckpt": str(one.loaded.path), "step": one.loaded.step} for one in seen]
    return {
        "what": cfg.choices.what,
        "options": {key: value for key, value in options.items() if not key.startswith("_")},
        **({"models": models} if len(models) > 1 else models[0] if models else {}),
        **({"split": cfg.split} if seen else {}),
        "seed": cfg.seed,
        "lines": list(findings.lines),
        "metrics": dict(findings.metrics),
        "counts": dict(findings.counts),
        "device": device.type,
        "versions": versions(),
    }
