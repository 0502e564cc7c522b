"""All collective operations of genlab; each also works without a process group.

A tensor uses the process group for its device: NCCL for tensors on a GPU, gloo for CPU tensors. Objects, flags and
decisions use gloo, so they neither wait for the GPU nor use its memory. A world of one rank takes the same code path, so
that one GPU can test it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from genlab.contracts import LostRank

_hosts: dict[Any, Any] = {}  # by default group: the gloo group beside it


def connected() -> bool:
    """Whether the default process group is initialised."""
    return dist.is_available() and dist.is_initialized()


def world_size() -> int:
    """The number of ranks."""
    return dist.get_world_size() if connected() else 1


def rank() -> int:
    """This process's rank, from 0."""
    return dist.get_rank() if connected() else 0


@contextmanager
def joined() -> Iterator[None]:
    """Around what the ranks do together: an error of the connection is one of another rank, not of this one.

    Raises:
        LostRank: another rank did not answer.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise LostRank(f"another rank did not answer: {error}") from error


def wait_for(timeout: timedelta) -> None:
    """Let no rank wait longer than this for another one, on devices and hosts. Every rank must call it, once connected."""
    for group in {dist.group.WORLD, host_group()}:
        dist.distributed_c10d._set_pg_timeout(timeout, group)


def host_group() -> Any:
    """The gloo group for CPU data. Created on the first call, which every rank must make."""
    default = dist.group.WORLD
    if dist.get_backend(default) == "gloo":
        return default
    if default not in _hosts:
        _hosts.clear()  # of a world that is no more
        _hosts[default] = dist.new_group(backend="gloo")
    return _hosts[default]


def group_for(x: Tensor) -> Any:
    """The process group for the tensor's device."""
    return host_group() if x.device.type == "cpu" else dist.group.WORLD


# ---- tensors -------------------------------------------------------------------------------------------------------


def sum_over_ranks(x: Tensor) -> Tensor:
    """The sum over all ranks, in place."""
    if connected():
        with joined():
            dist.all_reduce(x, group=group_for(x))
    return x


def largest_over_ranks(x: Tensor) -> Tensor:
    """The largest value of any rank, in place."""
    if connected():
        with joined():
            dist.all_reduce(x, op=dist.ReduceOp.MAX, group=group_for(x))
    return x


@torch.no_grad()
def gather_rows(x: Tensor) -> Tensor:
    """The rows of the global batch, in its order, without gradients: rank r's row k is row k W + r.

    [B, ...], B the same on every rank -> [B W, ...], on every rank.
    """
    if not connected():
        return x
    parts = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(world_size())]
    with joined():
        dist.all_gather(parts, x.contiguous(), group=group_for(x))
    return torch.stack(parts, 1).flatten(0, 1)


def batch_mean(x: Tensor) -> Tensor:
    """The mean over the rows of a training batch, on all ranks, without gradient. [B, ...] -> [...]."""
    return sum_over_ranks(x.detach().mean(0)) / world_size()


def gather_with_gradients(parts: Iterable[Tensor]) -> tuple[Tensor, Tensor, int]:
    """Two tensors [B, ...] with the rows of all ranks, [W B, ...], and the place of this rank's first row.

    B is the same on every rank. Gradients of all ranks' losses flow back to the rows.
    """
    first, second = parts
    if not connected():
        return first, second, 0
    return GatherRows.apply(first), GatherRows.apply(second), rank() * len(first)


class GatherRows(torch.autograd.Function):
    """The rows of all ranks, in rank order; backward, the sum of the ranks' gradients."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        """[B, ...] -> [W B, ...]."""
        rows = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(world_size())]
        with joined():
            dist.all_gather(rows, x.contiguous(), group=group_for(x))
        return torch.cat(rows)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> Tensor:
        """[W B, ...] -> [B, ...]."""
        return sum_over_ranks(slope.contiguous().clone()).chunk(world_size())[rank()]


def begin_sum(x: Tensor) -> Any:
    """Start an asynchronous sum over all ranks, in place; give the result to ``finish``."""
    with joined():
        return dist.all_reduce(x, group=group_for(x), async_op=True)


def finish(work: Any) -> None:
    """Wait for what was begun (on a GPU its stream waits, not the host)."""
    with joined():
        work.wait()


def broadcast_weights(module: nn.Module) -> None:
    """Broadcast the parameters and buffers of rank 0."""
    broadcast([*module.parameters(), *module.buffers()])


def broadcast_buffers(module: nn.Module) -> None:
    """Broadcast the buffers of rank 0, since each rank tracks its own batch-norm running statistics."""
    broadcast(list(module.buffers()))


def broadcast(tensors: list[Tensor]) -> None:
    """Broadcast rank 0's values, in place."""
    if connected():
        for tensor in tensors:
            with joined():
                dist.broadcast(tensor.data, 0, group=group_for(tensor))


# ---- objects and decisions, over the hosts -------------------------------------------------------------------------


def largest_flag(flag: int) -> int:
    """The largest flag of any rank."""
    return int(largest_over_ranks(torch.tensor(flag))) if connected() else flag


def from_rank_0(value: Any) -> Any:
    """Rank 0's value, on every rank."""
    if not connected():
        return value
    values = [value]
    with joined():
        dist.broadcast_object_list(values, 0, group=host_group())
    return values[0]


def gather_by_rank(value: Any) -> dict[str, Any]:
    """Every rank's value by its rank as a string, on rank 0, which writes the files; empty on the others."""
    if not connected():
        return {"0": value}
    values = [None] * world_size() if rank() == 0 else None
    with joined():
        dist.gather_object(value, values, 0, group=host_group())
    return {str(number): value for number, value in enumerate(values or [])}


def gather_everywhere(value: Any) -> list[Any]:
    """Every rank's value in rank order, on all ranks."""
    if not connected():
        return [value]
    values: list[Any] = [None] * world_size()
    with joined():
        dist.all_gather_object(values, value, group=host_group())
    return values
