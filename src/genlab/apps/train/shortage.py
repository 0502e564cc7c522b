"""Out of memory: one message with what to type, in place of an allocator's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from genlab.config.crop_sizes import required_by, scaled_for
from genlab.contracts import GenlabError

SAID = ("can't allocate memory", "not enough memory", "out of memory", "STATUS_ALLOC_FAILED")  # in a RuntimeError
WHOLE = ("32-true", "32", 32, "64-true", "64", 64)


def is_shortage(error: BaseException) -> bool:
    """Whether a device, the machine or numpy had no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in SAID)


def shortage(error: BaseException, cfg: DictConfig, batches: int, run: Path) -> GenlabError:
    """The message. ``batches``: seen so far; ``run``: the run directory, which a smaller step can continue."""
    wanted = re.search(r"allocate ([\d.]+ ?(?:bytes|[KMGTP]iB))", str(error))
    asked = f" (it asked for {wanted[1]})" if wanted else ""
    remedies = "\n    or: ".join(smaller_steps(cfg))
    saved = (run / "checkpoints" / "last.ckpt").exists()
    again = f"Continue with it: resume={run}" if saved else "There is no checkpoint yet: begin anew with it."
    return GenlabError(f"out of memory after batch {batches:,}{asked}.\n    Type: {remedies}\n    {again}")


def smaller_steps(cfg: DictConfig) -> list[str]:
    """What to type for a step of less memory: the least change first."""
    found, size, accumulated = [], cfg.data.batch_size, cfg.trainer.accumulate_grad_batches
    if size > 1:
        found.append(
            f"data.batch_size={-(-size // 2)} trainer.accumulate_grad_batches={2 * accumulated} (as many images an update)"
        )
    if cfg.trainer.precision in WHOLE:
        found.append("trainer.precision=bf16-mixed (check_only=true says what it saves)")
    plain: Any = OmegaConf.to_container(cfg.model, resolve=True)
    multiple, least = required_by(plain)
    if side := cfg.data.get("crop_size"):
        half = side // 2 // multiple * multiple
        if half >= max(least, 1):
            found.append(f"data.crop_size={half} data.load_size={scaled_for(half)} (a new run, of smaller cuts)")
    return [*found, "fewer layers or a smaller width of the networks (a new run)"]
