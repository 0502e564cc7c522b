"""The gradient of a VAE's reconstruction term by its encoder, estimated in three ways at the same weights and images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from genlab.analysis.base.subject import Subject
from genlab.analysis.estimators.gradients import NAMES, Gradients, Moments, all_three
from genlab.contracts import ConfigError, Problem
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.labels import needs_labels
from genlab.random import keyed_generator

AT_ONCE = 1 << 23  # numbers of a decoder's outputs held at once
PARTS = ("mu", "log sigma^2", "weights")


@runtime_checkable
class HasPosterior(Protocol):
    """Has a network ``encoder``, q(z|x) by ``posterior`` with a gradient, and -log p(x|z) by ``nll``, [B, K, D] -> [B, K]."""

    encoder: nn.Module

    def posterior(self, x: Tensor, *y: Tensor) -> Any: ...

    def nll(self, x: Tensor, z: Tensor, *y: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Point:
    """Where the gradients are taken: images [B, C, H, W], what is given besides, and q(z|x) with its graph to the weights."""

    x: Tensor
    given: tuple[Tensor, ...]
    q: DiagonalGaussian
    weights: tuple[Tensor, ...]


def point_of(subject: Subject, count: int) -> Point:
    """The first images of the subject's split, by its seed.

    Raises:
        ConfigError: q(z|x) is not one Gaussian.
    """
    batches: list[Any] = list(subject.held_out(subject.split, count))
    x = torch.cat([batch.image for batch in batches]).to(subject.model.weight_dtype)
    label = torch.cat([batch.label for batch in batches]) if needs_labels(subject.model) else None
    given = subject.model.given(label) if hasattr(subject.model, "given") else ()
    with torch.enable_grad():
        q = subject.model.posterior(x, *given)
    if not isinstance(q, DiagonalGaussian):
        what = f"q(z|x) of {type(subject.model).__name__} is not one Gaussian of independent numbers"
        raise ConfigError(
            [Problem("what=reparameterisation", what, "Give a run with model=vae, beta_vae, iwae or cvae")]
        )
    return Point(x, given, q, tuple(subject.model.encoder.parameters()))


def chunks(subject: Subject, point: Point, draws: int) -> Iterator[dict[str, Gradients]]:
    """The three estimators for ``draws`` draws an image, as many at once as fit."""
    mu, logvar = point.q.mean.detach(), point.q.logvar.detach()
    size = max(2, min(draws, AT_ONCE // (len(point.x) * point.x[0].numel())))
    stream = keyed_generator(point.x.device, subject.seed, "reparameterisation")

    def f(z: Tensor) -> Tensor:
        return subject.model.nll(point.x, z, *point.given)

    for start in range(0, draws, size):
        count = min(size, draws - start)
        noise = torch.randn(len(mu), count, mu.shape[1], generator=stream, device=mu.device, dtype=mu.dtype)
        yield all_three(f, mu, logvar, noise)


def by_weights(point: Point, gradients: Gradients) -> Tensor:
    """The gradient by the encoder's weights of the mean over images, for each draw: J^T g. -> [S, number of weights].

    The weights move q(z|x) alone, so that all estimators are multiplied by the same Jacobian J.
    """
    outputs = [point.q.mean, point.q.logvar]
    rows = []
    for s in range(gradients.mu.shape[1]):
        upstream = [gradients.mu[:, s] / len(point.x), gradients.logvar[:, s] / len(point.x)]
        found = torch.autograd.grad(outputs, point.weights, upstream, retain_graph=True, allow_unused=True)
        rows.append(torch.cat([one.flatten() for one in found if one is not None]))
    return torch.stack(rows)


@dataclass
class Measured:
    """Moments of each estimator by mu, by log sigma^2 and by the weights; and the first draws by themselves.

    Args:
        moments: by estimator and part.
        first: the estimates by mu of the first draws, [S', B D], for the error against the number of draws.
    """

    moments: dict[tuple[str, str], Moments]
    first: dict[str, Tensor]


def measured(subject: Subject, point: Point, draws: int, through_weights: int) -> Measured:
    """``draws`` estimates of each kind at the outputs, of which ``through_weights`` are carried on to the weights."""
    moments: dict[tuple[str, str], Moments] = {}
    first: dict[str, list[Tensor]] = {name: [] for name in NAMES}
    carried = 0
    for found in chunks(subject, point, draws):
        few = max(0, min(through_weights - carried, found[NAMES[0]].mu.shape[1]))
        for name, gradients in found.items():
            parts = {"mu": gradients.mu.transpose(0, 1), "log sigma^2": gradients.logvar.transpose(0, 1)}
            first[name].append(parts["mu"].flatten(1).double().cpu())
            if few:
                parts["weights"] = by_weights(point, Gradients(gradients.mu[:, :few], gradients.logvar[:, :few]))
            for part, estimates in parts.items():
                moments.setdefault((name, part), Moments(estimates.shape[1:])).add(estimates)
        carried += few
    return Measured(moments, {name: torch.cat(parts) for name, parts in first.items()})
