"""What every model with q(z|x), p(x|z) and p(z) can do: encode, decode, sample, and bound the likelihood of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from genlab.contracts import Code, DataSpec
from genlab.losses.importance import importance_bound
from genlab.models.base.distributions import Posterior
from genlab.models.base.labels import encoded_labels
from genlab.models.base.model import Model
from genlab.models.base.parts import Objective, Prior, require_fitting
from genlab.models.base.phases import OptimizerFactory
from genlab.models.base.pixels import Pixels
from genlab.models.base.schedules import Schedule


class LatentVariableModel(Model):
    """The protocols of the VAE family, in terms of ``posterior``, ``decoder``, ``pixels`` and ``prior``.

    A ``conditional`` model has labels y in q(z|x,y) and p(x|z,y): encoded, they stand beside the code in the decoder's input.

    Attributes:
        noise_size: standard normal numbers that make a code.
    """

    conditional: ClassVar[bool] = False
    monitor: ClassVar[str] = "val/elbo"  # whatever is minimised: a bound on log p(x), with beta 1
    monitor_goal: ClassVar[Literal["minimize", "maximize"]] = "maximize"
    levels: ClassVar[int] = 1  # of codes

    noise_size: int
    decoder: nn.Module
    pixels: Pixels
    prior: Prior

    def __init__(
        self,
        objective: Objective,
        prior: Prior,
        spec: DataSpec,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        require_fitting(objective, prior, self.levels)

    def posterior(self, x: Tensor, *y: Tensor) -> Posterior:
        """q(z|x), or q(z|x,y) of a conditional model. [B, C, H, W], [B, label_size]."""
        raise NotImplementedError

    def given(self, label: Tensor | None) -> tuple[Tensor, ...]:
        """y, as the networks of a conditional model take it, [B, label_size]; else nothing.

        Raises:
            ConfigError: a conditional model goes without labels.
        """
        return (encoded_labels(label, self.spec, self.weight_dtype),) if self.conditional else ()

    def output(self, z: Tensor, *y: Tensor) -> Tensor:
        """What the decoder makes of codes, and labels of a conditional model. [B, D] -> [B, C, H, W]."""
        return self.decoder(torch.cat([z, *y], 1) if y else z)

    def nll(self, x: Tensor, z: Tensor, *y: Tensor, learnt: Tensor | None = None) -> Tensor:
        """-log p(x|z) of K codes for each image, [B, C, H, W], [B, K, D] -> [B, K]; ``learnt``: as ``Pixels.nll`` has it."""
        labels = (one.repeat_interleave(z.shape[1], 0) for one in y)
        return self.pixels.nll(self.output(z.flatten(0, 1), *labels), x, learnt).view(z.shape[:2])

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code:
        """q(z|x): its mean, and its log-variance if it is one Gaussian."""
        with self.evaluating():
            return self.posterior(x, *self.given(label)).code()

    def infer(self, x: Tensor, noise: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Codes drawn from q(z|x), made of standard normal noise. [B, D] -> [B, D]."""
        with self.evaluating():
            return self.posterior(x, *self.given(label)).sample(noise[:, None])[:, 0]

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """The mean image of p(x|z)."""
        with self.evaluating():
            return self.pixels.mean(self.output(z, *self.given(label)))

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Decode the mean of q(z|x)."""
        return self.decode(self.encode(x, label=label).mean, label=label)

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """Decode draws from the prior."""
        return self.decode(self.draw(n, seed=seed), label=label)

    def draw(self, n: int, *, seed: int | None = None) -> Tensor:
        """Draws from the prior, [n, D]."""
        with self.evaluating():
            return self.prior.sample(n, self.sample_stream(seed), self.weight_dtype)

    def log_weights(self, x: Tensor, noises: Iterable[Tensor], *, label: Tensor | None = None) -> Iterator[Tensor]:
        """log p(x|z) p(z) / q(z|x) of the z that noise [B, n, D] makes: Burda et al., 2015 (arXiv:1509.00519). -> [B, n]."""
        with self.evaluating():
            y = self.given(label)
            q, p = self.posterior(x, *y), self.prior.fixed()
        for noise in noises:
            with self.evaluating():
                z = q.sample(noise)
                log_w = p.log_prob(z) - q.log_prob(z) - self.nll(x, z, *y)
            yield log_w

    def bound(self, x: Tensor, k: int = 1, *, label: Tensor | None = None) -> Tensor:
        """log 1/k sum_s w_s (eq. 8 there). -> [B]."""
        noises = (self.noise("bound", s).normal("z", len(x), 1, self.noise_size) for s in range(k))
        return importance_bound(
            torch.cat(list(self.log_weights(x, noises, label=label)), 1)
        )  # one by one: k may be large

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """-ELBO: images that are unlikely under the model score high."""
        return -self.bound(x, label=label)
