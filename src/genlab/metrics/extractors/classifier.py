"""A small classifier of the set's own labels: its last hidden layer is what FIDs on digits should look at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.console import progress
from genlab.contracts import DataSpec
from genlab.data.store.order import epoch_order
from genlab.data.store.source import SPLITS, Prepared
from genlab.files import cached, key_of

RECIPE = {"version": 2, "epochs": 4, "least_steps": 400, "most_steps": 2000, "batch": 128, "lr": 2e-3, "seed": 0}


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


def levels_of(spec: DataSpec) -> tuple[int, ...]:
    """How many values each label of a set has; empty where there is nothing to tell apart."""
    return spec.levels or ((spec.classes,) if spec.classes > 1 else ())


def cached_classifier(prepared: Prepared, cache_root: Path) -> tuple[Convnet, float]:
    """The classifier of this data set and its accuracy on the test images; trained by the first who asks, then kept.

    Training touches no global random state, so a run is the same with or without it.
    """
    spec = prepared.spec
    key = key_of(RECIPE, spec.digest, spec.sizes, spec.shape, levels_of(spec), labels_digest(prepared))
    path = cache_root / "features" / f"classifier-{spec.name}-{key}.pt"
    with torch.random.fork_rng(devices=[]):
        return kept_network(path, lambda: trained_and_tested(prepared), Convnet(spec.shape, levels_of(spec)))


def labels_digest(prepared: Prepared) -> str:
    """SHA-256 of every label: the same images may be told apart by one attribute or by another."""
    digest = hashlib.sha256()
    for split in SPLITS:
        digest.update(np.ascontiguousarray(prepared.labels[split]).tobytes())
    return digest.hexdigest()


def kept_network(path: Path, make: Callable[[], dict[str, Any]], net: Convnet) -> tuple[Convnet, float]:
    """``net`` with the weights that ``make`` gave, and the accuracy that it gave with them.

    Raises:
        DataError: as ``cached``.
    """
    found = cached(path, make, lambda value: is_of(value, net))
    net.load_state_dict(found["weights"])
    return net.eval(), found["accuracy"]


def is_of(value: Any, net: nn.Module) -> bool:
    """Whether a value can be the weights and the accuracy of this network."""
    if not isinstance(value, dict) or not isinstance(value.get("weights"), dict):
        return False
    shapes = {name: getattr(weight, "shape", None) for name, weight in value["weights"].items()}
    return isinstance(value.get("accuracy"), float) and shapes == {n: w.shape for n, w in net.state_dict().items()}


def trained_and_tested(prepared: Prepared) -> dict[str, Any]:
    """What is kept of a classifier."""
    net = trained(prepared)
    return {"weights": net.state_dict(), "accuracy": accuracy(net, prepared)}


def trained(prepared: Prepared) -> Convnet:
    """Adam with one cycle of the learning rate, images moved by up to a pixel or two so that small sets suffice."""
    torch.default_generator.manual_seed(int(RECIPE["seed"]))  # torch.manual_seed would reach into every GPU as well
    spec, images, labels = prepared.spec, prepared.images["train"], prepared.labels["train"]
    assert labels is not None
    levels = levels_of(spec)
    net = Convnet(spec.shape, levels).train()
    batch = min(int(RECIPE["batch"]), len(images))
    an_epoch = len(images) // batch
    total = min(max(int(RECIPE["epochs"]) * an_epoch, int(RECIPE["least_steps"])), int(RECIPE["most_steps"]))
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RECIPE["lr"], total_steps=total)
    with progress(f"training the classifier that measures {spec.name}", total) as advance:
        for step in range(total):
            place = step % an_epoch * batch
            if place == 0:
                order = epoch_order(len(images), 0, step // an_epoch)
            index = order[place : place + batch]
            x = moved(torch.from_numpy(images[index]).float() / 255)
            right = torch.from_numpy(labels[index]).reshape(len(index), -1)
            each = [F.cross_entropy(z, y) for z, y in zip(net(x).split(levels, 1), right.T, strict=True)]
            loss = torch.stack(each).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            advance()
    return net.eval()


def moved(x: Tensor) -> Tensor:
    """The batch shifted by up to a twelfth of its side. [B, C, H, W] -> [B, C, H, W]."""
    reach = max(1, min(x.shape[-2:]) // 12)
    down, right = (int(torch.randint(-reach, reach + 1, ())) for _ in range(2))
    padded = F.pad(x, [reach] * 4, mode="replicate")
    height, width = x.shape[-2:]
    return padded[..., reach + down : reach + down + height, reach + right : reach + right + width]


@torch.no_grad()
def accuracy(net: Convnet, prepared: Prepared) -> float:
    """The share of labels of the test images that are told right; of several labels an image, the mean over them."""
    images, labels = prepared.images["test"], prepared.labels["test"]
    assert labels is not None
    levels, right = levels_of(prepared.spec), 0.0
    for start in range(0, len(images), 500):
        x = torch.from_numpy(np.array(images[start : start + 500])).float() / 255
        told = torch.stack([z.argmax(1) for z in net(x).split(levels, 1)], 1)  # [B, number of labels]
        right += float(
            (told == torch.from_numpy(np.array(labels[start : start + 500])).reshape(len(x), -1)).float().mean(1).sum()
        )
    return right / len(images)
