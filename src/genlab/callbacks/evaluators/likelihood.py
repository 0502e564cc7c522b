"""The likelihood of images under a model of the VAE family, by importance sampling: what tables of the literature have."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.console import progress
from genlab.contracts import ConfigError, Kind, Problem, Weighs
from genlab.data.store.binarize import binarized_note
from genlab.inference.encoded import chosen
from genlab.inference.importance import ImportanceSampler, has_likelihood, is_mass
from genlab.metrics.importance_sampling import mean_and_error
from genlab.metrics.names import SE
from genlab.models.base.distributed import gather_everywhere, rank, world_size


@dataclass
class ImportanceSampled(Evaluator):
    """``nll``: -log p(x) in nats an image, an upper bound in expectation, with its standard error over images, in the test.

    ``nll_ess`` is the mean effective sample size; ``nll_bpd`` is nll in bits for each pixel value, where these are discrete.
    The noise of a sample depends on the model's seed, the image's index and the sample's number alone, so the results
    depend neither on batches and blocks nor on the number of ranks.

    Args:
        samples: codes drawn for each image, K; 0: not measured.
        images: only so many of the split, chosen evenly at random, the same for every model; null: all.
        block: samples of an image that are decoded at once; null: as many as memory is meant for.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = dict.fromkeys(get_args(Kind), object)  # others are refused, not left out

    samples: NonNegativeInt
    images: PositiveInt | None
    block: PositiveInt | None

    def count(self, now: Evaluation) -> float:
        """Images that are measured."""
        return (self.images or math.inf) if now.stage == "test" and self.samples else 0

    def names(self, now: Evaluation) -> set[str]:
        """All that it may report."""
        return {"nll", "nll_ess", "nll_bpd"}

    def asides(self, now: Evaluation) -> set[str]:
        """The standard error."""
        return {"nll" + SE}

    def require(self, now: Evaluation) -> None:
        """Refuse models without importance weights, and pixels whose cross-entropy is no likelihood.

        Raises:
            ConfigError: with the remedy.
        """
        if now.kind != "images" or not isinstance(now.model, Weighs):
            what = (
                f"{type(now.model).__name__} has no likelihood that could be estimated: it gives no importance weights"
            )
            raise ConfigError([Problem(f"metrics.nll={self.samples}", what, "Go without: metrics.nll=0")])
        if not has_likelihood(now.model):
            what = "grey pixels under a Bernoulli have a cross-entropy, not a likelihood: no number could be compared"
            remedy = "Train with data.binarize=dynamic, or another model.likelihood; or go without: metrics.nll=0"
            raise ConfigError([Problem(f"metrics.nll={self.samples}", what, remedy)])

    def notes(self, now: Evaluation) -> list[str]:
        """What the numbers are of."""
        unit = "" if is_mass(now.model) else ", of a density: not comparable with numbers of black and white pixels"
        drawn = [binarized_note(now.prepared, now.split)] if now.prepared.spec.binarized else []
        return [f"nll: {self.samples:,} importance samples an image, in nats an image{unit}", *drawn]

    # ---- batch by batch --------------------------------------------------------------------------------------------

    def begin(self, now: Evaluation) -> None:
        """Announce how long it will take; without a bar of the command's own, draw one."""
        self.found: list[dict[str, Tensor]] = []
        self.bar = ExitStack()
        share = -(-self.measured(now) // world_size())
        said = "" if rank() else f"{self.samples:,} samples of each of {self.measured(now):,} images"
        bar = progress(
            "importance sampling", share, shown=not now.recall.has_bar and not rank(), unit="images", announced=said
        )
        self.advance = self.bar.enter_context(bar)

    def measured(self, now: Evaluation) -> int:
        """How many images of the split are measured."""
        return int(min(self.count(now), self.there(now)))

    def there(self, now: Evaluation) -> int:
        """How many images the split has."""
        return len(now.prepared.columns[now.split]["image"])

    def look(self, now: Evaluation, seen: Seen, number: int) -> None:
        """Weigh the codes of a batch, unless that has been kept."""
        measured = self.measured(now)
        rows = chosen(seen.batch.index, self.there(now), measured)
        few = int(rows.sum())
        if few:
            name = f"nll-{self.samples}-{measured}-{number}"
            self.found.append(now.recall.batch(name, lambda: self.weighed(now, seen.batch, rows)))
            self.advance(few)

    def weighed(self, now: Evaluation, batch: Any, rows: Tensor) -> dict[str, Tensor]:
        """index, nll and effective sample size of the chosen rows, [B] each."""
        index, label = batch.index[rows], None if batch.label is None else batch.label[rows]
        sampler = ImportanceSampler(self.samples, self.block)
        nll, effective = sampler.weighed(now.model, batch.image[rows], index, label)
        return {"index": index, "nll": nll, "ess": effective}

    # ---- the whole split -------------------------------------------------------------------------------------------

    def finish(self, now: Evaluation) -> dict[str, float]:
        """nll, its error, effective sample size, and bits where they are some."""
        self.bar.close()
        own = {name: torch.cat([one[name] for one in self.found]).cpu() if self.found else None for name in COLUMNS}
        ranks = [each for each in gather_everywhere(own) if each["index"] is not None]
        whole = {name: torch.cat([each[name] for each in ranks]) for name in COLUMNS}
        order = whole["index"].argsort()
        now.tables["nll"] = [
            {"index": int(whole["index"][i]), "nll": float(whole["nll"][i]), "ess": float(whole["ess"][i])}
            for i in order
        ]
        nll, error = mean_and_error(whole["nll"][order])
        now.counts |= {f"{now.stage}/nll_real": len(order), f"{now.stage}/nll_samples": self.samples}
        values = {"nll": nll, "nll_ess": float(whole["ess"][order].mean())}
        if now.has_asides:
            values["nll" + SE] = error
        if is_mass(now.model):
            values["nll_bpd"] = nll / math.prod(now.prepared.spec.shape) / math.log(2)
        return values


COLUMNS = ("index", "nll", "ess")
