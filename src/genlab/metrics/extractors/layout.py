"""Weights from the bytes of a file into a network, without unpickling."""

from __future__ import annotations

import io
from typing import Any

import torch
from torch import Tensor, nn

from genlab.contracts import DataError
from genlab.metrics.extractors.weights import Weights

State = dict[str, Tensor]


def state_of(weights: Weights) -> State:
    """The tensors of a file by name: safetensors, or what ``torch.save`` writes.

    Raises:
        ConfigError: there is no such file.
        DataError: it is another than expected, or holds something else.
    """
    content = weights.read()
    try:
        if content[8:9] == b"{":  # eight bytes of length, and the header in JSON
            from safetensors.torch import load

            return load(content)
        value: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for what it does not unpickle
        raise unfit(weights, str(error).splitlines()[0]) from error
    if not isinstance(value, dict) or not all(isinstance(tensor, Tensor) for tensor in value.values()):
        raise unfit(weights, "it holds something else than tensors by name")
    return value


def load_into(net: nn.Module, state: State, weights: Weights) -> None:
    """Load all weights of a network; none may be missing or left over.

    Raises:
        DataError: the file has another layout.
    """
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise unfit(weights, str(error).splitlines()[1].strip()[:200]) from error


def unfit(weights: Weights, why: str) -> DataError:
    """The error for a file that is none of this network's."""
    return DataError(f"{weights.path} are no weights of {weights.network}: {why}. The file that fits: {weights.source}")
