"""Samples that are images, in the features of one extractor: their classes, near-duplicates, copies, and neighbours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.analysis import Findings
from genlab.analysis.base.subject import Subject
from genlab.analysis.base.variety import Row, birthday_rows, class_rows, copy_rows, pair_rows
from genlab.analysis.samples.drawn import drawn
from genlab.analysis.samples.page import page_of
from genlab.config.types import ExtractorChoice
from genlab.console import progress
from genlab.data.store.columns import gather
from genlab.images import from_uint8, to_uint8
from genlab.metrics.extractors.choose import choose, make_extractor
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.metrics.histogram import at_least_half, entropy, kl_of_chance, reverse_kl
from genlab.metrics.memorisation import RARE, Memorisation, memorisation
from genlab.metrics.neighbours import neighbours
from genlab.random import keyed

FEWEST = 50  # samples
BATCHES = 10  # of the birthday test, at least
K_PRECISION, K_DENSITY = 3, 5  # as in conf/metrics/evaluation.yaml
ERRORS = 2  # standard errors beyond which there are more copies than chance makes


@dataclass(frozen=True)
class Looked:
    """Samples and real images, as an extractor sees them.

    Args:
        images: the samples, uint8 [N, C, H, W].
        features: theirs, [N, d].
        train: of the training images.
        held_out: of images of the split, as many as there are samples at most.
        extractor: which it is.
        device: where distances are worked out: one with float64.
    """

    images: Tensor
    features: Tensor
    train: RealFeatures
    held_out: RealFeatures
    extractor: Extractor
    device: torch.device

    def training_image(self, rows: Sequence[int]) -> Tensor:
        """Training images in [0, 1], [n, C, H, W]."""
        return from_uint8(torch.from_numpy(np.array(gather(self.train.images, np.array(rows), self.train.cut))))


def looked(subject: Subject, count: int, choice: ExtractorChoice) -> Looked:
    """Draw the samples, and look at them and at the real images."""
    prepared, cache = subject.prepared, subject.cache()
    chosen = choose(choice, "antialiased", prepared.spec, {})
    extractor = make_extractor(chosen, prepared, cache).to(subject.device)
    images, features = [], []
    with progress("sampling", count, unit="images") as advance:
        for x in drawn(subject, count):
            images.append(to_uint8(x).cpu())
            features.append(extractor(x).cpu())
            advance(len(x))
    train = RealFeatures(prepared, "train", extractor, cache)
    held_out = RealFeatures(prepared, subject.split, extractor, cache, limit=count)
    device = subject.device if subject.device.type != "mps" else torch.device("cpu")
    return Looked(torch.cat(images), torch.cat(features), train, held_out, extractor, device)


def found_of_images(
    subject: Subject, count: int, choice: ExtractorChoice, sizes: Sequence[int], shown: int
) -> Findings:
    """Table: classes where there are any, else the copies; the others beside it. Picture: a page."""
    seen = looked(subject, count, choice)
    classes, of_classes = told_classes(subject, seen)
    near, of_pairs = near_duplicates(subject, seen, sizes)
    copies = memorisation(seen.features, seen.train.features, seen.held_out.features, seen.device)
    nearest, pairs = copy_rows(copies, shown), pair_rows(seen.features, shown // 2, seen.device)
    metrics = of_classes | of_pairs | {"copies": copies.share} | of_neighbours(seen)
    lines = said_of_variety(classes, near, metrics, sizes), said_of_copies(copies, metrics, seen)
    tables: dict[str, list[Mapping[str, Any]]] = {"copies": list(nearest), "pairs": list(pairs)}
    if near:
        tables["near_duplicates"] = list(near)
    main = list(classes) or tables.pop("copies")
    page = page_of(subject, seen.images, lines, classes, near, (pairs, nearest), seen.training_image)
    named = {f"{subject.split}/{name}": value for name, value in metrics.items() if math.isfinite(value)}
    return Findings(list(main), page, lines, named, dict.fromkeys(named, count), {}, tables)


def told_classes(subject: Subject, seen: Looked) -> tuple[list[Row], dict[str, float]]:
    """Samples by class beside the training images, and the numbers of both; empty without a classifier of classes."""
    spec = subject.prepared.spec
    if spec.classes < 2 or seen.extractor.name != "classifier":
        return [], {}
    label = np.asarray(subject.prepared.labels["train"])
    found = torch.bincount(seen.extractor.classes(seen.features), minlength=spec.classes)
    wanted = at_least_half(torch.from_numpy(np.bincount(label, minlength=spec.classes)))
    numbers = {"classes": float((found > 0).sum()), "class_kl": reverse_kl(found, wanted)}
    return class_rows(found, wanted), numbers | {"class_entropy": entropy(found)}


def near_duplicates(subject: Subject, seen: Looked, sizes: Sequence[int]) -> tuple[list[Row], dict[str, float]]:
    """The birthday test of samples and training images, in sizes that make ``BATCHES`` batches; numbers of the largest."""
    order = keyed(subject.seed, "birthday").permutation(len(seen.train))[: len(seen.features)]
    fitting = sorted(size for size in sizes if size * BATCHES <= min(len(seen.features), len(order)))
    if not fitting:
        return [], {}
    real = seen.train.features[torch.from_numpy(order)]
    _, found = birthday_rows(seen.features, real, fitting, seen.device)
    return found, {key: found[-1][key] for key in ("support", "support_low", "support_high")}


def of_neighbours(seen: Looked) -> dict[str, float]:
    """Precision, recall, density and coverage against the held-out images; empty where these are too few."""
    if min(len(seen.held_out), len(seen.features)) <= max(K_PRECISION, K_DENSITY):
        return {}
    found = neighbours(seen.held_out.features, seen.features, K_PRECISION, K_DENSITY, seen.device)
    ending = f"{seen.extractor.key}_{len(seen.features)}"
    return {f"{name}_{ending}": found[name] for name in ("precision", "recall", "density", "coverage")}


# ---- the two lines --------------------------------------------------------------------------------------------------


def said_of_variety(classes: list[Row], near: list[Row], metrics: dict[str, float], sizes: Sequence[int]) -> str:
    """The first line: classes, and how many different images there seem to be, tested in batches of ``sizes``."""
    parts = []
    if classes:
        count = int(sum(row["samples"] for row in classes))
        by_chance = kl_of_chance(len(classes), count)
        parts.append(
            f"{metrics['classes']:.0f} of {len(classes):,} classes; class_kl is {metrics['class_kl']:.3f} nats, "
            f"{by_chance:.3f} by chance alone"
        )
    if near:
        last = near[-1]
        parts.append(
            f"near-duplicates come as often as among {supported(last)} equally likely images (training images, by the same "
            f"distance: {counted(last['real_support'])})"
        )
    elif sizes:
        parts.append(f"no birthday test: {BATCHES} batches of {min(sizes)} images are more than there are")
    return "; ".join(parts) or "no birthday test was asked for, and there are no classes"


def supported(row: Row) -> str:
    """The support of samples in words, with its interval; without a near-duplicate, the lower end of that."""
    if math.isinf(row["support"]):
        return f"at least {counted(row['support_low'])}"
    return f"{counted(row['support'])} ({counted(row['support_low'])} to {counted(row['support_high'])})"


def counted(support: float) -> str:
    """A support to two digits, which is as many as it has."""
    return f"{float(f'{support:.2g}'):,.0f}" if math.isfinite(support) else "any number of"


def said_of_copies(copies: Memorisation, metrics: dict[str, float], seen: Looked) -> str:
    """The second line: copies, precision and recall."""
    count, share = len(copies.distances), copies.share
    error = math.sqrt(RARE * (1 - RARE) * (1 / count + 1 / len(copies.held_out)))
    as_near = f"as near to a training image as the nearest {100 * RARE:.0f} % of held-out ones"
    if share == 0:
        told = f"no sample is a copy of a training image: none of {count:,} is {as_near}"
    elif share <= RARE + ERRORS * error:
        told = f"no sign of copies: {100 * share:.1f} % of {count:,} samples are {as_near}"
    else:
        told = f"copies of training images: {100 * share:.1f} % of {count:,} samples are {as_near}"
    ending = f"{seen.extractor.key}_{count}"
    if f"precision_{ending}" in metrics:
        told += f"; precision {metrics[f'precision_{ending}']:.2f}, recall {metrics[f'recall_{ending}']:.2f}"
    return told
