"""Samples that are measured: drawn alike on any number of ranks, without a trace in the random state."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist

from genlab.data.store.source import Modes
from genlab.metrics.extractors.choose import Extractor
from genlab.metrics.modes import mode_coverage

SEED = 1_706_08500  # of the samples that are measured: not those of the pictures, and the same in every run
MODE_SAMPLES = 2500  # points, as in the tables of the literature on mode collapse


def unnoticed(device: torch.device) -> AbstractContextManager[None]:
    """What is drawn inside leaves the global random state as it was."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def generated_features(model: Any, count: int, extractor: Extractor, chunk: int = 250) -> Tensor:
    """Features of ``count`` samples, [count, d] on the CPU, the same on any number of ranks.

    Chunk j is drawn by seed + j, on rank j modulo the number of ranks. A model that draws from the global random state
    all the same leaves it as it was: measuring must not change what is trained next.
    """
    world, rank = (dist.get_world_size(), dist.get_rank()) if dist.is_available() and dist.is_initialized() else (1, 0)
    sizes = [min(chunk, count - start) for start in range(0, count, chunk)]
    with unnoticed(model.device):
        mine = {
            j: extractor(model.sample(size, seed=SEED + j)).cpu() for j, size in enumerate(sizes) if j % world == rank
        }
    if world > 1:
        everyones: list[Any] = [None] * world
        dist.all_gather_object(everyones, mine)
        mine = {j: features for part in everyones for j, features in part.items()}
    return torch.cat([mine[j] for j in range(len(sizes))])


def covered(model: Any, modes: Modes) -> dict[str, float]:
    """``modes`` and ``high_quality`` of ``MODE_SAMPLES`` fresh samples, drawn alike by every rank."""
    with unnoticed(model.device):
        x = model.sample(MODE_SAMPLES, seed=SEED)
    return mode_coverage(x, torch.from_numpy(modes.centres).to(x.device), modes.sigma)
