"""Where the values of a checkpoint's test are kept, under a key of all that they depend on but the seed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from omegaconf import OmegaConf

import genlab
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.files import key_of
from genlab.metrics.extractors.extractor import weights_digest
from genlab.runs.load import Loaded

OF_A_VERSION = {"torch", "lightning", "torchmetrics", "omegaconf", "numpy"}  # packages whose code is not looked at


def folder_for(loaded: Loaded, crop: Any, cache: Path, device: torch.device, evaluators: Sequence[Evaluator]) -> Path:
    """``<cache>/generated/<model>-<data>-<key>``.

    The key is made of weights (averages included), networks, seed, set, device, precision, torch and source code.
    """
    model = loaded.model
    facts = {
        "weights": weights_digest(model),
        "model": OmegaConf.to_container(loaded.config.model, resolve=True),
        "seed": loaded.config.seed,
        "data": loaded.spec.plain(),
        "crop": crop,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "precision": str(model.weight_dtype),
        "torch": torch.__version__,
        "code": code_digest(
            [*model.modules(), *evaluators, *(part for one in evaluators for part in vars(one).values())]
        ),
    }
    return cache / "generated" / f"{type(model).__name__.lower()}-{loaded.spec.name}-{key_of(facts)}"


def code_digest(parts: Iterable[Any]) -> str:
    """Over the source of genlab, and of the package of every part, which may lie outside of it."""
    roots = {type(part).__module__.partition(".")[0] for part in parts} | {genlab.__name__}
    digest = hashlib.sha256()
    for root in sorted(roots - OF_A_VERSION - set(sys.stdlib_module_names)):
        for name, file in sources(sys.modules.get(root)):
            digest.update(name.encode() + file.read_bytes())
    return digest.hexdigest()


def sources(module: ModuleType | None) -> list[tuple[str, Path]]:
    """The source files of a package, or of a module that is a single file, by their places in it."""
    folders = [Path(folder) for folder in getattr(module, "__path__", [])]
    if not folders:
        file = getattr(module, "__file__", None)
        return [(Path(file).name, Path(file))] if file else []
    return sorted((str(file.relative_to(folder)), file) for folder in folders for file in folder.rglob("*.py"))
