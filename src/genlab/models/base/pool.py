"""A pool of generated images: the discriminator also sees images from earlier steps.

Shrivastava et al., 2017 (arXiv:1612.07828), section 2.3; Zhu et al., 2017 (arXiv:1703.10593), section 4.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from genlab.models.base.noise import Noise


class ImagePool:
    """Up to ``size`` images. Each rank has its own pool of the images that it generated.

    Until the pool is full, an image is stored and also returned. After that, half of the images pass through, and the
    other half are swapped for a random one from the pool. The choices depend only on seed, batch and rank, and are
    drawn on the CPU, so nothing synchronises with the device.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []  # [C, H, W] each, of any sizes

    def query(self, batch: Tensor, noise: Noise, purpose: str) -> Tensor:
        """The images to show the discriminator in place of ``batch``. [B, C, H, W] -> [B, C, H, W], detached."""
        batch = batch.detach()
        if self.size == 0 or len(batch) == 0:
            return batch
        decisions = noise.decisions(purpose)
        coins = torch.rand(len(batch), generator=decisions, dtype=torch.float64).tolist()
        places = torch.randint(self.size, (len(batch),), generator=decisions).tolist()
        own = [image.clone() for image in batch]  # a row would hold the whole batch
        return torch.stack([self.one(*item) for item in zip(own, coins, places, strict=True)])

    def one(self, image: Tensor, coin: float, place: int) -> Tensor:
        """Store, swap or pass through one image."""
        if len(self.images) < self.size:
            self.images.append(image)
            return image
        if coin <= 0.5:
            return image
        old, self.images[place] = self.images[place].to(image.device), image
        return old

    def state(self) -> list[Tensor]:
        """The pool's images, on the CPU."""
        return [image.cpu() for image in self.images]

    def restore(self, state: list[Tensor]) -> None:
        """The inverse of ``state``; images beyond ``size`` are dropped."""
        self.images = state[: self.size]


def states(pools: dict[str, ImagePool]) -> dict[str, Any]:
    """The images of each pool of this rank."""
    return {name: pool.state() for name, pool in pools.items()}
