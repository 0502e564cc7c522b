"""The extractors without published weights: a set's own classifier, and a random network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.classifier import Convnet, cached_classifier
from genlab.metrics.extractors.classifier_augment import resized
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.lessons import Lesson


class Features(nn.Module):
    """A classifier's last hidden layer; images are resized to ``size`` (H, W)."""

    def __init__(self, classifier: Convnet, size: tuple[int, int]) -> None:
        super().__init__()
        self.classifier, self.size = classifier, size

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, d]."""
        return self.classifier.features(resized(x, self.size))


def random_features(shape: tuple[int, ...]) -> Extractor:
    """A random network, the same in every run: its numbers are comparable, but its features have no semantics."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        net = Convnet(shape, (2,))
    return Extractor("random", Features(net.eval(), size_of(shape)), net.num_features, channels=shape[0])


def classifier_of(prepared: PreparedData, cache_root: Path) -> Extractor:
    """The set's own classifier, trained unless it is cached. With one label an image, it has logits."""
    lesson = Lesson(prepared)
    net, accuracy = cached_classifier(lesson, cache_root)
    head = nn.Sequential(nn.ReLU(), net.head) if len(lesson.levels) == 1 else None
    features = Features(net, size_of(lesson.shape))
    return Extractor("classifier", features, net.num_features, accuracy, head, lesson.shape[0])


def size_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """(H, W) of images of this shape."""
    height, width = shape[1:]
    return height, width
