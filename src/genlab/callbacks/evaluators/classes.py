"""Which classes samples are of: how many of them, and in which shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.callbacks.evaluators.labelled import SURE
from genlab.callbacks.translations import SAMPLED
from genlab.config.types import ExtractorChoice, SampleCount
from genlab.contracts import Samples
from genlab.metrics.extractors.choose import resolved
from genlab.metrics.histogram import at_least_half, entropy, reverse_kl, shares


@dataclass
class Classes(Evaluator):
    """``classes``, ``class_kl`` and ``class_entropy`` of samples, by the set's own classifier.

    ``classes``: how many of the set's classes are among the samples. ``class_kl``: KL(samples by class || training images by
    class), in nats. ``class_entropy``: of the samples' histogram, in nats. The table ``classes`` has the samples of each class.

    Args:
        extractor: measured is only where it stands for the classifier, whose features FID has asked for already.
        val_samples: samples in validation; 0: none.
        test_samples: the same in the test.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Samples}

    extractor: ExtractorChoice
    val_samples: SampleCount
    test_samples: SampleCount

    def count(self, now: Evaluation) -> int:
        """0 for a set without classes, or without their classifier."""
        spec = now.prepared.spec
        told = spec.classes > 1 and resolved(self.extractor, spec, now.extractors.stated) == "classifier"
        return now.limited(self.val_samples, self.test_samples) if told else 0

    def names(self, now: Evaluation) -> set[str]:
        """All three."""
        return {"classes", "class_kl", "class_entropy"}

    def notes(self, now: Evaluation) -> list[str]:
        """Of a classifier that often errs."""
        right, spec = now.extractors.get(self.extractor).accuracy or 0.0, now.prepared.spec
        of = "test images, channel by channel" if spec.channel_classes else "test images"
        said = f"classes, class_kl: by a classifier that is right on {100 * right:.2f} % of the {of}"
        return [said] if right < SURE else []

    def begin(self, now: Evaluation) -> None:
        """Request the samples."""
        now.generated.ask(now.extractor(self.extractor), self.count(now))

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The metrics, on rank 0."""
        extractor, count, spec = now.extractor(self.extractor), self.count(now), now.prepared.spec
        features = now.generated.of(extractor, count).get(SAMPLED)
        if features is None:
            return {}
        found = torch.bincount(extractor.classes(features), minlength=spec.classes)
        wanted = at_least_half(training_classes(now))
        now.tables["classes"] = rows(found, wanted)
        now.counts |= {f"{now.stage}/{name}": count for name in self.names(now)}
        kl, spread = reverse_kl(found, wanted), entropy(found)
        return {"classes": float((found > 0).sum()), "class_kl": kl, "class_entropy": spread}


def training_classes(now: Evaluation) -> Tensor:
    """The training images of each class, int64 [K]."""
    label = np.asarray(now.prepared.labels["train"])
    return torch.from_numpy(np.bincount(label, minlength=now.prepared.spec.classes))


def rows(found: Tensor, wanted: Tensor) -> list[dict[str, float]]:
    """The table: samples by class, and the share of each class among the training images. [K], [K]."""
    each = zip(found.tolist(), shares(wanted).tolist(), strict=True)
    return [{"class": number, "samples": count, "wanted": share} for number, (count, share) in enumerate(each)]
