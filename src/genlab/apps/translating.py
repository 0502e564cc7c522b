"""The part of ``translate.py`` that needs torch: runs the translation and prints the messages."""

from __future__ import annotations

import time
from pathlib import Path

from omegaconf import DictConfig

from genlab import console
from genlab.apps.command.device import device_for
from genlab.config.build import build
from genlab.runs.load import Loaded
from genlab.translate.inputs import Inputs
from genlab.translate.large.tiles import OVERLAP, SIDE
from genlab.translate.run import Translation

SKIPPED = 3  # exit code: done but for some inputs
TILED = (
    f"memory=tiles: squares of {SIDE} pixels one by one; this is NOT the result of the whole picture (memory=strips is)"
)


def translate(cfg: DictConfig, loaded: Loaded, inputs: Inputs, output: Path) -> int:
    """Write every picture's translation under the same name, and ``sheet.png``; returns the exit code.

    Raises:
        ConfigError: the model does not translate, or not in that direction; or the output cannot be written.
        Unreadable: a picture cannot be read, and ``data.on_error`` is ``stop``.
    """
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    halves = str(loaded.config.data._target_).endswith(".SideBySide")
    work = Translation(cfg, loaded.model.to(device_for(cfg.device)), loaded.spec, halves, inputs, output)
    work.require_able()
    opening(cfg, loaded, inputs, output, work)
    if cfg.check_only:
        console.say("all checks passed; nothing was translated")
        return 0
    begun = time.monotonic()
    work.everything()
    closing(work, output, time.monotonic() - begun)
    return SKIPPED if work.skipped else 0


def opening(cfg: DictConfig, loaded: Loaded, inputs: Inputs, output: Path, work: Translation) -> None:
    """Print model, inputs, device and output folder."""
    console.say(f"model     {type(loaded.model).__name__} of {loaded.path}, step {loaded.step:,}, {cfg.direction}")
    console.say(f"pictures  {len(inputs.files):,} in {inputs.root}")
    for remark in inputs.remarks:
        console.say(f"note      {remark}")
    console.say(f"device    {work.device.type}")
    console.say(f"results   {output}")
    if cfg.memory == "tiles":
        console.say(f"note      {TILED}; neighbours share {OVERLAP}")
    if work.together() < cfg.batch_size:
        console.say(
            "note      batch_size=1: with dropout (model.inference_dropout) each picture is translated by itself"
        )


def closing(work: Translation, output: Path, seconds: float) -> None:
    """Print the notes, the number of translated pictures, and the number of skipped ones."""
    for sentence, count in work.notes.items():
        console.say(f"note      {count:,} of {len(work.inputs.files):,}: {sentence}")
    sheet = f"; {work.sheet.path} shows them" if work.sheet.cells else ""
    console.say(f"done      {work.done:,} picture{'s' if work.done != 1 else ''} in {seconds:.0f} s{sheet}")
    if work.skipped:
        console.say(f"skipped   {len(work.skipped):,} that cannot be read, named above; exit code {SKIPPED}")
