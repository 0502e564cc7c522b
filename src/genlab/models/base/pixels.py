"""The likelihood of pixels given a decoder's output, which fixes the unit of the reconstruction loss."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.distributions import Laplace, Normal

from genlab.config.types import PositiveFloat
from genlab.contracts import BINARIZED, ConfigError, DataError, Problem
from genlab.losses.continuous_bernoulli import (
    continuous_bernoulli_draw,
    continuous_bernoulli_mean,
    continuous_bernoulli_nll,
)
from genlab.losses.discretized_logistic import (
    discretized_logistic_draw,
    discretized_logistic_mean,
    discretized_logistic_nll,
    parameters_of,
)
from genlab.losses.likelihood import (
    absolute_error,
    bernoulli_nll,
    bernoulli_nll_of_each,
    bits_per_dimension,
    gaussian_nll,
    laplace_nll,
    squared_error,
)
from genlab.losses.precision import at_least_float32
from genlab.models.base.distributed import sum_over_ranks
from genlab.models.base.phases import Terms

Likelihood = Literal["bernoulli", "continuous_bernoulli", "gaussian", "laplace", "discretized_logistic"]
Sigma = PositiveFloat | Literal["learned"]
OutputActivation = Literal["linear", "sigmoid"]
NEWEST = 0.1  # weight of the newest update in the mean error that a learned sigma follows
FLOOR = -6.0  # of log sigma, as in the paper's code: 0.6 of the 255 grey levels
UNSCALED = {
    "bernoulli": bernoulli_nll,
    "continuous_bernoulli": continuous_bernoulli_nll,
    "discretized_logistic": discretized_logistic_nll,
}


SCALED = {"gaussian": gaussian_nll, "laplace": laplace_nll}  # with one scale for all pixels
ERRORS = {"gaussian": squared_error, "laplace": absolute_error}  # whose mean is the best scale, raised to ``POWERS``
POWERS = {"gaussian": 2, "laplace": 1}
DISTRIBUTIONS: dict[str, type[Normal] | type[Laplace]] = {"gaussian": Normal, "laplace": Laplace}


class Pixels(nn.Module):
    """p(x | decoder output), the pixels independent of each other.

    ``bernoulli`` and ``continuous_bernoulli`` take logits; ``gaussian`` and ``laplace`` means, or their logits with
    ``output_activation: sigmoid``; ``discretized_logistic`` takes mean and log-scale of every pixel, or those of
    ``logistic_mixtures`` components and their weights, if it has several.

    ``sigma`` is one scale for all gaussian or laplace pixels: a number, or ``learned``, which is the optimum in closed form:
    sigma^2 = the mean squared error (optimal sigma-VAE: Rybkin et al., 2021, arXiv:2006.13202), or the mean absolute error. It
    is that of the training images, also in evaluation: an average over the newest updates and all ranks, constant within an
    update. Only the first update has sigma = 1.

    ``binarized``: how the images have become black and white, as in ``DataSpec``; empty: grey.

    Raises:
        ConfigError: a ``discretized_logistic``, of 256 levels, for images of two.
    """

    log_sigma: Tensor

    def __init__(
        self,
        likelihood: Likelihood,
        sigma: Sigma,
        output_activation: OutputActivation,
        logistic_mixtures: int = 1,
        binarized: str = "",
    ) -> None:
        super().__init__()
        if binarized and likelihood == "discretized_logistic":
            what = f"is a likelihood of 256 grey levels, and the images are {BINARIZED[binarized]}"
            raise ConfigError([Problem(f"model.likelihood={likelihood}", what, "Type: model.likelihood=bernoulli")])
        self.likelihood, self.squashed = likelihood, output_activation == "sigmoid"
        self.logistic_mixtures, self.binarized = logistic_mixtures, binarized
        self.learned = likelihood in SCALED and sigma == "learned"
        self.register_buffer("log_sigma", torch.tensor(0.0 if sigma == "learned" else math.log(sigma)))
        self.seen: Tensor | None = None  # [2]: error and number of the pixels of this update
        self.looked_at: set[bool] = set()  # the modes (training or not) of which a batch has been checked

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """What the decoder has to put out for images [C, H, W]: [C, H, W], or [P, C, H, W] for P numbers a pixel."""
        return (parameters_of(self.logistic_mixtures), *shape) if self.likelihood == "discretized_logistic" else shape

    # ---- what it costs -----------------------------------------------------------------------------------------------

    def nll(self, output: Tensor, x: Tensor, learnt: Tensor | None = None) -> Tensor:
        """-log p(x | output) in nats per image. ``output_shape`` for each of B images -> [B]; for K outputs each -> [B K].

        ``learnt``, bool [B]: the images whose errors a learned sigma follows; None: all.
        """
        self.require_unit_range(x)
        if len(output) > len(x) and self.likelihood == "bernoulli":
            return bernoulli_nll_of_each(output, x)
        if len(output) > len(x):
            many = len(output) // len(x)
            x = x.repeat_interleave(many, 0)
            learnt = None if learnt is None else learnt.repeat_interleave(many, 0)
        if self.likelihood in UNSCALED:
            return UNSCALED[self.likelihood](output, x)
        output = self.means(output)
        if self.learned and self.training:
            self.collect(output.detach(), x, learnt)
        return SCALED[self.likelihood](output, x, self.log_sigma)

    @torch.no_grad()
    def require_unit_range(self, x: Tensor) -> None:
        """Refuse images that are not in [0, 1]: on a CPU always, elsewhere the first batch of training and of evaluation.

        Tensors without values, by which memory is estimated, pass.

        Raises:
            DataError: with their range.
        """
        if isinstance(x, FakeTensor) or (x.device.type != "cpu" and self.training in self.looked_at):
            return
        self.looked_at.add(self.training)
        low, high = torch.aminmax(x) if x.numel() else (x.new_zeros(()), x.new_ones(()))
        if not (low >= 0 and high <= 1):
            raise DataError(
                f"images have values from {float(low):.3g} to {float(high):.3g}, but pixels have a likelihood in [0, 1] only. "
                "Scale them: x / 255 of 8-bit images, (x + 1) / 2 of those in [-1, 1]."
            )

    def terms(self, x: Tensor, elbo: Tensor | None = None) -> Terms:
        """``sigma`` if it is learned; in evaluation ``bpd`` of a bound on log p(x) where it is a probability. [B] each."""
        terms = {"sigma": self.log_sigma.exp().expand(len(x))} if self.learned else {}
        if elbo is not None and self.is_mass and not self.training:
            terms["bpd"] = bits_per_dimension(-elbo, x.shape[1:])
        return terms

    # ---- a learned sigma -----------------------------------------------------------------------------------------------

    def means(self, output: Tensor) -> Tensor:
        """The means of gaussian or laplace pixels."""
        return at_least_float32(output).sigmoid() if self.squashed else output

    def collect(self, output: Tensor, x: Tensor, learnt: Tensor | None) -> None:
        """Add the error of a training batch, or of the images of it that are ``learnt``."""
        each = ERRORS[self.likelihood](output, x)  # [B]
        error = each.sum() if learnt is None else torch.where(learnt, each, 0).sum()
        count = torch.full_like(error, x.numel()) if learnt is None else (learnt.sum() * x[0].numel()).to(error)
        seen = torch.stack([error, count])
        self.seen = seen if self.seen is None else self.seen + seen

    @torch.no_grad()
    def solve(self, update: int) -> None:
        """Set a learned sigma after optimiser step number ``update``, from 0. Collective: every rank must call it.

        Where no image was to be learnt it stays.
        """
        if self.seen is None:
            return
        error, count = sum_over_ranks(self.seen)
        power = POWERS[self.likelihood]
        before = (power * self.log_sigma).exp()
        newest = torch.where(count > 0, error / count, before)
        mean = torch.lerp(before, newest, max(NEWEST, 1 / (1 + update)))
        self.log_sigma.copy_(mean.log() / power).clamp_(min=FLOOR)
        self.seen = None

    # ---- what it shows -------------------------------------------------------------------------------------------------

    def mean(self, output: Tensor) -> Tensor:
        """The mean image, [B, C, H, W] in [0, 1]."""
        expected = self.expected(output)
        return expected.clamp(0, 1) if self.likelihood in SCALED else expected

    @torch.no_grad()
    def squared_error(self, output: Tensor, x: Tensor) -> Tensor:
        """Of the expected image, summed over the pixels: comparable between likelihoods. -> [B]."""
        return squared_error(self.expected(at_least_float32(output)), x)

    def expected(self, output: Tensor) -> Tensor:
        """The mean of every pixel, [B, C, H, W]; gaussian and laplace ones may lie outside of [0, 1]."""
        if self.likelihood == "bernoulli":
            return output.sigmoid()
        if self.likelihood == "continuous_bernoulli":
            return continuous_bernoulli_mean(output)
        if self.likelihood == "discretized_logistic":
            return discretized_logistic_mean(output)
        return self.means(output)

    def draw(self, output: Tensor, stream: torch.Generator) -> Tensor:
        """Images with every pixel drawn from its distribution, in [0, 1]. -> [B, C, H, W]."""
        drawn = torch.rand(2, len(output), *output.shape[-3:], generator=stream, device=output.device)
        uniform = drawn.clamp(1e-7, 1 - 1e-7)
        if self.likelihood == "discretized_logistic":
            return discretized_logistic_draw(output, uniform)
        if self.likelihood == "continuous_bernoulli":
            return continuous_bernoulli_draw(output, uniform[0])
        if self.likelihood == "bernoulli":
            return (uniform[0] < output.sigmoid()).to(output.dtype)
        return DISTRIBUTIONS[self.likelihood](self.means(output), self.log_sigma.exp()).icdf(uniform[0]).clamp(0, 1)

    # ---- what it is ----------------------------------------------------------------------------------------------------

    @property
    def is_likelihood(self) -> bool:
        """Whether ``nll`` is -log of a probability or a density: not for a Bernoulli on grey pixels."""
        return self.likelihood != "bernoulli" or bool(self.binarized)

    @property
    def is_mass(self) -> bool:
        """Whether ``nll`` is -log of a probability, so that bits per dimension are comparable."""
        return self.is_likelihood and self.likelihood in ("bernoulli", "discretized_logistic")

    @property
    def note(self) -> str:
        """What ``recon`` measures, in one line for the run's summary."""
        name = self.likelihood + (f" (mixture of {self.logistic_mixtures})" if self.logistic_mixtures > 1 else "")
        pixels = f"{name} on {BINARIZED[self.binarized]} pixels"
        if not self.is_likelihood:
            return f"{pixels}: recon is a cross-entropy in nats, not a likelihood"
        if self.is_mass:
            return f"{pixels}: recon is -log p(x|z) in nats"
        sigma = "learned" if self.learned else f"{float(self.log_sigma.exp()):.3g}"
        density = f"{pixels}: recon is -log of a density in nats"
        return f"{density}, sigma {sigma}" if self.likelihood in SCALED else density
