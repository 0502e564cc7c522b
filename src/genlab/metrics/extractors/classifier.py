"""A small classifier, trained once per data set and cached; its last hidden layer gives the features for FID and KID."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.console import progress
from genlab.files import cached, key_of
from genlab.metrics.extractors.lessons import Lesson


class Convnet(nn.Module):
    """Stride-2 convolutions down to 4 pixels, then 128 features, then logits: [B, C, H, W] in [0, 1] -> [B, K].

    Args:
        shape: of an image, (C, H, W).
        levels: how many values each label has, (10,) for digits, (2,) * 40 for forty attributes; K is their sum.
    """

    num_features = 128

    def __init__(self, shape: tuple[int, ...], levels: tuple[int, ...]) -> None:
        super().__init__()
        channels, height, width = shape
        layers: list[nn.Module] = [nn.Conv2d(channels, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()]
        now = 16
        while min(height, width) > 4:
            after = min(2 * now, 64)
            layers += [nn.Conv2d(now, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
            now, height, width = after, (height + 1) // 2, (width + 1) // 2
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(now * height * width, self.num_features))
        self.head = nn.Linear(self.num_features, sum(levels))

    def features(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, 128], before the last non-linearity."""
        return self.body(x - 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> logits [B, K]."""
        return self.head(self.features(x).relu())


def cached_classifier(lesson: Lesson, cache_root: Path) -> tuple[Convnet, float]:
    """The classifier and its accuracy on the test images; trained on first use, then cached.

    Training leaves the global random state unchanged, so a run is the same with or without it.

    Raises:
        DataError: the cached file is damaged, or the disk is full.
    """
    path = cache_root / "features" / f"classifier-{lesson.spec.name}-{key_of(*lesson.facts())}.pt"
    with torch.random.fork_rng(devices=[]):
        net = Convnet(lesson.shape, lesson.levels)
        found = cached(path, lambda: train_and_test(lesson), lambda value: is_of(value, net))
    net.load_state_dict(found["weights"])
    return net.eval(), found["accuracy"]


def is_of(value: Any, net: nn.Module) -> bool:
    """Whether a cached value is the weights and the accuracy of this network."""
    if not isinstance(value, dict) or not isinstance(value.get("weights"), dict):
        return False
    shapes = {name: getattr(weight, "shape", None) for name, weight in value["weights"].items()}
    return isinstance(value.get("accuracy"), float) and shapes == {n: w.shape for n, w in net.state_dict().items()}


def train_and_test(lesson: Lesson) -> dict[str, Any]:
    """Train a classifier. -> what is cached: weights and accuracy."""
    net = train_classifier(lesson)
    if lesson.recipe["unit"]:
        scale(net, lesson)
    return {"weights": net.state_dict(), "accuracy": accuracy(net, lesson)}


@torch.inference_mode(False)
@torch.enable_grad()
def train_classifier(lesson: Lesson) -> Convnet:
    """Train by AdamW with a one-cycle learning rate; gradients are enabled, since an evaluation may be the caller."""
    recipe, total = lesson.recipe, lesson.steps()
    torch.default_generator.manual_seed(recipe["seed"])  # torch.manual_seed would reach into every GPU as well
    net = Convnet(lesson.shape, lesson.levels).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = optimizer_of(net, recipe)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe["lr"], total_steps=total)
    title = f"training the classifier that measures {lesson.spec.name}"
    with progress(title, total, announced="once for this set") as advance:
        for x, right in lesson.batches():
            features = net.features(x.contiguous(memory_format=torch.channels_last))
            logits = net.head(F.dropout(features.relu(), recipe["dropout"])).split(lesson.levels, 1)
            loss = torch.stack([F.cross_entropy(z, y) for z, y in zip(logits, right.T, strict=True)]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            advance()
    return net.eval().to(memory_format=torch.contiguous_format)


def optimizer_of(net: Convnet, recipe: dict[str, Any]) -> torch.optim.Optimizer:
    """AdamW, with weight decay on weights but not on biases and norms."""
    weights, others = ([p for p in net.parameters() if (p.ndim > 1) == wide] for wide in (True, False))
    groups = [{"params": weights, "weight_decay": recipe["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe["lr"], fused=True)


@torch.no_grad()
def scale(net: Convnet, lesson: Lesson) -> None:
    """Scale the features to a mean square of 1 over the training images, which fixes FID's unit and suits KID's kernel.

    The last hidden layer is divided and the head multiplied by the same factor, so the predictions stay the same.
    """
    squares = [net.features(x).square() for x, _ in lesson.examples("train")]
    size = torch.cat(squares).mean().sqrt().clamp_min(1e-6)
    last = net.body[-1]
    assert isinstance(last, nn.Linear)
    last.weight.div_(size)
    last.bias.div_(size)
    net.head.weight.mul_(size)


@torch.no_grad()
def accuracy(net: Convnet, lesson: Lesson) -> float:
    """The share of the test images' labels that are predicted correctly, averaged over the labels of an image."""
    shares = []
    for x, right in lesson.examples("test"):
        told = torch.stack([z.argmax(1) for z in net(x).split(lesson.levels, 1)], 1)  # [B, number of labels]
        shares.append((told == right).double().mean(1))
    return torch.cat(shares).mean().item()
