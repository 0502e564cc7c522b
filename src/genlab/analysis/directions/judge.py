"""What a classifier of the set's labels, which knows nothing of the model, sees in images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.contracts import ConfigError, Problem
from genlab.metrics.extractors.classifier import Convnet, cached_classifier
from genlab.metrics.extractors.lessons import Lesson, is_learnable, levels_of

CHUNK = 250  # images at once


class Judge:
    """The set's own classifier, trained on its training images and kept.

    Args:
        subject: whose set.
    """

    def __init__(self, subject: Subject) -> None:
        self.net: Convnet
        self.net, self.accuracy = cached_classifier(Lesson(subject.prepared), subject.cache())
        self.net.to(subject.device)
        self.levels, self.device = levels_of(subject.prepared.spec), subject.device

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """The probability of each attribute of two values, or of each class. [N, C, H, W] in [0, 1] -> [N, A]."""
        logits = torch.cat([self.net(part.to(self.device)) for part in images.split(CHUNK)]).double().cpu()
        return probabilities(logits, self.levels)


def probabilities(logits: Tensor, levels: Sequence[int]) -> Tensor:
    """Of the second value of each label of two, or of the classes of an only label. [N, sum of levels] -> [N, A]."""
    parts = [part.softmax(1) for part in logits.split(list(levels), 1)]
    if len(parts) == 1:
        return parts[0]
    return torch.stack([part[:, 1] for part in parts if part.shape[1] == 2], 1)


def require_judge(subject: Subject, what: str) -> None:
    """Refuse a set of whose labels no classifier can be taught.

    Raises:
        ConfigError: with the sets that fit.
    """
    if not is_learnable(subject.loaded.spec):
        said = f"no classifier tells the labels of {subject.loaded.spec.name}, some of which are continuous"
        raise ConfigError([Problem(f"what={what}", said, "Give a run on a set of classes or attributes: data=celeba")])
