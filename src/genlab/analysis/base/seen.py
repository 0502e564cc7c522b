"""Images of a split and their codes, as an analysis takes them; and labels as columns of yes and no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.contracts import ConfigError, DataSpec, Problem, Split
from genlab.models.base.labels import for_model

EVERY = 10**9  # images


@dataclass(frozen=True)
class Seen:
    """Images and their codes, on the CPU, in the order of the split.

    Args:
        image: [N, C, H, W] in [0, 1]; of none kept, N = 0.
        mean: of q(z|x), or the code, [N, D].
        logvar: of q(z|x), [N, D]; None of a model whose code is no distribution.
        label: [N] or [N, K]; None of a set without labels.
        index: in the split, [N].
    """

    image: Tensor
    mean: Tensor
    logvar: Tensor | None
    label: Tensor | None
    index: Tensor


def seen(subject: Subject, split: Split, count: int = EVERY, images: bool = True) -> Seen:
    """At most ``count`` images of a split, drawn by the seed, each encoded under its own label if need be."""
    rows: list[dict[str, Tensor]] = []
    for batch in subject.held_out(split, count):
        one: Any = batch
        x = one.image.to(subject.model.weight_dtype)
        code = subject.model.encode(x, **for_model(subject.model, one.label))
        row = {"image": x if images else x[:0], "mean": code.mean.flatten(1), "index": one.index}
        row |= {} if code.logvar is None else {"logvar": code.logvar.flatten(1)}
        row |= {} if one.label is None else {"label": one.label}
        rows.append({name: value.detach().cpu() for name, value in row.items()})
    whole = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    return Seen(whole["image"].float(), whole["mean"].float(), whole.get("logvar"), whole.get("label"), whole["index"])


def decoded(subject: Subject, codes: Tensor, label: Tensor | None = None, chunk: int = 250) -> Tensor:
    """Images of codes [N, D], on the CPU, [N, C, H, W]; ``label`` of each, if the model needs labels."""
    model, made = subject.model, []
    for start in range(0, len(codes), chunk):
        part = slice(start, start + chunk)
        own = None if label is None else label[part].to(subject.device)
        made.append(model.decode(codes[part].to(subject.device, model.weight_dtype), **for_model(model, own)).cpu())
    return torch.cat(made).float()


def require_images(subject: Subject, what: str) -> None:
    """Refuse what is not trained on single images.

    Raises:
        ConfigError: with what to give instead.
    """
    if subject.loaded.spec.kind != "images":
        said = f"{subject.loaded.spec.name} has {subject.loaded.spec.kind}, and this looks at single images"
        raise ConfigError([Problem(f"what={what}", said, "Give a run on single images, as of data=mnist")])


def yes_or_no(spec: DataSpec) -> list[str]:
    """What can be true of an image or not: attributes of two values, or of a set of classes each class."""
    if spec.classes:
        return list(spec.class_names) or [str(k) for k in range(spec.classes)]
    return [name for name, levels in zip(spec.attributes, spec.levels, strict=True) if levels == 2]


def told(spec: DataSpec, label: Tensor) -> Tensor:
    """Whether each of ``yes_or_no`` is true of each image. [N] or [N, K] -> bool [N, A]."""
    if spec.classes:
        return label[:, None] == torch.arange(spec.classes)
    return label[:, [k for k, levels in enumerate(spec.levels) if levels == 2]] == 1


def require_labels(subject: Subject, what: str) -> list[str]:
    """The names of ``yes_or_no``.

    Raises:
        ConfigError: the set has no labels, or none of two values.
    """
    spec = subject.loaded.spec
    if names := yes_or_no(spec):
        return names
    said = "has no labels" if spec.labels is None else "has no attribute that is true or not"
    sets = "data=celeba, or data=mnist whose classes do as well"
    raise ConfigError([Problem(f"what={what}", f"{spec.name} {said}", f"Give a run on a set that has them: {sets}")])
