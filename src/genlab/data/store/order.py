"""The order of the images as a pure function of seed and epoch, and each rank's share of it."""

from __future__ import annotations

import hashlib

import numpy as np

from genlab.random import keyed


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of 0 … count-1, int64."""
    return keyed("order", seed, epoch).permutation(count)


def weighted_order(weights: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """N draws with replacement, each image by its share of the weights. [N] -> int64 [N]."""
    ends = np.cumsum(weights, dtype=np.float64)
    drawn = keyed("weighted order", seed, epoch).random(len(weights)) * ends[-1]
    return np.minimum(np.searchsorted(ends, drawn, side="right"), len(weights) - 1).astype(np.int64)


def domain_order(a: int, b: int, seed: int, epoch: int) -> np.ndarray:
    """Row indices of two unpaired domains, int64 [max(a, b), 2]: shuffled independently, the smaller domain repeated."""
    return np.stack([repeated(a, max(a, b), seed, epoch, "a"), repeated(b, max(a, b), seed, epoch, "b")], 1)


def repeated(count: int, rows: int, *key: object) -> np.ndarray:
    """``rows`` indices in 0 … count-1: as many permutations as needed, concatenated."""
    turns = -(-rows // count)
    return np.concatenate([keyed("order", *key, turn).permutation(count) for turn in range(turns)])[:rows]


def steps(count: int, batch_size: int, world: int) -> int:
    """Training batches in an epoch: full global batches only, so that all ranks have the same number.

    A set smaller than one global batch gives a single, smaller batch.
    """
    return max(1, count // (batch_size * world))


def limited(limit: float, batches: int) -> int:
    """``limit`` of an epoch's ``batches``, as Lightning takes it: a number of them, or a share where it is a float."""
    return min(limit, batches) if isinstance(limit, int) else int(batches * limit)


def train_batch(order: np.ndarray, step: int, batch_size: int, rank: int, world: int) -> np.ndarray:
    """Rank r's share of global batch ``step``: its rows r, r + W, … If images are fewer than ranks, they repeat."""
    size = batch_size * world
    batch = order[step * size : (step + 1) * size]
    if len(batch) < world:
        batch = batch[np.arange(world) % len(batch)]
    return batch[: len(batch) - len(batch) % world][rank::world]


def eval_batches(count: int, batch_size: int, rank: int, world: int) -> list[np.ndarray]:
    """This rank's batches; over all ranks every image comes exactly once, in order, without padding or dropping."""
    size = batch_size * world
    shares = [np.arange(start, min(start + size, count))[rank::world] for start in range(0, count, size)]
    return [share for share in shares if len(share)]


def eval_pairs(a: int, b: int, batch_size: int, rank: int, world: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """As ``eval_batches``, for both domains; once the smaller domain is used up, its part of each batch is empty."""
    sides = [eval_batches(count, batch_size, rank, world) for count in (a, b)]
    longest = max(map(len, sides))
    for side in sides:
        side += [np.empty(0, np.int64)] * (longest - len(side))
    return list(zip(*sides, strict=True))


def keyed_split(names: list[str], fractions: dict[str, float], seed: int = 0) -> dict[str, list[int]]:
    """Split a list by ranking the hashes of its names, so that adding a file moves few of the others to another part.

    The parts have exactly the sizes given by the fractions; ``train`` gets the rest. -> sorted indices of each part.
    """

    def rank(i: int) -> bytes:
        return hashlib.blake2b(f"{seed}/{names[i]}".encode("utf-8", "surrogateescape"), digest_size=16).digest()

    ranked = sorted(range(len(names)), key=rank)
    parts: dict[str, list[int]] = {}
    start = 0
    for part, fraction in fractions.items():
        size = max(1, round(fraction * len(names))) if len(names) > len(fractions) else 0
        parts[part] = sorted(ranked[start : start + size])
        start += size
    return {"train": sorted(ranked[start:]), **parts}
