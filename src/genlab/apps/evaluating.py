"""The part of ``evaluate.py`` that needs torch: the same test as at the end of training, with the same random draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from omegaconf import DictConfig

from genlab import console
from genlab.apps.command.device import device_for
from genlab.apps.command.evaluators import build_evaluators, described, notes
from genlab.apps.train.build import QUIET
from genlab.apps.train.messages import counts
from genlab.config.build import build
from genlab.contracts import CheckpointError
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.runs.load import Loaded
from genlab.runs.summary import NAME, Summary, versions
from genlab.signals import caught


def evaluate(cfg: DictConfig, loaded: Loaded, prepared: PreparedData, cache: Path, output: Path) -> int:
    """Measure, print, and write ``<output>/summary.json``.

    Raises:
        CheckpointError: the images have changed since the run.
    """
    if prepared.spec.digest != loaded.spec.digest:
        raise CheckpointError(
            f"the images of {prepared.spec.name} are not those that {loaded.path} was trained on. "
            f"Give the folder that has them: {'data.path' if 'path' in loaded.config.data else 'paths.data'}=DIR"
        )
    device = device_for(cfg.device)
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    console.quiet()
    callbacks = build_evaluators(cfg)
    for evaluate in callbacks:
        evaluate.attach(loaded.model, prepared, cache, {"test": cfg.split})
    if cfg.check_only:
        console.say("all checks passed; nothing was measured")
        return 0
    extractors = [extractor for evaluate in callbacks for extractor in evaluate.make_ready()]
    told = notes(extractors, prepared.spec, loaded.config.model)
    told += [note for evaluate in callbacks for note in evaluate.notes]
    for note in told:
        console.say(f"note      {note}")
    data = StoreData(prepared, loaded.config.data.batch_size, loaded.config.seed)
    data.evaluated = cfg.split
    trainer = pl.Trainer(**QUIET, logger=False, callbacks=[*callbacks], accelerator=device.type, devices=1)
    with caught():
        trainer.test(loaded.model, data, verbose=False)
    renamed = {
        f"{cfg.split}/{name.split('/')[1]}": v for name, v in loaded.model.measured.items() if name.startswith("test/")
    }
    behind = {name: count for evaluate in callbacks for name, count in evaluate.counts.items()}
    counted = {name.replace("test/", f"{cfg.split}/"): count for name, count in behind.items()}
    known = described(extractors) | ({"notes": told} if extractors else {})
    report(loaded, cfg, renamed, {"counts": counts(prepared.spec, loaded.model, counted), **known}, output)
    return 0


def report(loaded: Loaded, cfg: DictConfig, metrics: dict[str, float], known: dict[str, Any], output: Path) -> None:
    """Print the metrics, and write ``summary.json``. ``known``: further entries of the file."""
    width = max(map(len, metrics))
    for name, value in metrics.items():
        console.say(f"{name:{width}}  {value:.6g}")
    output.mkdir(parents=True, exist_ok=True)
    Summary(output / NAME).update(
        ckpt=str(loaded.path), step=loaded.step, split=cfg.split, metrics=metrics, **known, versions=versions()
    )
    console.say(f"written to {output / NAME}")
