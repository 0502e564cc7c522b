"""A density of codes for models without a prior, so that they can be sampled: Ghosh et al., 2020 (arXiv:1903.12436), 4.

A Gaussian mixture is fitted to the codes of training images when the training is over. Where: ``callbacks/code_mixture``.
"""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import ConfigError, Problem, Samples

ROUNDS = 200  # of expectation maximisation, at most
LEAST = 1e-4  # added to the variances, as a share of the mean variance of the codes: no component shrinks to a point


class CodeMixture(nn.Module):
    """p(z) = sum_k w_k N(z | m_k, L_k L_k^T), in the checkpoint as weights are.

    Args:
        components: K; fewer where there are fewer codes. 0: there is no mixture, and the model does not sample.
        images: training images whose codes it is fitted to, at most; drawn by the seed.
    """

    weights: Tensor
    means: Tensor
    roots: Tensor

    def __init__(self, components: NonNegativeInt, images: PositiveInt) -> None:
        super().__init__()
        self.components, self.images = components, images

    def bound_to(self, latent_dim: int) -> Self | None:
        """This mixture, for codes [B, D]; None where it has no components."""
        count = self.components
        if not count:
            return None
        self.register_buffer("weights", torch.zeros(count))  # all 0: not fitted
        self.register_buffer("means", torch.zeros(count, latent_dim))
        self.register_buffer("roots", torch.zeros(count, latent_dim, latent_dim))  # lower triangular
        return self

    @property
    def fitted(self) -> bool:
        """Whether it can be sampled. Waits for the device."""
        return bool(self.weights.sum() > 0)

    def clear(self) -> None:
        """Forget what it was fitted to: those codes are no longer the model's."""
        for buffer in (self.weights, self.means, self.roots):
            buffer.zero_()

    @torch.no_grad()
    def fit(self, codes: Tensor, seed: int) -> None:
        """Fit to codes [N, D] by expectation maximisation from k-means, in float64 on the CPU, the same for the same seed."""
        from sklearn.mixture import GaussianMixture

        x = codes.detach().cpu().double().numpy()
        scale = max(float(np.sqrt(x.var(0).mean())), np.finfo(np.float32).tiny)
        count = min(self.components, len(np.unique(x, axis=0)))
        one = GaussianMixture(count, reg_covar=LEAST, max_iter=ROUNDS, random_state=seed % 2**32)
        one.fit((x - x.mean(0)) / scale)
        self.clear()
        found = one.weights_, one.means_ * scale + x.mean(0), np.linalg.cholesky(one.covariances_) * scale
        for buffer, value in zip((self.weights, self.means, self.roots), found, strict=True):
            buffer[:count] = torch.from_numpy(value)

    def sample(self, n: int, stream: torch.Generator, dtype: torch.dtype) -> Tensor:
        """``n`` draws that depend on the stream alone. -> [n, D], on the stream's device."""
        device = stream.device
        which = torch.multinomial(self.weights.float(), n, replacement=True, generator=stream)
        noise = torch.randn(n, self.means.shape[1], generator=stream, device=device, dtype=dtype)
        return self.means[which].to(dtype) + torch.einsum("nij,nj->ni", self.roots[which].to(dtype), noise)

    @property
    def note(self) -> str:
        """For the run's summary."""
        return f"samples: decoded draws from {self.components} Gaussians fitted to the codes after training"


@runtime_checkable
class SamplesCodes(Protocol):
    """Models that sample by a mixture of their codes; None: not at all."""

    mixture: CodeMixture | None


def mixture_of(model: Any) -> CodeMixture:
    """The model's fitted mixture.

    Raises:
        ConfigError: it has none, or it is not fitted yet.
    """
    name, found = type(model).__name__, model.mixture
    if found is None:
        what = f"{name} has no prior, and none was fitted to its codes"
        raise ConfigError([Problem("model.mixture", what, "Train it with: model.mixture.components=10")])
    if not found.fitted:
        what = f"{name} has no prior: a mixture is fitted to its codes when the training is over, and not before"
        remedy = "Use last.ckpt of a finished run, or generate.py and evaluate.py, which fit it first"
        raise ConfigError([Problem("sample", what, remedy)])
    return found


def has_unfitted(model: Any) -> bool:
    """Whether the model has a mixture that is still to be fitted."""
    return isinstance(model, SamplesCodes) and model.mixture is not None and not model.mixture.fitted


def can_sample(model: Any) -> bool:
    """Whether there is something to draw codes from, at the latest when the training is over."""
    return isinstance(model, Samples) and (not isinstance(model, SamplesCodes) or model.mixture is not None)
