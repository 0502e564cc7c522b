"""The memory of a training step, measured before there is one: the step runs on tensors that have shapes and no numbers."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from genlab.apps.train.build import build_model
from genlab.config.precisions import DOUBLE
from genlab.contracts import DataSpec, Domains, Images, Pairs, Points
from genlab.models.base.finite import FiniteFlag
from genlab.models.base.model import Model
from genlab.models.base.mover import Pending
from genlab.models.base.noise import Noise
from genlab.models.base.pool import ImagePool

AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16, "16": torch.float16}


@dataclass(frozen=True)
class Memory:
    """Bytes: of weights (averages and buffers too), of what stays between steps besides, and of what a step adds at most."""

    weights: int
    kept: int
    step: int

    @property
    def total(self) -> int:
        """At the largest moment of a step."""
        return self.weights + self.kept + self.step

    def __str__(self) -> str:
        parts = {"weights": self.weights, "gradients and optimiser": self.kept, "activations": self.step}
        unit, digits, name = (2**30, 2, "GiB") if self.total >= 2**29 else (2**20, 1, "MiB")
        told = [f"{part} {size / unit:,.{digits}f}" for part, size in parts.items()]
        return f"{self.total / unit:,.{digits}f} {name}: {', '.join(told)}"


def step_memory(cfg: DictConfig, spec: DataSpec, precision: str) -> Memory:
    """What a step of the configured model takes in a precision, by the operations of a CPU.

    Not in it: what a device takes for itself (a CUDA context, the workspaces of convolutions), and what its allocator
    keeps between tensors.

    Raises:
        RuntimeError: the model looks at numbers in its step, which these tensors do not have.
    """
    asked = OmegaConf.merge(cfg, {"trainer": {"precision": "32-true"}})
    if OmegaConf.select(asked, "model.step.compile"):
        OmegaConf.update(asked, "model.step.compile", None)
    with FakeTensorMode(allow_non_fake_inputs=True), Alive() as alive:
        with made_in(torch.float64 if precision in DOUBLE else torch.float32):
            model = build_model(asked, spec)  # type: ignore[arg-type]
        weights = alive.now
        prepare(model)
        size, accumulated = cfg.data.batch_size, cfg.trainer.accumulate_grad_batches
        everyone = math.lcm(*(phase.every for phase in model.phase_list)) - 1  # an update in which all phases are due
        for _ in range(2):  # the first makes the optimisers' state
            alive.peak = alive.now
            with autocast(precision):
                group = [
                    Pending(batch_like(spec, size, model.weight_dtype), noise(model), 1) for _ in range(accumulated)
                ]
                model.mover.update(group, everyone)
            del group
        return Memory(weights, alive.now - weights, alive.peak - alive.now)


@contextmanager
def made_in(dtype: torch.dtype) -> Iterator[None]:
    """New weights are of this type: those without numbers cannot be converted."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def autocast(precision: str) -> AbstractContextManager[Any]:
    """As Lightning opens it."""
    if str(precision) not in AUTOCAST:
        return nullcontext()
    return torch.autocast("cpu", AUTOCAST[str(precision)], cache_enabled=False)


def noise(model: Model) -> Noise:
    """That of a batch."""
    return model.noise("train", 0)


def prepare(model: Model) -> None:
    """Give the model optimisers and pools, outside a Trainer; nothing that needs numbers is left."""
    optimizers = model.configure_optimizers()
    alone: Any = model
    alone.optimizers, alone.manual_backward = lambda: optimizers, lambda loss: loss.backward()
    model.gradient_clip_val, model.finite = None, Unseen()
    for name, pool in model.pools().items():
        model.pools()[name] = Full(pool.size)


class Unseen(FiniteFlag):
    """Looks at no loss."""

    def look(self, terms: dict[str, Tensor], loss: Tensor, batch: int) -> None:
        """Nothing."""


class Full(ImagePool):
    """A pool that has all its images from the start, and decides nothing."""

    def query(self, batch: Tensor, noise: Noise, purpose: str) -> Tensor:
        """As many images as are asked for."""
        if not self.images:
            self.images = list(torch.empty(self.size, *batch.shape[1:], dtype=batch.dtype).unbind())
        return batch.detach().clone()


def batch_like(spec: DataSpec, size: int, dtype: torch.dtype) -> Images | Pairs | Domains | Points:
    """A batch of the data set's kind."""
    index = torch.zeros(size, dtype=torch.int64)
    labels = (len(spec.levels),) if spec.levels else () if spec.classes else None
    label = None if labels is None else torch.zeros(size, *labels, dtype=torch.int64)
    x = torch.zeros(size, *spec.shape, dtype=dtype)
    if spec.kind == "points":
        return Points(x, label, index)
    if spec.kind == "images":
        return Images(x, label, index)
    b = torch.zeros(size, spec.channels("b"), *spec.shape[1:], dtype=dtype)
    return Pairs(x, b, index) if spec.kind == "pairs" else Domains(x, b, index, index)


class Alive(TorchDispatchMode):
    """Counts the bytes of all tensors that are alive: ``now``, and at the most, ``peak``."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, and look at what came of it."""
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self.see(tensor.untyped_storage())
        return made

    def see(self, storage: torch.UntypedStorage) -> None:
        """Count the storage until it is gone."""
        key = storage._cdata
        if key not in self.sizes:
            self.sizes[key] = storage.nbytes()
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self.gone, key)

    def gone(self, key: int) -> None:
        """It is."""
        self.now -= self.sizes.pop(key)
