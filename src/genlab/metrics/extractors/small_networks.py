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


class ChannelFeatures(nn.Module):
    """The features of every channel, one after the other, where channels are pictures of their own."""

    def __init__(self, features: Features) -> None:
        super().__init__()
        self.each = features

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C d]."""
        return self.each(x.flatten(0, 1).unsqueeze(1)).reshape(len(x), -1)


class JointLogits(nn.Module):
    """Log-probabilities of the classes of an image, which are those of its channels in order; K of each channel."""

    def __init__(self, head: nn.Module, num_features: int) -> None:
        super().__init__()
        self.head, self.num_features = head, num_features

    def forward(self, features: Tensor) -> Tensor:
        """[B, C d] -> [B, K ** C]: the sum over channels, the last of which counts fastest."""
        each = self.head(features.unflatten(1, (-1, self.num_features))).log_softmax(-1)  # [B, C, K]
        joint = each[:, 0]
        for channel in each.unbind(1)[1:]:
            joint = (joint[:, :, None] + channel[:, None]).flatten(1)
        return joint


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
    features, count = Features(net, size_of(lesson.shape)), lesson.each * net.num_features
    channels = lesson.each * lesson.shape[0]
    if prepared.spec.channel_classes and head is not None:
        joint = JointLogits(head, net.num_features)
        return Extractor("classifier", ChannelFeatures(features), count, accuracy, joint, channels)
    return Extractor("classifier", features, count, accuracy, head, channels)


def size_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """(H, W) of images of this shape."""
    height, width = shape[1:]
    return height, width
