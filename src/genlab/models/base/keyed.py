"""Random numbers of a model: a function of its seed and of what they are for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from itertools import chain
from typing import Any, Self

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from genlab.models.base.distributed import rank, world_size
from genlab.models.base.noise import EvaluationNoise, Noise
from genlab.random import keyed_generator


class Keyed(pl.LightningModule):
    """Draws on the model's device, in the dtype of its weights. ``seed``: of all that it draws."""

    seed: int

    def noise(self, stage: str, batch: int) -> Noise:
        """This rank's rows of the noise of batch number ``batch`` of ``stage``."""
        return Noise(self.seed, stage, batch, self.device, self.weight_dtype, rank(), world_size())

    def evaluation_noise(self, stage: str, number: int, batch: Any) -> Noise:
        """The noise of batch ``number`` of an evaluation, by the index of each of its images where these are single ones."""
        index = getattr(batch, "index", None)
        if not isinstance(index, Tensor):  # every tuple has a method of that name
            return self.noise(stage, number)
        key = self.seed, stage, number, self.device, self.weight_dtype, rank(), world_size()
        return EvaluationNoise(*key, index=index)

    def latent_noise(self, seed: int | None, *shape: int) -> Tensor:
        """Standard normal numbers for samples, the same for the same ``seed`` (None: the model's own)."""
        return torch.randn(*shape, generator=self.sample_stream(seed), device=self.device, dtype=self.weight_dtype)

    def sample_stream(self, seed: int | None) -> torch.Generator:
        """The random generator for samples, the same for the same ``seed`` (None: the model's own)."""
        return keyed_generator(self.device, "sample", self.seed if seed is None else seed)

    @cached_property
    def weight_dtype(self) -> torch.dtype:
        """The dtype of the networks' parameters; without any, that of its first buffer of floats."""
        return next(tensor.dtype for tensor in chain(self.parameters(), self.buffers()) if tensor.is_floating_point())

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """A move to another device or dtype invalidates the cached dtype."""
        self.__dict__.pop("weight_dtype", None)
        return super()._apply(fn, recurse)

    def layer_noise(self, noise: Noise, purpose: str) -> AbstractContextManager[None]:
        """While it is open, layers draw their dropout masks by batch, rank and purpose."""
        return noise.for_layers(purpose) if self.draws else nullcontext()

    @cached_property
    def draws(self) -> bool:
        """Whether a layer draws from torch's global random state."""
        return any(isinstance(layer, nn.Dropout) for layer in self.modules())
