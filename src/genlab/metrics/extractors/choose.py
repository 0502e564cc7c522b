"""Feature extractors for FID and KID. Each has a name, which is part of its metrics' names, and a digest of its weights."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch
from torch import Tensor, nn

from genlab.config.types import ExtractorChoice
from genlab.contracts import ConfigError, DataError, DataSpec, Problem
from genlab.data.store.source import PreparedData
from genlab.files import sha256
from genlab.images import rounded, to_uint8, widened
from genlab.metrics.extractors.classifier import Convnet, cached_classifier
from genlab.metrics.extractors.classifier_augment import resized
from genlab.metrics.extractors.lessons import Lesson, is_learnable

INCEPTION = "weights-inception-2015-12-05-6726825d.pth"
INCEPTION_URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{INCEPTION}"
INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class Extractor(nn.Module):
    """Images [B, C, H, W] in [0, 1] -> features [B, d], after rounding to the 256 grey levels of a file.

    Args:
        name: ``classifier``, ``inception`` or ``random``: part of every metric's name.
        net: [B, C, H, W] in [0, 1] -> [B, d].
        num_features: d.
        accuracy: of the classifier on held-out images, None for the others.
        head: of a classifier of two domains: features -> logits [B, 2]; None for the others.
        channels: C of the net; grey images are repeated to it.
    """

    def __init__(
        self,
        name: str,
        net: nn.Module,
        num_features: int,
        accuracy: float | None = None,
        head: nn.Module | None = None,
        channels: int = 1,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.name, self.num_features, self.accuracy, self.head = name, num_features, accuracy, head
        self.net = net.eval().requires_grad_(False)
        self.digest = weights_digest(net)

    @property
    def device(self) -> torch.device:
        """Device of the weights, where the images must be too."""
        return next(self.net.parameters()).device

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Features, float32."""
        return self.net(widened(rounded(x), self.channels))

    @torch.no_grad()
    def share_of(self, domain: int, features: Tensor) -> float:
        """The share of images that the domain classifier assigns to ``domain`` (0: A, 1: B). Features [N, d]."""
        assert self.head is not None
        told = self.head(features.to(self.device).relu()).argmax(1)
        return (told == domain).double().mean().item()


def weights_digest(net: nn.Module) -> str:
    """SHA-256 over the names and bytes of all weights, shortened."""
    digest = hashlib.sha256()
    for name, tensor in net.state_dict().items():
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


class Features(nn.Module):
    """A classifier's last hidden layer; images are resized to ``size`` (H, W)."""

    def __init__(self, classifier: Convnet, size: tuple[int, int]) -> None:
        super().__init__()
        self.classifier, self.size = classifier, size

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, d]."""
        return self.classifier.features(resized(x, self.size))


class Inception(nn.Module):
    """The Inception network of published FIDs, from torch-fidelity; grey images are repeated to three channels.

    Raises:
        DataError: the weights are not the published ones.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        if sha256(weights) != INCEPTION_SHA256:  # torch-fidelity unpickles whatever the file holds
            raise DataError(f"{weights} is not the published file (SHA-256 differs). Delete it, or fetch it anew.")
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        self.net = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(weights))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] in [0, 1] -> [B, 2048]."""
        (features,) = self.net(to_uint8(x).expand(-1, 3, -1, -1))
        return features


def random_features(shape: tuple[int, ...]) -> Extractor:
    """A random network, the same in every run: its numbers are comparable, but its features have no semantics."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        net = Convnet(shape, (2,))
    return Extractor("random", Features(net.eval(), size_of(shape)), net.num_features, channels=shape[0])


def size_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """(H, W) of images of this shape."""
    height, width = shape[1:]
    return height, width


def inception_weights() -> Path:
    """The path where torch-fidelity stores the Inception weights."""
    home = os.path.expanduser(os.environ.get("TORCH_HOME", "~/.cache/torch"))
    return Path(home) / "hub" / "checkpoints" / INCEPTION


def extractor_name(choice: ExtractorChoice, spec: DataSpec) -> str:
    """The name of the extractor that ``choice`` selects for a set; nothing is built yet.

    ``auto``: ``classifier`` if the set has labels or two domains, else ``inception`` if its weights are on disk, else
    ``random``. Pairs get no classifier: telling photographs from maps is too easy to yield useful features.

    Raises:
        ConfigError: the set has nothing for a classifier to learn, or the Inception weights are missing.
    """
    weights = inception_weights()
    if choice == "auto":
        return "classifier" if is_learnable(spec) else "inception" if weights.is_file() else "random"
    where = f"extractor={choice}"
    if choice == "classifier" and not is_learnable(spec):
        what = f"{spec.name} has neither labels nor two domains for a classifier to learn"
        raise ConfigError([Problem(where, what, "Type: metrics.extractor=auto")])
    if choice == "inception" and not weights.is_file():
        remedy = f"Fetch {INCEPTION_URL} there, or type: metrics.extractor=auto"
        raise ConfigError([Problem(where, f"there is no {weights}", remedy)])
    return choice


def make_extractor(name: str, prepared: PreparedData, cache_root: Path) -> Extractor:
    """Build an extractor by name; a classifier is trained unless it is cached."""
    if name == "inception":
        return Extractor(name, Inception(inception_weights()), 2048)
    if name == "random":
        return random_features(prepared.spec.widest)
    lesson = Lesson(prepared)
    net, accuracy = cached_classifier(lesson, cache_root)
    head = net.head if prepared.spec.kind == "domains" else None
    return Extractor(name, Features(net, size_of(lesson.shape)), net.num_features, accuracy, head, lesson.shape[0])
