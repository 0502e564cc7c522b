"""Whether the codes of images are distributed as the prior that samples are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.callbacks.samples import seed_of_chunk
from genlab.callbacks.translations import require_finite
from genlab.config.types import PositiveInt, SampleCount
from genlab.contracts import Draws, Encodes, Infers
from genlab.inference.encoded import chosen
from genlab.metrics.error_bars.kernel_error import discrepancy_error
from genlab.metrics.two_sample import GaussianKernel, median_distance, two_sample_test
from genlab.models.base.distributed import gather_by_rank
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.labels import for_model
from genlab.models.base.noise import ImageNoise
from genlab.random import keyed_generator

FOR_BANDWIDTH = 1000  # draws of the prior


@runtime_checkable
class EncodesAndDraws(Encodes, Draws, Protocol):
    """Encodes images, and draws codes from a prior."""


@dataclass
class CodePrior(Evaluator):
    """``code_mmd``, ``code_mmd_se``, ``code_mmd_p``: a two-sample test of codes of the split against draws of the prior.

    The squared MMD is 0 on average if they are distributed alike; p below 0.05 says that they are not. A code that is a
    distribution is drawn from once. The kernel's bandwidth is the median distance of two draws of the prior.

    Args:
        samples: codes, of images of the split that are chosen evenly at random, and draws; 0: none. The more, the smaller a
            difference is seen.
        permutations: behind the p-value, which is at least 1 / (1 + permutations).
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": EncodesAndDraws}

    samples: SampleCount
    permutations: PositiveInt

    def count(self, now: Evaluation) -> float:
        """Codes that are compared: no more than the split has images."""
        return min(self.samples, now.prepared.spec.sizes[now.split])

    def names(self, now: Evaluation) -> set[str]:
        """Both."""
        return {"code_mmd", "code_mmd_p"}

    def asides(self, now: Evaluation) -> set[str]:
        """The error of the first."""
        return {"code_mmd_se"}

    def begin(self, now: Evaluation) -> None:
        """No code has been seen."""
        self.seen: list[tuple[Tensor, Tensor]] = []

    def look(self, now: Evaluation, seen: Seen, number: int) -> None:
        """Encode the images that are chosen."""
        index = seen.batch.index
        kept = chosen(index, now.prepared.spec.sizes[now.split], int(self.count(now)))
        if kept.any():
            self.seen.append((index[kept], drawn_codes(now.model, seen, self.key(now))[kept]))

    def key(self, now: Evaluation) -> int:
        """The seed of what is drawn; each replicate of a measurement has its own."""
        return seed_of_chunk(0, now.recall.replicate)

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The three numbers, on rank 0."""
        parts = gather_by_rank([(index.cpu(), code.cpu()) for index, code in self.seen])
        rows = [row for part in parts.values() for row in part]
        if not rows:
            return {}
        stream = keyed_generator(torch.device("cpu"), "codes", self.key(now))
        prior = now.recall.drawn(f"prior-{self.samples}", lambda: self.draws(now)).to(now.device, torch.float64)
        codes = in_order(rows).to(prior)
        require_finite(codes, f"codes 0 to {len(codes) - 1}")
        kernel, prior = GaussianKernel(median_distance(prior[:FOR_BANDWIDTH])), prior[FOR_BANDWIDTH:][: len(codes)]
        mmd, p = two_sample_test(codes, prior, kernel, self.permutations, stream)
        now.counts |= {f"{now.stage}/{name}": len(codes) for name in self.names(now)}
        return {"code_mmd": mmd, "code_mmd_se": discrepancy_error(prior, codes, kernel, 0), "code_mmd_p": p}

    def draws(self, now: Evaluation) -> Tensor:
        """Draws of the prior: those for the bandwidth, and those that codes are compared with. -> [N, D]."""
        drawn: Tensor = now.model.draw(FOR_BANDWIDTH + self.samples, seed=self.key(now))
        return drawn


def drawn_codes(model: Any, seen: Seen, key: int) -> Tensor:
    """A code of each image, drawn once where it is a distribution; its noise is a matter of image and key alone. [B, D]."""
    (mean, logvar), x, index = seen.code, seen.batch.image, seen.batch.index
    if logvar is None and not isinstance(model, Infers):
        return mean
    noise = ImageNoise(index, mean.dtype).normal(f"codes {key}", *mean.shape)
    if logvar is not None:
        return DiagonalGaussian(mean, logvar).sample(noise)
    return model.infer(x, noise, **for_model(model, seen.batch.label))


def in_order(rows: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Codes in the order of their images. (index, code)s -> float64 [N, D]."""
    order = torch.cat([index for index, _ in rows]).argsort()
    return torch.cat([code for _, code in rows])[order].double()
