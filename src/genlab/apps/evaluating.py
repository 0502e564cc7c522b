"""The heavy half of ``evaluate.py``: the same loop, batches, noise and samples as at the end of training."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl
from omegaconf import DictConfig

from genlab.apps.building import QUIET
from genlab.apps.screen import counts
from genlab.callbacks.measure import Measure
from genlab.config.build import build
from genlab.contracts import CheckpointError
from genlab.data.module import StoreData
from genlab.data.source import Prepared
from genlab.metrics.features import choose
from genlab.runs import console
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
    build(cfg.performance, cfg.trust).apply()
    console.quiet()
    measure: Measure = build(cfg.metrics, cfg.trust)
    if measure.samples["test"]:
        measure.attach(choose(prepared, cache), prepared, cache, evaluated=cfg.split)
    data = StoreData(prepared, loaded.config.data.batch_size, loaded.config.seed)
    data.evaluated = cfg.split
    trainer = pl.Trainer(**QUIET, logger=False, callbacks=[measure], accelerator="auto", devices=1)
    trainer.test(loaded.model, data, verbose=False)
    renamed = {
        f"{cfg.split}/{name.split('/')[1]}": v for name, v in loaded.model.measured.items() if name.startswith("test/")
    }
    counted = {name.replace("test/", f"{cfg.split}/"): count for name, count in measure.counts.items()}
    report(loaded, cfg, renamed, counts(prepared.spec, loaded.model, counted), output)
    return 0


def report(loaded: Loaded, cfg: DictConfig, metrics: dict[str, float], counted: dict[str, int], output: Path) -> None:
    """On the screen and in a file."""
    width = max(map(len, metrics))
    for name, value in metrics.items():
        console.say(f"{name:{width}}  {value:.6g}")
    output.mkdir(parents=True, exist_ok=True)
    Summary(output / NAME).update(
        ckpt=str(loaded.path), step=loaded.step, split=cfg.split, metrics=metrics, counts=counted, versions=versions()
    )
    console.say(f"written to {output / NAME}")
