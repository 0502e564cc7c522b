"""An encoder for a frozen generator, learnt from its own samples: z from G(z).

The latent regressor that Donahue et al., 2017, "Adversarial Feature Learning" (arXiv:1605.09782), hold their encoder
against. It sees no real image: where these are not like samples, a descent from its z helps (Zhu et al., 2016,
arXiv:1609.03552, section 3.2, hybrid).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from genlab.analysis.inversion.descent import Descent, Inversion, frozen, inversion
from genlab.config.types import PositiveFloat, PositiveInt
from genlab.console import progress
from genlab.losses.precision import without_autocast
from genlab.models.base.labels import for_model
from genlab.nets.by_size import AutoencoderNet
from genlab.random import keyed_generator, keyed_number


class LatentEncoder:
    """Trains an encoder E on |z - E(G(z))|^2 / 2, summed over z, on new samples in every step; Adam, the rate to 0.

    Args:
        net: its network family.
        steps: of Adam.
        batch_size: samples in a step.
        lr: the rate of the first step.
    """

    def __init__(self, net: AutoencoderNet, steps: PositiveInt, batch_size: PositiveInt, lr: PositiveFloat) -> None:
        self.net, self.steps, self.batch_size, self.lr = net, steps, batch_size, lr

    def trained(self, model: Any, seed: int, *, labels: Tensor | None = None) -> nn.Module:
        """The encoder, [B, C, H, W] in [0, 1] -> z [B, D], in evaluation mode. torch's random state stays as it was.

        ``labels``: of a conditional generator's set, [N] or [N, K]: each step draws from them.
        """
        size = model.draw(1, seed=seed).shape[1]
        on_cuda = [model.device] if model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=on_cuda), without_autocast(model.device.type):
            torch.default_generator.manual_seed(keyed_number("latent encoder", seed))
            encoder = self.net.encoder(model.spec.shape, size).to(model.device, model.weight_dtype)
            with progress("teaching an encoder", self.steps, unit="steps") as advance, frozen(model):
                adam = torch.optim.Adam(encoder.parameters(), self.lr)
                for step in range(self.steps):
                    adam.param_groups[0]["lr"] = self.lr * (1 + math.cos(math.pi * step / self.steps)) / 2
                    self.learn(encoder, adam, model, keyed_number("latent encoder", seed, step), labels)
                    advance()
        return encoder.eval()

    def learn(
        self, encoder: nn.Module, adam: torch.optim.Optimizer, model: Any, seed: int, labels: Tensor | None
    ) -> None:
        """One step, on samples of this seed."""
        z = model.draw(self.batch_size, seed=seed)
        with torch.no_grad():
            own = None if labels is None else labels[some(len(labels), self.batch_size, seed)].to(z.device)
            image = model.generate(z, **for_model(model, own)).clamp(0, 1)
        adam.zero_grad(set_to_none=True)
        ((encoder(image) - z).square().sum(1) / 2).mean().backward()
        adam.step()


def some(total: int, count: int, seed: int) -> Tensor:
    """``count`` places in 0 … total-1, drawn by the seed."""
    return torch.randint(total, (count,), generator=keyed_generator(torch.device("cpu"), "labels", seed))


@torch.no_grad()
def encoded(encoder: nn.Module, model: Any, x: Tensor, *, label: Tensor | None = None) -> Inversion:
    """Images [B, C, H, W] inverted by the encoder alone."""
    return inversion(model, x, encoder(x.to(model.weight_dtype)), label=label)


def hybrid(
    encoder: nn.Module, descent: Descent, model: Any, x: Tensor, seed: int, *, label: Tensor | None = None
) -> Inversion:
    """Images inverted by a descent from where the encoder points."""
    return descent(model, x, seed, label=label, begin=encoded(encoder, model, x, label=label).z)
