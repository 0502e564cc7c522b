"""Whether a model that takes labels obeys them, and whether its codes leave them to the label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.callbacks.samples import labels_for
from genlab.callbacks.translations import SAMPLED
from genlab.config.types import ExtractorChoice, NonNegativeInt, PositiveInt, SampleCount
from genlab.contracts import Classifies, Encodes, HasStyle, Samples, Split
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData
from genlab.inference.encoded import batches
from genlab.metrics.extractors.lessons import is_learnable
from genlab.metrics.probe import probe_accuracy
from genlab.models.base.distributed import gather_by_rank, rank, world_size
from genlab.models.base.labels import for_model, needs_labels

SURE = 0.99  # a classifier that is right less often says little of samples


def takes_classes(now: Evaluation) -> bool:
    """Whether the model takes the set's classes."""
    return needs_labels(now.model) and now.prepared.spec.labels == "classes"


@dataclass
class LabelAccuracy(Evaluator):
    """``label_accuracy``: the share of samples that the set's own classifier takes for the class that was asked for.

    The labels are those of the training set, in its proportions.

    Args:
        val_samples: samples in validation; 0: none. ``test_samples``: in the test.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Samples}

    extractor: ClassVar[ExtractorChoice] = "classifier"
    val_samples: SampleCount
    test_samples: SampleCount

    def count(self, now: Evaluation) -> int:
        """0 for a model without classes."""
        is_able = takes_classes(now) and is_learnable(now.prepared.spec)
        return now.limited(self.val_samples, self.test_samples) if is_able else 0

    def names(self, now: Evaluation) -> set[str]:
        """The one name."""
        return {"label_accuracy"}

    def notes(self, now: Evaluation) -> list[str]:
        """Of the classifier's own mistakes."""
        right = now.extractors.get(self.extractor).accuracy or 0.0
        said = f"label_accuracy: by a classifier that is right on {100 * right:.2f} % of the test images"
        return [said + ("" if right >= SURE else ": too few to tell much of samples")]

    def begin(self, now: Evaluation) -> None:
        """Request the samples."""
        now.generated.ask(now.extractor(self.extractor), self.count(now))

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The share, on rank 0."""
        extractor, count = now.extractor(self.extractor), self.count(now)
        features = now.generated.of(extractor, count).get(SAMPLED)
        asked = labels_for(now.model, now.prepared, count)
        if features is None or asked is None:
            return {}
        logits = extractor.logits(features)
        assert logits is not None
        now.counts[f"{now.stage}/label_accuracy"] = count
        return {"label_accuracy": (logits.argmax(1).cpu() == asked).double().mean().item()}


@dataclass
class LabelLeak(Evaluator):
    """``label_leak``: how often a linear classifier reads the class from the codes of test images, a share; chance is 1 / K.

    The codes are the encoder's means, without the part that is the class itself where a code has one; the classifier is a
    logistic regression fitted to codes of training images. A model without labels has nothing to leave out of its codes and
    is not measured.

    Args:
        training_codes: images that the classifier is fitted to; those of the split that is measured are all used.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Encodes}

    training_codes: PositiveInt

    def count(self, now: Evaluation) -> NonNegativeInt:
        """0 for a model without classes, and in validation: fitting takes seconds."""
        return now.prepared.spec.sizes[now.split] if takes_classes(now) and now.stage == "test" else 0

    def names(self, now: Evaluation) -> set[str]:
        """The one name."""
        return {"label_leak"}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The share, on rank 0; every rank encodes."""
        train = codes_of(now.model, now.prepared, "train", self.training_codes)
        test = codes_of(now.model, now.prepared, now.split, now.prepared.spec.sizes[now.split])
        if train is None or test is None:
            return {}
        now.counts[f"{now.stage}/label_leak"] = len(test[0])
        return {"label_leak": probe_accuracy(*train, *test)}


@dataclass
class GroupAccuracy(Evaluator):
    """``accuracy`` of a classifier over all images, ``worst_group_accuracy`` and ``mean_group_accuracy``: shares.

    The groups are the classes of the set, also where several of them are one answer: a class that is rare in training shows.
    """

    needs: ClassVar[dict[Any, Any]] = {"images": Classifies}

    def count(self, now: Evaluation) -> int:
        """All images of a set with classes."""
        return now.prepared.spec.sizes[now.split] if now.prepared.spec.labels == "classes" else 0

    def names(self, now: Evaluation) -> set[str]:
        """The three names."""
        return {"accuracy", "worst_group_accuracy", "mean_group_accuracy"}

    def finish(self, now: Evaluation) -> dict[str, float]:
        """The shares, on rank 0; every rank looks at some of the images."""

        def is_right(x: Tensor, label: Tensor) -> Tensor:
            return now.model.classify(x).argmax(1) == now.model.answer(label)

        found = looked_at(now.model, now.prepared, now.split, now.prepared.spec.sizes[now.split], is_right)
        if found is None:
            return {}
        right, label = found[0].double(), found[1]
        groups = torch.stack([right[label == group].mean() for group in label.unique()])
        now.counts[f"{now.stage}/worst_group_accuracy"] = int((label == label.unique()[groups.argmin()]).sum())
        named = {"accuracy": right.mean(), "worst_group_accuracy": groups.min(), "mean_group_accuracy": groups.mean()}
        return {name: value.item() for name, value in named.items()}


def codes_of(model: Any, prepared: PreparedData, split: Split, most: int) -> tuple[Tensor, Tensor] | None:
    """Means of the codes [N, D] and classes [N] of images chosen evenly at random; None on ranks other than 0.

    Of a code with a part for the class: the rest of it.
    """

    def code(x: Tensor, label: Tensor) -> Tensor:
        if isinstance(model, HasStyle):
            return model.style(x).float()
        return model.encode(x, **for_model(model, label)).mean.float()

    return looked_at(model, prepared, split, most, code)


def looked_at(
    model: Any, prepared: PreparedData, split: Split, most: int, look: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor] | None:
    """What ``look`` makes of images and classes, [N, ...], and the classes [N], on rank 0; None on the other ranks.

    Of ``most`` images of the split, chosen evenly at random; every rank looks at its share.
    """
    count = prepared.spec.sizes[split]
    own = np.sort(repeated(count, min(most, count), "codes", split))[rank() :: world_size()]
    seen, labels = [], []
    for batch in batches(model, prepared, split, own):
        assert batch.label is not None
        seen.append(look(batch.image, batch.label).cpu())
        labels.append(batch.label.cpu())
    found = gather_by_rank((torch.cat(seen), torch.cat(labels)))
    if not found:
        return None
    return torch.cat([value for value, _ in found.values()]), torch.cat([label for _, label in found.values()])
