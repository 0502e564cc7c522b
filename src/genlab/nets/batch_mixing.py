"""Which networks look at a batch as a whole."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from genlab.nets.minibatch_std import MinibatchStd


def mixes_batch(net: nn.Module) -> bool:
    """Whether in training an image's output depends on the other images of its batch: batch norm, minibatch std."""
    return any(isinstance(layer, _BatchNorm | MinibatchStd) for layer in net.modules())
