"""Execution options of pix2pix and CycleGAN: faster steps with the same losses and gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genlab.nets.batch_mixing import mixes_batch
from genlab.nets.blocks import InstanceNorm, Switch, dead_biases
from genlab.nets.spectral_norm import SpectralNorm

Compile = Literal["default", "reduce-overhead", "max-autotune"]
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU)


class Execution:
    """Execution options; none changes results beyond rounding.

    docs/performance.md has timings on a CPU. The ``auto`` choices on CUDA follow from torch's code and have not been
    measured: there autocast casts the input of a group norm to float32 and loses the channels-last format, and instance
    norm loses it too.

    Args:
        batched: run several batches through a network in one pass, if it treats every image independently: without
            batch norm, minibatch standard deviation and dropout; and without spectral norm, which takes one step a pass.
        inplace: in-place activations, which save memory; but an instance norm that is not grouped outputs a view, which
            autograd then copies.
        grouped_norm: instance norm as a group norm with one channel per group: one operation instead of four, and no
            view; ``auto``: not on CUDA.
        dead_biases: train the biases before an instance norm, which cancels them. Their gradient is rounding noise, from
            which Adam makes full-size steps without effect.
        channels_last: channels-last memory format of weights and images; slow with an instance norm that is not
            grouped, which needs the contiguous format; ``auto``: on CUDA, for networks without instance norm.
        compile: mode of torch.compile for each network: null, ``default``, ``reduce-overhead`` (on a GPU each pass
            becomes one CUDA graph) or ``max-autotune``. The first steps take minutes.
    """

    def __init__(
        self,
        batched: bool,
        inplace: bool,
        grouped_norm: Switch,
        dead_biases: bool,
        channels_last: Switch,
        compile: Compile | None,
    ) -> None:
        self.batched, self.inplace, self.grouped_norm, self.dead_biases = batched, inplace, grouped_norm, dead_biases
        self.channels_last, self.compile = channels_last, compile

    def prepare(self, nets: Iterable[nn.Module]) -> None:
        """Apply the options to the networks; names and number of their weights do not change."""
        for net in nets:
            self.order(net, torch.device("cpu"))
            net.treats_images_alone = treats_images_alone(net)  # type: ignore[assignment]  # looked up in every step
            for layer in net.modules():
                if isinstance(layer, ACTIVATIONS):
                    layer.inplace = self.inplace
                if isinstance(layer, InstanceNorm):
                    layer.grouped = self.grouped_norm
            for name in [] if self.dead_biases else dead_biases(net):
                net.get_parameter(name).requires_grad_(False)
            if self.compile:  # in place: its weights keep their names; dropout draws what it draws uncompiled
                mode = torch._inductor.list_mode_options(self.compile)
                net.compile(options={**mode, "fallback_random": True})

    def settle(self, nets: Iterable[nn.Module], optimizers: Iterable[Optimizer], device: torch.device) -> None:
        """Put weights into the memory format for ``device``, and optimiser states into the format of their weights.

        A fused optimiser reads both in memory order, so they must match even after loading another device's checkpoint.
        """
        for net in nets:
            self.order(net, device)
        for optimizer in optimizers:
            for weight, kept in optimizer.state.items():
                kept |= {
                    name: torch.empty_like(weight, dtype=value.dtype).copy_(value)
                    for name, value in kept.items()
                    if isinstance(value, Tensor) and value.shape == weight.shape
                }

    def order(self, net: nn.Module, device: torch.device) -> None:
        """Set the memory format of a network's weights, which their gradients and the activations follow."""
        plain = not any(isinstance(layer, InstanceNorm) for layer in net.modules())
        if self.channels_last is True or (self.channels_last == "auto" and device.type == "cuda" and plain):
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def batched_call(self, net: nn.Module, *batches: Tensor, beside: tuple[Tensor, ...] = ()) -> list[Tensor]:
        """The network's output for each batch, in one pass if that gives the same.

        Args:
            net: the network.
            batches: [B, ...] each.
            beside: what it takes beside each of them, [B, ...].
        """
        alike = len({batch.shape[1:] for batch in batches}) == 1
        if len(batches) > 1 and self.batched and alike and getattr(net, "treats_images_alone", False):
            also = (torch.cat([one] * len(batches)) for one in beside)
            return list(net(torch.cat(batches), *also).split([len(batch) for batch in batches]))
        return [net(batch, *beside) for batch in batches]


def treats_images_alone(net: nn.Module) -> bool:
    """Whether an image's output depends neither on the other images of its batch, nor on a random state or earlier passes."""
    return not mixes_batch(net) and not any(isinstance(layer, nn.Dropout | SpectralNorm) for layer in net.modules())
