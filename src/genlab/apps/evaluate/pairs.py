"""Two folders with the same file names: each generated image against the real one of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.evaluators.pixels import WITHOUT, PairedTranslation, Perceptual
from genlab.contracts import DataError
from genlab.data.files.plain_folder import Pictures
from genlab.files import cached, key_of
from genlab.images import from_uint8
from genlab.metrics.extractors.kept import Kept, libraries
from genlab.metrics.extractors.real_features import batch_of
from genlab.metrics.perceptual import BACKBONES
from genlab.metrics.reconstruction import translation_terms

VERSION = 1  # part of every key: raise it when a term is computed in another way
Terms = Callable[[Tensor, Tensor], Mapping[str, Tensor]]  # [B, C, H, W] in [0, 1] twice -> [B] by name


def names(pictures: Pictures) -> list[str]:
    """The names of the files without their endings, in order."""
    folder = pictures.folder
    return [folder.name(path.with_suffix("")) for path in folder.files]


def are_pairs(a: Pictures, b: Pictures) -> bool:
    """Whether every image of each folder has one of the same name in the other, and they are not one folder."""
    same = a.folder.root.resolve() == b.folder.root.resolve()
    return not same and names(a) == names(b) and len(set(names(a))) == len(a)


def terms_of(evaluators: list[Any], pictures: Pictures, device: torch.device) -> dict[str, Terms]:
    """What the evaluators measure of pairs, by a word for each, which is part of the key of what is kept.

    Raises:
        ConfigError: the weights of a network are missing.
        DataError: the images are too small for it.
    """
    found: dict[str, Terms] = {}
    for one in evaluators:
        if isinstance(one, PairedTranslation):
            found["pixels"] = translation_terms
        if isinstance(one, Perceptual):
            found[f"lpips_{one.net}"] = lpips_of(one, pictures, device)
    return found


def lpips_of(evaluator: Perceptual, pictures: Pictures, device: torch.device) -> Terms:
    """LPIPS of pairs, by its evaluator's name.

    Raises:
        ConfigError: the weights of the network are missing.
        DataError: the images are too small.
    """
    least = BACKBONES[evaluator.net].least
    if min(pictures.shape[1:]) < least:
        raise DataError(f"LPIPS, net={evaluator.net}: it takes images of {least} pixels and more. Go {WITHOUT}")
    net = evaluator.distances.to(device)
    return lambda x, y: {f"lpips_{evaluator.net}": net(x, y)}


def means_over_pairs(
    a: Pictures, b: Pictures, terms: dict[str, Terms], device: torch.device, cache_root: Path
) -> dict[str, float]:
    """The mean of each term over all pairs, kept in the cache.

    Args:
        terms: by what they depend on, for the key.

    Raises:
        DataError: a file is damaged.
    """
    key = key_of(VERSION, libraries(), a.key, b.key, sorted(terms))
    path = cache_root / "features" / f"pairs-{key}.pt"
    pieces = Kept(path.with_suffix(""))

    def batch(rows: range) -> dict[str, Tensor]:
        x, y = (images_of(one, rows).to(device) for one in (a, b))
        found = [one(x, y) for one in terms.values()]
        return {name: values.double().cpu() for one in found for name, values in one.items()}

    def make() -> dict[str, Tensor]:
        batches = [*pieces.batches("comparing in pairs", len(a), batch_of(a.shape), batch)]
        return {name: torch.cat([one[name] for one in batches]) for name in batches[0]}

    each = cached(path, make, lambda value: fits(value, len(a)))
    pieces.drop()
    return {name: values.mean().item() for name, values in each.items()}


def images_of(pictures: Pictures, rows: range) -> Tensor:
    """[B, C, H, W] in [0, 1]."""
    return from_uint8(torch.from_numpy(np.stack(pictures.rows(rows)[0])))


def fits(value: Any, count: int) -> bool:
    """Whether a kept value has a number for each pair."""
    return isinstance(value, dict) and all(getattr(one, "shape", None) == (count,) for one in value.values())
