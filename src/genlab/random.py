"""Counter-based random numbers: pure functions of (seed, epoch, index, purpose), for NumPy and torch."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

# the constants of splitmix64 (Steele, Lea and Flood, 2014), as signed 64-bit numbers
GOLDEN, MIX_1, MIX_2 = -7046029254386353131, -4658895280553007687, -7723592293110705685
BITS = 24  # so many that float32 holds every value


def shifted(x: Any, bits: int) -> Any:
    """Logical right shift of int64 numbers."""
    found = x >> bits
    found &= (1 << (64 - bits)) - 1
    return found


def scrambled(x: Any) -> Any:
    """splitmix64's finaliser, int64 to int64: every output bit depends on every input bit."""
    x = x ^ shifted(x, 30)
    x *= MIX_1
    x ^= shifted(x, 27)
    x *= MIX_2
    x ^= shifted(x, 31)
    return x


def state_of(index: Any, seed: int, epoch: int, purpose: int) -> Any:
    """A 64-bit number per image: index int64 [B] (array or tensor) -> int64 [B] of the same type."""
    state = scrambled((index * 0 + seed) * GOLDEN + epoch)
    state = scrambled(state * GOLDEN + purpose)
    return scrambled(state + index * GOLDEN)


def stream(state: Any, steps: Any) -> Any:
    """Numbers 1, 2, … (``steps``, [n]) of the splitmix64 generators that start from ``state`` [B]. -> int64 [B, n]."""
    return scrambled(state[:, None] + steps * GOLDEN)


def keyed_bits(index: Any, seed: int, epoch: int, purpose: int) -> Any:
    """An integer in 0 … 2^24 - 1 per image: index int64 [B] (array or tensor) -> int64 [B] of the same type."""
    return shifted(state_of(index, seed, epoch, purpose), 64 - BITS)


def normal(
    index: torch.Tensor, first: int, count: int, size: int, key: tuple[int, int], dtype: torch.dtype
) -> torch.Tensor:
    """Standard normal numbers, ``size`` for each draw ``first`` … ``first + count - 1`` of an image. [B] -> [B, count, size].

    A number depends on seed, purpose (``key``), image, draw and place alone, not on what else is drawn in one call: two
    of them, by Box and Muller (1958), from each number of the image's stream. None is beyond 6.7 standard deviations.
    """
    import torch

    pairs = (size + 1) // 2
    steps = torch.arange(first * pairs + 1, (first + count) * pairs + 1, device=index.device)
    halves = stream(state_of(index, key[0], 0, key[1]), steps).view(torch.int32).bitwise_and_((1 << 31) - 1)
    radius, angle = halves.view(len(index), count, pairs, 2).unbind(-1)
    radius = radius.to(dtype).add_(0.5).mul_(2**-31).log_().mul_(-2).sqrt_()
    angle = angle.to(dtype).mul_(2**-30 * math.pi)
    return torch.cat([angle.cos().mul_(radius), angle.sin_().mul_(radius)], -1)[..., :size]


def uniform(index: Any, seed: int, epoch: int, purpose: int) -> Any:
    """A number in [0, 1) per image: index int64 [B] -> [B], the same on every device."""
    return keyed_bits(index, seed, epoch, purpose) / (1 << BITS)


def below(limit: Any, index: Any, seed: int, epoch: int, purpose: int) -> Any:
    """An integer in 0 … limit - 1 per image; ``limit`` is a number or one per image. [B] -> int64 [B]."""
    return keyed_bits(index, seed, epoch, purpose) * limit >> BITS


def key_bytes(size: int, *key: object) -> bytes:
    """``size`` bytes derived from ``key`` by BLAKE2b."""
    return hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=size).digest()


def keyed(*key: object) -> np.random.Generator:
    """NumPy generator seeded by ``key``."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key_bytes(16, *key), "little")))


def keyed_number(*key: object) -> int:
    """A 63-bit integer derived from ``key``."""
    return int.from_bytes(key_bytes(8, *key), "little") >> 1


def keyed_generator(device: torch.device, *key: object) -> torch.Generator:
    """torch generator on ``device``, seeded by ``key``."""
    import torch

    return torch.Generator(device).manual_seed(keyed_number(*key))
