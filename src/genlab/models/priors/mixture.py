"""Interface of a prior that is a mixture, so that a class can be given a component."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from genlab.models.base.parts import Prior


class ComponentPrior(Prior):
    """Equal shares of components whose draws are made of standard normal noise.

    Args:
        components: K, how many.
    """

    def __init__(self, components: int) -> None:
        super().__init__()
        self.components = components

    @abstractmethod
    def place(self, component: Tensor, noise: Tensor) -> Tensor:
        """Draws from given components. int64 [n] in 0 … K-1, [n, D] -> [n, D]."""

    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """``n`` draws from the whole mixture. -> [n, D]."""
        component = torch.randint(self.components, (n,), generator=stream, device=stream.device)
        noise = torch.randn(n, self.latent_dim, generator=stream, device=stream.device, dtype=dtype)
        return self.place(component, noise)
