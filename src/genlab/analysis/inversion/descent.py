"""Which z a frozen generator makes an image of: by descent from several starts, or from where an encoder points.

After Zhu et al., 2016, "Generative Visual Manipulation on the Natural Image Manifold" (arXiv:1609.03552, section 3), whose
projection on the manifold of a GAN is by optimisation, by a network, and by both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.config.types import PositiveFloat, PositiveInt
from genlab.console import progress
from genlab.contracts import ConfigError, Decodes, Generates
from genlab.losses.precision import without_autocast
from genlab.metrics.reconstruction import psnr
from genlab.models.base.labels import for_model


@dataclass(frozen=True)
class Inversion:
    """Codes of images, and what the generator makes of them.

    Attributes:
        z: [B, D].
        image: G(z) in [0, 1], [B, C, H, W].
        psnr: against the images, in dB, [B].
        curve: the cost in nats before each step and at the end, of the start that was best, [T + 1, B]; T = 0: no descent.
    """

    z: Tensor
    image: Tensor
    psnr: Tensor
    curve: Tensor


def require_generator(model: Any, where: str) -> None:
    """Refuse what is no generator of images from z. ``where``: the key that asked for one.

    Raises:
        ConfigError: with what to invert instead.
    """
    spec: Any = getattr(model, "spec", None)
    if not (isinstance(model, Generates) and isinstance(model, Decodes)):
        what = f"{type(model).__name__} has no generator that makes images of z alone"
        raise ConfigError(f"{where}: {what}. Give the run of a GAN; of an autoencoder: generate.py what=reconstruct")
    if spec.kind != "images":
        raise ConfigError(f"{where}: this one makes {spec.kind}, and only images are inverted. Give a run on images")


@contextmanager
def frozen(model: Any) -> Iterator[None]:
    """Evaluation mode, with gradients for inputs but for no weight; both as before on exit."""
    training, moved = model.training, [weight for weight in model.parameters() if weight.requires_grad]
    model.eval()
    for weight in moved:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        model.train(training)
        for weight in moved:
            weight.requires_grad_(True)


class Descent:
    """z of the highest posterior density: Adam on |x - G(z)|^2 / (2 sigma^2) + |z|^2 / 2, in nats but for a constant.

    An image has a Gaussian of ``sigma`` around G(z), and z its standard normal prior. The rate falls to 0 along half a
    cosine. Every image has the same starts, so its z depends neither on the other images nor on how many there are.

    Args:
        steps: of Adam.
        lr: the rate of the first step, in standard deviations of z.
        starts: draws of z to descend from, for each image; the end of the lowest cost counts.
        sigma: standard deviation of a pixel, in [0, 1]; the smaller, the less the prior weighs.
        batch_size: images at once.
    """

    def __init__(
        self,
        steps: PositiveInt,
        lr: PositiveFloat,
        starts: PositiveInt,
        sigma: PositiveFloat,
        batch_size: PositiveInt,
    ) -> None:
        self.steps, self.lr, self.starts = steps, lr, starts
        self.sigma, self.batch_size = sigma, batch_size

    def __call__(
        self, model: Any, x: Tensor, seed: int, *, label: Tensor | None = None, begin: Tensor | None = None
    ) -> Inversion:
        """Invert images [B, C, H, W] in [0, 1] (of ``label``, if the model needs labels).

        Args:
            seed: of the starts.
            begin: a z for each image to descend from instead, [B, D].
        """
        drawn = model.draw(self.starts, seed=seed)  # [S, D]
        first = drawn.expand(len(x), *drawn.shape) if begin is None else begin[:, None]
        rounds = range(0, len(x), self.batch_size)
        found = []
        with progress("inverting", self.steps * len(rounds), unit="steps") as advance, frozen(model):
            for start in rounds:
                rows = slice(start, start + self.batch_size)
                own = for_model(model, None if label is None else label[rows])
                with without_autocast(model.device.type):
                    found.append(self.best(model, x[rows].to(model.weight_dtype), first[rows], own, advance))
        z, curve = torch.cat([z for z, _ in found]), torch.cat([curve for _, curve in found], 1)
        return inversion(model, x, z, label=label, curve=curve)

    def best(
        self, model: Any, x: Tensor, first: Tensor, own: dict[str, Tensor], advance: Callable[[], None]
    ) -> tuple[Tensor, Tensor]:
        """z [B, D] of the lowest cost after the descents from ``first`` [B, S, D], and their costs [T + 1, B]."""
        z, costs = first.clone().requires_grad_(), []
        adam = torch.optim.Adam([z], self.lr)
        for step in range(self.steps):
            adam.param_groups[0]["lr"] = self.lr * (1 + math.cos(math.pi * step / self.steps)) / 2
            cost = self.cost(model, x, z, own)
            (z.grad,) = torch.autograd.grad(cost.sum(), z)
            adam.step()
            costs.append(cost.detach())
            advance()
        with torch.no_grad():
            costs.append(self.cost(model, x, z, own))
        chosen = costs[-1].argmin(1)
        every = torch.arange(len(x), device=x.device)
        return z.detach()[every, chosen], torch.stack(costs)[:, every, chosen]

    def cost(self, model: Any, x: Tensor, z: Tensor, own: dict[str, Tensor]) -> Tensor:
        """-log p(x, z) of each start of each image, in nats and without constants: [B, C, H, W], [B, S, D] -> [B, S]."""
        starts = z.shape[1]
        repeated = {name: label.repeat_interleave(starts, 0) for name, label in own.items()}
        made = model.generate(z.flatten(0, 1), **repeated).unflatten(0, z.shape[:2])  # [B, S, C, H, W]
        error = (made - x[:, None]).square().flatten(2).sum(2)
        return error / (2 * self.sigma**2) + z.square().sum(2) / 2


def inversion(
    model: Any, x: Tensor, z: Tensor, *, label: Tensor | None = None, curve: Tensor | None = None
) -> Inversion:
    """What the generator makes of z [B, D], beside the images."""
    image = model.decode(z, **for_model(model, label)).float()
    return Inversion(z, image, psnr(x.float(), image), z.new_zeros(0, len(z)) if curve is None else curve)


def best_of_random(model: Any, x: Tensor, count: int, seed: int, *, label: Tensor | None = None) -> Inversion:
    """For each image the nearest of ``count`` samples: what an inversion must be better than."""
    z = model.draw(count, seed=seed)
    if label is None:
        samples = model.decode(z).float().flatten(1)
        return inversion(model, x, z[torch.cdist(x.float().flatten(1), samples).argmin(1)])
    chosen = []
    for image, own in zip(x.float(), label, strict=True):  # samples of its label
        samples = model.decode(z, **for_model(model, own.expand(count, *own.shape))).float()
        chosen.append((samples - image).square().flatten(1).sum(1).argmin())
    return inversion(model, x, z[torch.stack(chosen)], label=label)
