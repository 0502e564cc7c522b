"""The feature extractor of FID, KID and other measures: a network, with the name and the digest that tell it apart."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn

from genlab.config.types import ResizeRule
from genlab.images import rounded, widened

BLOCK = 4096  # features whose classes are told at once: of a thousand classes, 16 MB
SUFFIXES: dict[ResizeRule, str] = {"antialiased": "", "tf": "_tf", "clean": "_clean"}


class Extractor(nn.Module):
    """Images [B, C, H, W] in [0, 1] -> features [B, d], after rounding to the 256 grey levels of a file.

    Args:
        name: ``classifier``, ``inception``, ``random`` …: part of every metric's name.
        net: [B, C, H, W] in [0, 1] -> [B, d].
        num_features: d.
        accuracy: of the classifier on held-out images, None for the others.
        head: features [B, d] -> logits [B, K] of one choice of K classes; None if there is no such choice.
        channels: C of the net; grey images are repeated to it.
        resize: how images are brought to the size of the network: part of the name of its metrics, and of the digest.
        digest: of the weights; None: worked out from them.
    """

    def __init__(
        self,
        name: str,
        net: nn.Module,
        num_features: int,
        accuracy: float | None = None,
        head: nn.Module | None = None,
        channels: int = 1,
        resize: ResizeRule = "antialiased",
        digest: str | None = None,
    ) -> None:
        super().__init__()
        self.channels, self.resize = channels, resize
        self.name, self.num_features, self.accuracy, self.head = name, num_features, accuracy, head
        self.net = net.eval().requires_grad_(False)
        self.digest = (digest or weights_digest(net)) + SUFFIXES[resize]

    @property
    def suffix(self) -> str:
        """What follows the beginning of a metric's name: ``fid_tf_inception_10000`` has ``_tf``."""
        return SUFFIXES[self.resize]

    @property
    def key(self) -> str:
        """Tells it from the other extractors of a run: its name, and how it resizes."""
        return self.name + self.suffix

    @property
    def device(self) -> torch.device:
        """Device of the weights, where the images must be too."""
        return next(self.net.parameters()).device

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Features, float32, whatever the precision of the model that is measured."""
        with torch.autocast(x.device.type, enabled=False):
            return self.net(widened(rounded(x), self.channels))

    @torch.no_grad()
    def logits(self, features: Tensor) -> Tensor | None:
        """Logits [N, K] of features [N, d], on the device of the weights; None if the network tells no classes apart.

        Inception's are those of its Inception score: without the bias (``logits_unbiased`` of torch-fidelity).
        """
        return self.head(features.to(self.device)) if self.head is not None else None

    def classes(self, features: Tensor) -> Tensor:
        """The class that a network with logits takes each image for. Features [N, d] -> int64 [N] on the CPU."""
        logits = (self.logits(part) for part in features.split(BLOCK))
        return torch.cat([each.argmax(1).cpu() for each in logits if each is not None])

    def share_of(self, domain: int, features: Tensor) -> float:
        """The share of images that the domain classifier assigns to ``domain`` (0: A, 1: B). Features [N, d]."""
        logits = self.logits(features)
        assert logits is not None
        return (logits.argmax(1) == domain).double().mean().item()


def weights_digest(net: nn.Module) -> str:
    """SHA-256 over the names and bytes of all weights, shortened."""
    digest = hashlib.sha256()
    for name, tensor in net.state_dict().items():
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
