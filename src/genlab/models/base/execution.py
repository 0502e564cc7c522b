"""Execution options of pix2pix and CycleGAN that make a step faster and change neither losses nor gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genlab.nets.blocks import InstanceNorm, Switch, dead_biases

Compile = Literal["default", "reduce-overhead", "max-autotune"]
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU)


class Execution:
    """Execution options; none changes results beyond rounding.

    docs/performance.md says what each is worth on a CPU. What ``auto`` chooses on CUDA follows torch's code and has not
    been measured: there autocast casts the input of a group norm to float32 and undoes the order [B, H, W, C], and
    instance norm undoes that order, too.

    Args:
        batched: passes of one network over several batches become one pass, where every image is treated by itself: not
            with batch norm, nor with dropout.
        inplace: activations overwrite what they are given. After an instance norm that is a view of another tensor, so
            autograd copies it around; elsewhere it saves memory.
        grouped_norm: instance norm as a group norm with one channel a group: one operation for four, and no view;
            ``auto``: not on CUDA.
        dead_biases: train the biases in front of an instance norm, which takes them out again. Their gradient is
            rounding noise, of which Adam makes steps of full size that change nothing.
        channels_last: weights and images in the order [B, H, W, C] in memory; slow with an instance norm that is not
            grouped, which wants the other order; ``auto``: on CUDA, for networks without instance norm.
        compile: let torch compile each network: null, ``default``, ``reduce-overhead`` (on a GPU each pass becomes one
            CUDA graph) or ``max-autotune``. The first steps take minutes.
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
        """Apply the options to the networks; the names and number of their weights stay."""
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
        """Convert weights to the memory format for the training device, and optimiser state to match.

        A fused optimiser walks through both as they lie, also where a checkpoint of another device brought its part.
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
        """Set the memory format of one network's weights; gradients and activations follow."""
        plain = not any(isinstance(layer, InstanceNorm) for layer in net.modules())
        if self.channels_last is True or (self.channels_last == "auto" and device.type == "cuda" and plain):
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def batched_call(self, net: nn.Module, *batches: Tensor) -> list[Tensor]:
        """The network's output for each batch, in one forward pass if that gives the same. [B, C, H, W] each."""
        alike = len({batch.shape[1:] for batch in batches}) == 1
        if len(batches) > 1 and self.batched and alike and net.treats_images_alone:
            return list(net(torch.cat(batches)).split([len(batch) for batch in batches]))
        return [net(batch) for batch in batches]


def treats_images_alone(net: nn.Module) -> bool:
    """Whether each image's output is independent of the rest of its batch and of random state."""
    return not any(isinstance(layer, nn.BatchNorm2d | nn.Dropout) for layer in net.modules())
