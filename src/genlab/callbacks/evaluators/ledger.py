"""The ledger of a model of the VAE family: what its codes say, beside the recon, kl and elbo that it reports itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.config.types import NonNegativeInt
from genlab.contracts import Infers
from genlab.data.store.binarize import as_evaluated
from genlab.data.store.columns import Crop, gather
from genlab.data.store.order import repeated
from genlab.images import from_uint8
from genlab.metrics.aggregate_posterior import Decomposition, Posteriors, decomposition
from genlab.metrics.extractors.real_features import chosen, chunk_of
from genlab.metrics.importance_sampling import mean_and_error
from genlab.metrics.names import SE
from genlab.models.base.distributed import gather_everywhere, rank, world_size
from genlab.random import normal

PURPOSE = 7  # of the keyed noise: importance sampling has 6
IMAGES = 10_000  # of the training set, from which the mean image is made


@dataclass
class Ledger(Evaluator):
    """Active units, KL by dimension, and in the test mutual information, total correlation and dimension-wise KL.

    All are of q(z|x) of every image of the split. ``mean_image_mse`` is the error of the mean training image, which a
    model whose codes say nothing cannot beat.

    Args:
        samples: codes drawn in the test for the three terms, of as many images where there are so many; 0: without them.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Infers}

    samples: NonNegativeInt

    def names(self, now: Evaluation) -> set[str]:
        """All that it may report in a stage."""
        in_test = {"beta", "beta_normalised", *(Decomposition._fields if self.samples else ())}
        return {"active_units", "mean_image_mse", *(in_test if now.stage == "test" else ())}

    def asides(self, now: Evaluation) -> set[str]:
        """The standard errors of what is estimated from samples."""
        return {name + SE for name in Decomposition._fields} if now.stage == "test" and self.samples else set()

    def begin(self, now: Evaluation) -> None:
        """Make the mean image, once."""
        self.found: list[dict[str, Tensor]] = []
        if not hasattr(self, "mean_image"):
            self.mean_image = mean_training_image(now)

    def look(self, now: Evaluation, seen: Seen, number: int) -> None:
        """Encode a batch, unless its codes have been kept."""
        image, index = seen.batch.image, seen.batch.index

        def codes() -> dict[str, Tensor]:
            code = seen.code
            return {} if code.logvar is None else {"index": index, "mean": code.mean, "logvar": code.logvar}

        self.found.append(now.recall.batch(f"codes-{number}", codes))
        error = (image - self.mean_image.to(image)).square().flatten(1).mean(1)
        now.totals.add({"mean_image_mse": error})

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The numbers of the split. A collective: every rank encodes its images, and draws its share of the codes."""
        posteriors = self.gathered(now)
        if posteriors is None:
            return {}
        values: dict[str, float] = {"active_units": float(posteriors.active().sum())}
        now.tables["kl_by_dimension"] = self.table(now, posteriors)
        if now.stage == "test":
            values |= weights(now.model, posteriors.mean.shape[1], math.prod(now.prepared.spec.shape))
        if now.stage == "test" and self.samples:
            for name, drawn in self.decomposed(now, posteriors).items():
                values[name], error = mean_and_error(drawn)
                values |= {name + SE: error} if now.has_asides else {}
        return values

    def gathered(self, now: Evaluation) -> Posteriors | None:
        """The posteriors of all images in order, on every rank; None: not all that the codes are made of is Gaussian."""
        own = [one for one in self.found if one and one["mean"].shape[1] == now.model.noise_size]
        mine = (
            {name: torch.cat([one[name] for one in own]).cpu() for name in ("index", "mean", "logvar")} if own else {}
        )
        ranks = [each for each in gather_everywhere(mine) if each]
        if not ranks:
            return None
        order = torch.cat([each["index"] for each in ranks]).argsort()
        whole = (torch.cat([each[name] for each in ranks])[order] for name in ("mean", "logvar"))
        return Posteriors(*(x.double().to(now.device) for x in whole))

    def table(self, now: Evaluation, posteriors: Posteriors) -> list[dict[str, float]]:
        """A row for each dimension; with its KL where the prior is N(0, I)."""
        variance, active = posteriors.variances_of_means(), posteriors.active()
        columns = {"variance_of_mean": variance, "mean_variance": posteriors.logvar.exp().mean(0)}
        if getattr(now.model.prior, "standard_normal", False):
            columns = {"kl": posteriors.kl_by_dimension(), **columns}
        rows = [dict(zip(columns, row, strict=True)) for row in torch.stack([*columns.values()], 1).tolist()]
        return [
            {"dimension": j, **row, "active": int(on)} for j, (row, on) in enumerate(zip(rows, active, strict=True))
        ]

    def decomposed(self, now: Evaluation, posteriors: Posteriors) -> dict[str, Tensor]:
        """The terms of all codes, [samples] each: code m is of an image and of noise that depend on seed and m alone."""

        def make() -> dict[str, Tensor]:
            model, size = now.model, posteriors.mean.shape[1]
            number = torch.arange(self.samples)[rank() :: world_size()]
            images = repeated(len(posteriors.mean), self.samples, model.seed, "codes")
            n = torch.from_numpy(images)[number].to(now.device)
            noise = normal(number, 0, 1, size, (model.seed, PURPOSE), torch.float64)[:, 0]
            z = posteriors.draw(n, noise.to(now.device))
            with model.evaluating():
                log_prior = model.prior.log_prob(z.to(model.device, model.weight_dtype)).to(now.device, torch.float64)
            terms = torch.stack(decomposition(posteriors, z, n, log_prior)).cpu()
            shares = gather_everywhere({"number": number, "terms": terms})
            order = torch.cat([share["number"] for share in shares]).argsort()
            whole = torch.cat([share["terms"] for share in shares], 1)[:, order]
            return dict(zip(Decomposition._fields, whole, strict=True))

        found: dict[str, Tensor] = now.recall.drawn(f"decomposition-{self.samples}-{now.split}", make)
        return found


def weights(model: Any, latents: int, pixels: int) -> dict[str, float]:
    """beta, and beta times latents over pixels: Higgins et al., 2017, section 2; nothing of a model without a beta."""
    if not hasattr(model, "beta"):
        return {}
    beta = float(model.at(model.beta))
    return {"beta": beta, "beta_normalised": beta * latents / pixels}


def mean_training_image(now: Evaluation) -> Tensor:
    """The mean of the training images, of a part of them where there are many, as evaluation crops them. [C, H, W]."""
    images, crop = now.prepared.columns["train"]["image"], now.prepared.augmentation.crop
    cut = Crop(crop) if crop else None
    rows = chosen(len(images), IMAGES)
    total = torch.zeros(now.prepared.spec.shape, dtype=torch.float64)
    for part in np.array_split(rows, -(-len(rows) // chunk_of(images, cut))):
        image = torch.from_numpy(np.array(gather(images, part, cut)))
        total += from_uint8(as_evaluated(now.prepared, image, torch.from_numpy(part)), torch.float64).sum(0)
    return total / len(rows)
