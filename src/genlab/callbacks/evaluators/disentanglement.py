"""How far the latents of a code stand for the known factors of a set: MIG, SAP, DCI and others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.config.types import PositiveInt, TreePredictor
from genlab.contracts import DataError, Encodes, Split
from genlab.data.store.order import repeated
from genlab.inference.encoded import Codes, codes_of, varied
from genlab.metrics.disentanglement.dci import DCI, dci
from genlab.metrics.disentanglement.fixed_factor import beta_vae_score, factor_vae_score
from genlab.metrics.disentanglement.histogram import binned, entropies, information
from genlab.metrics.disentanglement.infomec import infomec
from genlab.metrics.disentanglement.mig import mig_chen, mig_hist
from genlab.metrics.disentanglement.modularity import explicitness, modularity
from genlab.metrics.disentanglement.sap import sap
from genlab.metrics.disentanglement.varying import varying
from genlab.models.base.distributed import rank
from genlab.random import keyed, keyed_generator

BINS = 20  # of a histogram: part of the name of mig_hist20
CodeCount = Annotated[int, Field(ge=100)]  # fewer say nothing


@dataclass
class Disentanglement(Evaluator):
    """``mig_hist20``, ``mig_chen``, ``sap``, ``dci_…``, ``factor_vae_score`` and others of the means of q(z|x), in the test.

    Codes to learn from are of training images, those that are tested of the split that is measured; both are drawn evenly at
    random, the same for every model. Where nothing is learnt (MIG, modularity, the table) all are of the split. A factor with
    one level in the set, or in what was drawn, is left out.

    Args:
        train_codes: how many to learn from at most.
        test_codes: how many to test on at most.
        predictor: what DCI predicts a factor with, part of its names: ``forest`` or ``boosted``; null: without DCI.
        chen_samples: codes drawn for ``mig_chen``, which models without q(z|x) do not have.
        chen_without: factors that ``mig_chen`` leaves out.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Encodes}

    train_codes: CodeCount
    test_codes: CodeCount
    predictor: TreePredictor | None
    chen_samples: PositiveInt
    chen_without: list[str]

    def count(self, now: Evaluation) -> float:
        """0 in validation."""
        return self.test_codes if now.stage == "test" else 0

    def names(self, now: Evaluation) -> set[str]:
        """All of them; a model without q(z|x) does not report ``mig_chen``."""
        three = {f"dci_{name}_{self.predictor}" for name in DCI._fields} if self.predictor is not None else set()
        return three | {f"mig_hist{BINS}", "mig_chen", "sap", "modularity", "explicitness", *INFO, *SCORES}

    def require(self, now: Evaluation) -> None:
        """Refuse a set without factors.

        Raises:
            DataError: with the sets that have them.
        """
        spec = now.prepared.spec
        if not spec.attributes:
            raise DataError(
                f"metrics.disentanglement: {spec.name} has no known factors to compare latents with. "
                "Choose a set that has them, data=shapes, or leave it out: metrics=default"
            )

    def notes(self, now: Evaluation) -> list[str]:
        """Of few images, and of what shapes' orientations mean."""
        sizes = {split: len(self.rows(now, split)) for split in self.splits(now)}
        return [f"disentanglement: learned from {sizes['train']:,} codes, tested on {sizes[now.split]:,}"]

    def splits(self, now: Evaluation) -> tuple[Split, Split]:
        """To learn from, and to test on."""
        return "train", now.split

    def rows(self, now: Evaluation, split: Split) -> np.ndarray:
        """The images of a split, drawn once for all models. int64, in order."""
        there = len(now.prepared.columns[split]["image"])
        wanted = self.train_codes if split == "train" else self.test_codes
        return np.sort(repeated(there, min(there, wanted), f"codes of {split}"))

    def finish(self, now: Evaluation) -> dict[str, float]:
        """All of them, on rank 0, with a table: for each latent its spread, and the share of each factor's entropy it tells."""
        if rank():
            return {}
        train, test = (codes_of(now.model, now.prepared, split, self.rows(now, split)) for split in self.splits(now))
        factors, names = varied(now.prepared.spec.attributes, train, test)
        now.tables["disentanglement"] = table(test.mean.double().numpy(), factors[1], names)
        return self.metrics(train, test, factors, names)

    def metrics(
        self, train: Codes, test: Codes, factors: tuple[np.ndarray, np.ndarray], names: list[str]
    ) -> dict[str, float]:
        """By name. ``factors``: of the codes to learn from and to test on, int64 [N, K], and their names."""
        tested = test.mean.double().numpy(), factors[1]
        both = train.mean.double().numpy(), factors[0], *tested
        found = {f"mig_hist{BINS}": mig_hist(*tested, BINS), "sap": sap(*both), "modularity": modularity(*tested, BINS)}
        found |= {name: score(*both, keyed(name)) for name, score in SCORES.items()}
        found["explicitness"] = explicitness(*both)
        found |= dict(zip(INFO, infomec(*tested), strict=True))
        if self.predictor is not None:
            three = dci(*both, self.predictor)
            found |= {f"dci_{name}_{self.predictor}": value for name, value in three._asdict().items()}
        kept = [k for k, name in enumerate(names) if name not in self.chen_without]
        if test.logvar is not None and kept:
            found["mig_chen"] = self.chen(test.mean, test.logvar, torch.from_numpy(factors[1][:, kept]))
        return found

    def chen(self, mean: Tensor, logvar: Tensor, factors: Tensor) -> float:
        """The gap of codes that are drawn from q(z|x) of images chosen evenly at random."""
        rows = torch.from_numpy(np.sort(repeated(len(mean), min(self.chen_samples, len(mean)), "mig_chen")))
        stream = keyed_generator(mean.device, "mig_chen")
        return mig_chen(mean, logvar, factors, rows, torch.randn(len(rows), mean.shape[1], generator=stream))


INFO = ("infom", "infoe", "infoc")
SCORES = {"factor_vae_score": factor_vae_score, "beta_vae_score": beta_vae_score}


def table(codes: np.ndarray, factors: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """A row a latent: I(z_j; v_k) / H(v_k) of each factor, by a histogram."""
    share = information(binned(codes, BINS), factors) / entropies(factors)
    spread, kept = codes.std(0, ddof=1), varying(codes)
    return [
        {"latent": j, "varying": int(kept[j]), "standard_deviation": float(spread[j])}
        | {name: float(share[j, k]) for k, name in enumerate(names)}
        for j in range(codes.shape[1])
    ]
