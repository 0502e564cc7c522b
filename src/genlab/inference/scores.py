"""Outlier scores of images by a model, by name; all of them higher = more unusual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import Bounds, Corrupts, Encodes, Images, Scores, Split, Variational
from genlab.data.store.source import PreparedData
from genlab.inference.encoded import batches
from genlab.inference.regret import LikelihoodRegret
from genlab.metrics.outliers.complexity import input_complexity
from genlab.metrics.outliers.mahalanobis import Mahalanobis
from genlab.models.base.labels import for_model, needs_labels
from genlab.models.base.noise import Noise

ScoreName = Literal[
    "neg_elbo",
    "rate",
    "distortion",
    "reconstruction_error",
    "mahalanobis",
    "likelihood_regret",
    "input_complexity",
    "typicality",
]
Numbers = dict[str, Tensor]  # by name, [N] each on the CPU
TERMS = {"recon": "distortion", "kl": "rate", "elbo": "neg_elbo"}


def possible(model: Any) -> set[ScoreName]:
    """The scores that a model can give."""
    found: set[ScoreName] = {"distortion", "reconstruction_error"}
    if isinstance(model, Encodes):
        found.add("mahalanobis")
    if isinstance(model, Bounds):
        found |= {"neg_elbo", "rate", "input_complexity", "typicality"}
    return found | {"likelihood_regret"} if isinstance(model, Variational) and not needs_labels(model) else found


class Scorer:
    """Scores images as a model sees them.

    Args:
        model: in evaluation mode.
        wanted: the scores, of which it gives those that the model can.
        draws: codes drawn for each image, over which what depends on them is averaged.
        regret: how likelihood regret is found.
    """

    def __init__(self, model: Any, wanted: Sequence[ScoreName], draws: int, regret: LikelihoodRegret) -> None:
        self.model, self.wanted, self.draws, self.regret = model, wanted, draws, regret
        self.usual_nll: float | None = None  # mean -ELBO of training images
        self.distance: Mahalanobis | None = None  # of training codes

    def learn(self, prepared: PreparedData, rows: np.ndarray) -> None:
        """Look at training images, which some scores compare with."""
        codes: list[Tensor] = []
        nll: list[Tensor] = []
        for batch, noise in self.seen(prepared, "train", rows, "training"):
            codes += [code.cpu() for code in self.code(batch)]
            found = self.of_terms(batch, noise)
            nll += [found["neg_elbo"].double().cpu()] if "neg_elbo" in found else []
        self.distance = Mahalanobis.fitted(torch.cat(codes)) if codes else None
        self.usual_nll = float(torch.cat(nll).mean()) if nll else None

    def scores(self, prepared: PreparedData, split: Split, rows: np.ndarray, purpose: str) -> Numbers:
        """Of the images at ``rows``; likelihood regret only of the first ones. ``purpose``: a key of the noise."""
        found: dict[str, list[Tensor]] = {}
        for batch, noise in self.seen(prepared, split, rows, purpose):
            for name, values in self.of_batch(batch, noise).items():
                found.setdefault(name, []).append(values.double().cpu())
        if regrets := self.regrets(prepared, split, rows[: self.regret.images], purpose):
            found["likelihood_regret"] = regrets
        return {name: torch.cat(found[name]) for name in self.wanted if name in found}

    def regrets(self, prepared: PreparedData, split: Split, rows: np.ndarray, purpose: str) -> list[Tensor]:
        """Likelihood regret, batch by batch; none of a model whose q(z|x) is not one Gaussian of the image alone."""
        if "likelihood_regret" not in possible(self.model) & set(self.wanted):
            return []
        found: list[Tensor] = []
        for batch, noise in self.seen(prepared, split, rows, f"{purpose} regret"):
            values = self.regret(self.model, batch.image, noise[0])
            if values is None:
                return []
            found.append(values.double().cpu())
        return found

    def of_batch(self, batch: Images, noise: list[Noise]) -> Numbers:
        """All scores but likelihood regret, [B] each."""
        found = self.of_terms(batch, noise)
        if isinstance(self.model, Corrupts) and isinstance(self.model, Scores):  # its terms are of corrupted images
            found["distortion"] = self.model.score(batch.image).double()
        if "neg_elbo" in found:
            found["input_complexity"] = input_complexity(found["neg_elbo"], batch.image)
            if self.usual_nll is not None:
                found["typicality"] = (found["neg_elbo"] - self.usual_nll).abs()
        if self.distance is not None:
            found["mahalanobis"] = torch.cat([self.distance(code.cpu()) for code in self.code(batch)])
        again = self.model.reconstruct(batch.image, **for_model(self.model, batch.label))
        found["reconstruction_error"] = (again.float() - batch.image.float()).square().flatten(1).mean(1)
        return found

    def of_terms(self, batch: Images, noise: list[Noise]) -> Numbers:
        """Those of the model's own terms, the mean over the draws."""
        with torch.no_grad():
            drawn = [self.model.evaluation_terms(batch, one) for one in noise]
        means = {
            name: torch.stack([terms[name].double() for terms in drawn]).mean(0) for name in TERMS if name in drawn[0]
        }
        return {TERMS[name]: -value if name == "elbo" else value for name, value in means.items()}

    def code(self, batch: Images) -> list[Tensor]:
        """The mean of q(z|x), [B, D], or the code itself; empty where the model has none."""
        if not isinstance(self.model, Encodes):
            return []
        return [self.model.encode(batch.image, **for_model(self.model, batch.label)).mean.flatten(1)]

    def seen(
        self, prepared: PreparedData, split: Split, rows: np.ndarray, purpose: str
    ) -> Iterator[tuple[Any, list[Noise]]]:
        """The batches, each with the noise of every draw; an image's is the same in batches of any size."""
        for number, batch in enumerate(batches(self.model, prepared, split, rows)):
            stages = [f"outliers {purpose} {draw}" for draw in range(self.draws)]
            yield batch, [self.model.evaluation_noise(stage, number, batch) for stage in stages]
