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
from genlab.translate.job import Job
from genlab.translate.run import Translation
from genlab.translate.sounds import Sounds

SKIPPED = 3  # exit code: done but for some inputs


def translate(cfg: DictConfig, loaded: Loaded, inputs: Inputs, output: Path) -> int:
    """Write every file's translation under the same name, and ``sheet.png``; returns the exit code.

    Raises:
        ConfigError: the model does not translate, or not in that direction; or the output cannot be written.
        Unreadable: a file cannot be read, and ``data.on_error`` is ``stop``.
    """
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    given = cfg, loaded.model.to(device_for(cfg.device)), loaded.spec, inputs, output
    work = Sounds(*given) if loaded.spec.sound else Translation(*given, halves=of_halves(loaded))
    work.require_able()
    opening(cfg, loaded, inputs, output, work)
    if cfg.check_only:
        console.say("all checks passed; nothing was translated")
        return 0
    begun = time.monotonic()
    work.everything()
    closing(work, output, time.monotonic() - begun)
    return SKIPPED if work.skipped else 0


def of_halves(loaded: Loaded) -> bool:
    """Whether the pairs that the model was trained on lay side by side in one file."""
    return str(loaded.config.data._target_).endswith(".SideBySide")


def opening(cfg: DictConfig, loaded: Loaded, inputs: Inputs, output: Path, work: Job) -> None:
    """Print model, inputs, device and output folder."""
    console.say(f"model     {type(loaded.model).__name__} of {loaded.path}, step {loaded.step:,}, {cfg.direction}")
    console.say(f"{work.medium.word}s".ljust(10) + f"{len(inputs.files):,} in {inputs.root}")
    for remark in inputs.remarks:
        console.say(f"note      {remark}")
    console.say(f"device    {work.device.type}")
    console.say(f"results   {output}")
    for remark in work.remarks():
        console.say(f"note      {remark}")


def closing(work: Job, output: Path, seconds: float) -> None:
    """Print the notes, the number of translated files, and the number of skipped ones."""
    for sentence, count in work.notes.items():
        console.say(f"note      {count:,} of {len(work.inputs.files):,}: {sentence}")
    sheet = f"; {work.sheet.path} shows them" if work.sheet.cells else ""
    console.say(f"done      {work.medium.count(work.done)} in {seconds:.0f} s{sheet}")
    if work.skipped:
        console.say(f"skipped   {len(work.skipped):,} that cannot be read, named above; exit code {SKIPPED}")
