"""The squared Frobenius norm of an encoder's Jacobian, |d code / d x|^2: Rifai et al., 2011, "Contractive Auto-Encoders".

Three ways to it: in closed form for one layer, exactly by one backward pass for each number of the code, and Hutchinson's
estimate from random directions (Hutchinson, 1989), which is unbiased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from genlab.losses.precision import at_least_float32


def one_layer_jacobian(slope: Tensor, weight: Tensor) -> Tensor:
    """Of code = s(W x + b): sum_j s'_j^2 |W_j|^2 (section 3). slope s' [B, D], W [D, P] -> [B]."""
    return (at_least_float32(slope).square() * at_least_float32(weight).square().sum(1)).sum(1)


def exact_jacobian(encode: Callable[[Tensor], Tensor], x: Tensor, differentiable: bool = True) -> Tensor:
    """Of any encoder that treats each image alone: no batch norm. Computed without autocast.

    Args:
        encode: [B, ...] -> [B, D].
        x: [B, ...].
        differentiable: with respect to the encoder's weights.

    Returns:
        [B].
    """
    code, x = encoded(encode, x)
    each = torch.eye(code.shape[1], dtype=code.dtype, device=code.device).unsqueeze(1)
    return torch.stack(along(code, x, each.expand(-1, len(code), -1), differentiable)).sum(0)


def estimated_jacobian(
    encode: Callable[[Tensor], Tensor], x: Tensor, directions: Tensor, differentiable: bool = True
) -> Tensor:
    """The mean of |v^T J|^2 over standard normal directions v, [B, K, D]; the rest as in ``exact_jacobian``. -> [B]."""
    code, x = encoded(encode, x)
    return torch.stack(along(code, x, directions.to(code.dtype).unbind(1), differentiable)).mean(0)


def encoded(encode: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The code with its graph, also where autograd is off, and the x that it was made of."""
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(x.device.type, enabled=False):
        x = at_least_float32(x).clone().detach().requires_grad_(True)
        return encode(x), x


def along(code: Tensor, x: Tensor, directions: Iterable[Tensor], differentiable: bool) -> list[Tensor]:
    """|v^T J|^2 of each image, [B], for each of the directions v [B, D]; backward passes obey autocast, too."""
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(x.device.type, enabled=False):
        slopes = (
            torch.autograd.grad(code, x, v.clone(), retain_graph=True, create_graph=differentiable)[0]
            for v in directions
        )
        return [slope.flatten(1).square().sum(1) for slope in slopes]
