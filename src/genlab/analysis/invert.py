"""``what=invert``: the z of held-out images under a frozen generator, what it makes of them, and ways between two of them.

The parts are in ``inversion``: the descent, the encoder, and what can be done with the z that they find.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.subject import Subject
from genlab.analysis.inversion.descent import Descent, Inversion, best_of_random, require_generator
from genlab.analysis.inversion.edits import SIDE, between, images_along, rows, sheet, shown
from genlab.analysis.inversion.latent_encoder import LatentEncoder, encoded, hybrid
from genlab.config.types import AtLeastTwo, PositiveFloat, PositiveInt
from genlab.contracts import Decodes, Generates
from genlab.figures import Block
from genlab.models.base.labels import needs_labels
from genlab.random import keyed_number

WAYS = 4  # between two images, in the picture, at most


@dataclass
class Invert(Analysis):
    """Images of ``split`` inverted, beside the sample nearest to each, and ways through z between the first and second, ….

    Args:
        images: how many.
        way: ``descent`` from drawn z, ``encoder`` alone, or ``hybrid``: the descent from where the encoder points.
        steps: of the descent; ``lr``: its first rate, in standard deviations of z.
        starts: of the descent without an encoder, for each image.
        sigma: standard deviation of a pixel, in [0, 1]; the smaller, the less the prior of z weighs.
        batch_size: images that descend at once.
        encoder: how it is trained.
        samples: from which the nearest is taken, for comparison.
        between: images on a way, both ends included.
    """

    needs: ClassVar[tuple[type, ...]] = (Generates, Decodes)

    images: PositiveInt
    way: Literal["hybrid", "descent", "encoder"]
    steps: PositiveInt
    lr: PositiveFloat
    starts: PositiveInt
    sigma: PositiveFloat
    batch_size: PositiveInt
    encoder: LatentEncoder
    samples: PositiveInt
    between: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """Points and models without z are not inverted."""
        for subject in subjects:
            require_generator(subject.model, "what=invert")

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each image and method. Picture: images, inversions, nearest samples, and ways."""
        (subject,) = subjects
        x, label = chosen(subject, self.images)
        found = self.found(subject, x, label)
        lines = said(found, self.way, f"{len(x)} {subject.split} images")
        names = {self.way: self.way, nearest_of(self.samples): "random"}
        metrics = {f"{subject.split}/psnr_{short}": float(found[name].psnr.mean()) for name, short in names.items()}
        ways = [*self.blocks(subject.model, found[self.way].z, label)]
        picture = sheet(f"{subject.title}, {subject.split} images inverted", x, found, ways)
        return Findings(list(rows(found)), picture, lines, metrics, dict.fromkeys(metrics, len(x)))

    def found(self, subject: Subject, x: Tensor, label: Tensor | None) -> dict[str, Inversion]:
        """What each method finds of images [B, C, H, W] in [0, 1], by its name."""
        model = subject.model
        seeds = {key: keyed_number(subject.seed, "invert", key) for key in ("starts", "encoder", "samples")}
        descent = Descent(self.steps, self.lr, self.starts, self.sigma, self.batch_size)
        found: dict[str, Inversion] = {}
        if self.way == "descent":
            found["descent"] = descent(model, x, seeds["starts"], label=label)
        else:
            encoder = self.encoder.trained(model, seeds["encoder"], labels=training_labels(subject))
            found["encoder"] = encoded(encoder, model, x, label=label)
            if self.way == "hybrid":
                found["hybrid"] = hybrid(encoder, descent, model, x, seeds["starts"], label=label)
        nearest = best_of_random(model, x, self.samples, seeds["samples"], label=label)
        return found | {nearest_of(self.samples): nearest}

    def blocks(self, model: Any, z: Tensor, label: Tensor | None) -> Iterator[Block]:
        """Ways from the first image to the second, the third to the fourth, …, of the label of the one at which each begins."""
        begins = range(0, len(z) - 1, 2)[:WAYS]
        if not begins:
            return
        ways = torch.stack([between(z[i], z[i + 1], self.between) for i in begins])
        made = images_along(model, ways, label=None if label is None else label[list(begins)])
        captions = [text for i in begins for text in (f"{i}", *[""] * (self.between - 2), f"{i + 1}")]
        cells = [(shown(image), caption) for image, caption in zip(made, captions, strict=True)]
        yield Block("from one inverted image to another, through z", cells, self.between, SIDE)


def nearest_of(count: int) -> str:
    """What the comparison is called."""
    return f"nearest of {count} samples"


def chosen(subject: Subject, count: int) -> tuple[Tensor, Tensor | None]:
    """Images [B, C, H, W] in [0, 1] of the split, and their labels if the model needs them."""
    batches: list[Any] = [*subject.held_out(subject.split, count)]
    x = torch.cat([batch.image for batch in batches]).float()
    return x, torch.cat([batch.label for batch in batches]) if needs_labels(subject.model) else None


def training_labels(subject: Subject) -> Tensor | None:
    """Of all training images, if the model needs labels."""
    labels = subject.prepared.labels["train"]
    return torch.from_numpy(np.array(labels)) if needs_labels(subject.model) else None


def said(found: dict[str, Inversion], way: str, what: str) -> tuple[str, str]:
    """The two lines."""
    by, (name, sample) = found[way], list(found.items())[-1]
    more = f", by the encoder alone {found['encoder'].psnr.mean():.1f} dB" if way == "hybrid" else ""
    first = f"{what} by {way}: {by.psnr.mean():.1f} dB on average, {by.psnr.min():.1f} dB at worst{more}; "
    nearer = int((by.psnr > sample.psnr).sum())
    first += f"the {name}: {sample.psnr.mean():.1f} dB"
    lengths, usual = by.z.norm(dim=1), by.z.shape[1] ** 0.5
    return first, (
        f"{nearer} of {len(by.z)} are nearer than their nearest sample; |z| is {lengths.mean():.1f} on average, of draws "
        f"about {usual:.1f}"
    )
