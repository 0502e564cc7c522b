"""How well a model's scores tell unusual images from usual ones: AUROC, average precision, false positives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import torch
from torch import Tensor

from genlab import images
from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.callbacks.evaluators.outlier_page import most_unusual
from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import DataError, Reconstructs
from genlab.data.store.order import repeated
from genlab.files import key_of
from genlab.inference.kinds import Sets, class_number, require_unseen, usual_and_unusual
from genlab.inference.regret import LikelihoodRegret
from genlab.inference.scores import Numbers, ScoreName, Scorer, possible
from genlab.metrics.ranking import auroc, average_precision, false_positive_rate
from genlab.models.base.distributed import rank
from genlab.runs.table import Table
from genlab.runs.writing import attempt

MEASURES = {"auroc": auroc, "ap": average_precision, "fpr95": false_positive_rate}


@dataclass
class Outliers(Evaluator):
    """``auroc_<score>_<outliers>``, ``ap_…``, ``fpr95_…`` in the test; the outliers are a class or another set.

    Of a class that was held out of training: the test's images of it are the outliers, all others the usual ones. Of another
    set: its test part is, and the test part of the run's own set is usual. A score that the model cannot give is left out.

    Args:
        held_out: a class of the set, by its number or its name; null: none.
        against: another set, by the name of its file in ``conf/data``; null: none.
        path: the folder of ``against`` where that is a set of own files.
        scores: by name, all of them higher = more unusual.
        images: of either kind at most.
        train_images: at most so many are looked at for scores that compare with training images.
        draws: codes drawn for each image, over which a score is averaged.
        regret: how ``likelihood_regret`` is found.
        every_n_epochs: as for every evaluator.
        headline: as for every evaluator.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Reconstructs}

    held_out: NonNegativeInt | str | None
    against: str | None
    path: str | None
    scores: list[ScoreName]
    images: PositiveInt
    train_images: PositiveInt
    draws: PositiveInt
    regret: LikelihoodRegret

    def count(self, now: Evaluation) -> float:
        """0 in validation."""
        return self.images if now.stage == "test" else 0

    def kind(self, now: Evaluation) -> str:
        """What the outliers are, as names have it: the other set, or the number of the class."""
        return self.against if self.against is not None else f"class_{self.class_number(now)}"

    def names(self, now: Evaluation) -> set[str]:
        """Of every score that is asked for."""
        return {f"{measure}_{score}_{self.kind(now)}" for measure in MEASURES for score in self.scores}

    def require(self, now: Evaluation) -> None:
        """Refuse scores of which the model can give none, another set for a model of labels, a class that has been seen, and a
        split without outliers or without others.

        Raises:
            DataError: with the remedy.
        """
        can = possible(now.model)
        if not can & set(self.scores):
            given = ",".join(name for name in get_args(ScoreName) if name in can)
            asked = ",".join(self.scores)
            raise DataError(
                f"metrics.outliers.scores=[{asked}]: {type(now.model).__name__} can give none of them. "
                f"Type: metrics.outliers.scores=[{given}]"
            )
        if self.against is None:
            require_unseen(now.prepared, self.class_number(now), f"metrics.outliers.held_out={self.held_out}")
        elif now.model.needs:
            raise DataError(
                f"metrics.outliers.against={self.against}: {type(now.model).__name__} takes labels of "
                f"{now.prepared.spec.name}, and images of another set have none of them. Hold a class out instead: "
                'metrics.outliers.against=null metrics.outliers.held_out=3 "data.class_shares={3: 0}"'
            )
        elif self.against not in now.others:
            return  # only the first rank has it, and measures
        for kind, (_, rows) in self.sets(now).items():
            if len(rows) < 2:
                raise DataError(f"metrics.outliers: {len(rows)} {kind} images in {now.split}; at least 2 are needed")

    def class_number(self, now: Evaluation) -> int:
        """The class that is held out."""
        return class_number(self.held_out, now.prepared.spec, "metrics.outliers.held_out")

    def sets(self, now: Evaluation) -> Sets:
        """The usual and the unusual images, at most ``images`` of each, drawn once for all models."""
        other = None if self.against is None else now.others[self.against]
        number = self.class_number(now) if other is None else None
        return usual_and_unusual(now.prepared, now.split, self.images, number, other)

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The three numbers of each score, on rank 0."""
        if rank():
            return {}
        found, kind = self.found(now), self.kind(now)
        values: dict[str, float] = {}
        for score, usual in found["usual"].items():
            both = usual.numpy(), found["unusual"][score].numpy()
            values |= {f"{name}_{score}_{kind}": measure(*both) for name, measure in MEASURES.items()}
            sizes = zip(("usual", "unusual"), map(len, both), strict=True)
            now.counts |= {f"{now.stage}/{score}_{kind}_{side}": size for side, size in sizes}
        return values

    def found(self, now: Evaluation) -> dict[str, Numbers]:
        """The scores of the ``usual`` and the ``unusual`` images."""

        def make() -> dict[str, Numbers]:
            scorer = Scorer(now.model, self.scores, self.draws, self.regret)
            many = len(now.prepared.columns["train"]["image"])
            scorer.learn(now.prepared, np.sort(repeated(many, min(many, self.train_images), "outliers train")))
            splits = {"usual": now.split, "unusual": "test" if self.against else now.split}
            return {
                kind: scorer.scores(prepared, splits[kind], rows, kind)
                for kind, (prepared, rows) in self.sets(now).items()
            }

        digest = now.others[self.against].spec.digest if self.against else ""
        return now.once(f"outliers-{key_of(repr(self), digest)}", make)

    # ---- what it leaves ----------------------------------------------------------------------------------------------

    def leave(self, now: Evaluation, folder: Path) -> None:
        """``tables/outliers_<outliers>.csv``, all scores; and a picture of the most unusual ones by each."""
        found, sets = self.found(now), self.sets(now)
        place = folder / "tables" / f"outliers_{self.kind(now)}.csv"
        with attempt(place):
            table = Table(place, ["set", "index", "unusual", *found["usual"]])
            table.truncate(0)
            for kind, (prepared, rows) in sets.items():
                for i, row in enumerate(rows):
                    values = {name: float(x[i]) for name, x in found[kind].items() if i < len(x)}
                    table.append(
                        {"set": prepared.spec.name, "index": int(row), "unusual": int(kind == "unusual"), **values}
                    )
            table.save()
        for score in found["usual"]:
            picture = folder / "images" / f"outliers_{self.kind(now)}_{score}.png"
            with attempt(picture):
                images.save_png(self.page(now, sets, score), picture)

    def page(self, now: Evaluation, sets: Sets, score: str) -> Tensor:
        """The most unusual images of either kind, with their scores. [3, H, W]."""
        columns = {
            kind: (prepared.columns["test" if self.against and kind == "unusual" else now.split]["image"], rows)
            for kind, (prepared, rows) in sets.items()
        }
        scores = {kind: numbers[score] for kind, numbers in self.found(now).items()}
        title = (
            f"{score}: {auroc(scores['usual'].numpy(), scores['unusual'].numpy()):.3f} AUROC, {self.kind(now)} unusual"
        )
        return images.from_uint8(torch.from_numpy(most_unusual(title, columns, scores))).permute(2, 0, 1)
