"""The heavy half of ``evaluate.py``: the same loop, batches, noise and samples as at the end of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from omegaconf import DictConfig

from genlab import console
from genlab.apps.command import extractor as measuring
from genlab.apps.command.device import device_for
from genlab.apps.train.build import QUIET
from genlab.apps.train.messages import counts
from genlab.callbacks.evaluate import Measure
from genlab.callbacks.stopping import obeyed
from genlab.config.build import build
from genlab.contracts import CheckpointError
from genlab.data.store.module import StoreData
from genlab.data.store.source import Prepared
from genlab.runs.load import Loaded
from genlab.runs.summary import NAME, Summary, versions


def evaluate(cfg: DictConfig, loaded: Loaded, prepared: Prepared, cache: Path, output: Path) -> int:
    """Measure, print, and write ``<output>/summary.json``.

    Raises:
        CheckpointError: the images have changed since the run.
    """
    if prepared.spec.digest != loaded.spec.digest:
        raise CheckpointError(
            f"the images of {prepared.spec.name} are not those that {loaded.path} was trained on. "
            "Give the folder that has them: paths.data=DIR"
        )
    device = device_for(cfg.device)
    build(cfg.performance, cfg.trust).apply()
    console.quiet()
    measure: Measure = build(cfg.metrics, cfg.trust)
    if cfg.check_only:
        console.say("all checks passed; nothing was measured")
        return 0
    extractor = measuring.attach(measure, prepared, cache, cfg.split) if measure.samples["test"] else None
    notes = measuring.notes(extractor, prepared.spec, loaded.config.model)
    for note in notes:
        console.say(f"note      {note}")
    data = StoreData(prepared, loaded.config.data.batch_size, loaded.config.seed)
    data.evaluated = cfg.split
    trainer = pl.Trainer(**QUIET, logger=False, callbacks=[measure], accelerator=device.type, devices=1)
    with obeyed():
        trainer.test(loaded.model, data, verbose=False)
    renamed = {
        f"{cfg.split}/{name.split('/')[1]}": v for name, v in loaded.model.measured.items() if name.startswith("test/")
    }
    counted = {name.replace("test/", f"{cfg.split}/"): count for name, count in measure.counts.items()}
    known = {"extractor": measuring.described(extractor), "notes": notes} if extractor else {}
    report(loaded, cfg, renamed, {"counts": counts(prepared.spec, loaded.model, counted), **known}, output)
    return 0


def report(loaded: Loaded, cfg: DictConfig, metrics: dict[str, float], known: dict[str, Any], output: Path) -> None:
    """On the screen and in a file. ``known``: what else the file says about the numbers."""
    width = max(map(len, metrics))
    for name, value in metrics.items():
        console.say(f"{name:{width}}  {value:.6g}")
    output.mkdir(parents=True, exist_ok=True)
    Summary(output / NAME).update(
        ckpt=str(loaded.path), step=loaded.step, split=cfg.split, metrics=metrics, **known, versions=versions()
    )
    console.say(f"written to {output / NAME}")
