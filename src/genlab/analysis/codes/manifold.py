"""The manifold of a plane of codes: images decoded from a grid of z. Kingma and Welling, 2013 (arXiv:1312.6114), figure 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.encoded import Encoded
from genlab.analysis.base.subject import Subject
from genlab.figures import FAINT, INK
from genlab.images import grid, to_uint8, widened
from genlab.models.base.labels import for_model, needs_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OUTERMOST = 1.0  # per cent of the codes beyond either end of an axis without a normal prior


@dataclass(frozen=True)
class Manifold:
    """Decoded codes: ``x``, ``y`` [S] are the places of the columns, and of the rows from the bottom; ``page`` [C, H, W]."""

    x: np.ndarray
    y: np.ndarray
    page: Tensor
    title: str

    def draw(self, axes: Axes) -> None:
        """The page, with the places of some columns and rows along its sides."""
        picture = to_uint8(widened(self.page[None], 3)[0]).permute(1, 2, 0).numpy()
        high, wide, count = *picture.shape[:2], len(self.x)
        axes.imshow(picture, interpolation="nearest" if max(high, wide) < 560 else "antialiased")
        axes.grid(False)
        some = np.linspace(0, count - 1, 4).round().astype(int)
        axes.set_xticks((some + 0.5) * wide / count, [f"{self.x[i]:.2g}" for i in some])
        axes.set_yticks((count - some - 0.5) * high / count, [f"{self.y[i]:.2g}" for i in some])
        axes.tick_params(labelsize=8, colors=FAINT, length=0)
        axes.set_title(self.title, size=9.5, color=INK, loc="left")


def manifold(subject: Subject, codes: Encoded, side: int) -> Manifold:
    """Images of ``side`` times ``side`` codes of two numbers."""
    normal = bool(getattr(getattr(subject.model, "prior", None), "standard_normal", False))
    x, y = (places(codes.mean[:, j].numpy(), side, normal) for j in (0, 1))
    z = torch.tensor([[one, other] for other in y[::-1] for one in x], device=subject.device)
    made, told = decoded(subject, z.to(subject.model.weight_dtype), codes.label)
    how = "at equal shares of the prior N(0, I)" if normal else "evenly spaced over the codes"
    return Manifold(x, y, grid(made, side, gap=0), f"decoded codes, {how}{told}")


def places(codes: np.ndarray, side: int, normal: bool) -> np.ndarray:
    """Along one axis [S]: where the normal distribution has (i + 1/2) / S of its mass below, or evenly over the codes [N]."""
    if normal:
        shares = (torch.arange(side, dtype=torch.float64) + 0.5) / side
        return torch.distributions.Normal(0.0, 1.0).icdf(shares).numpy()
    low, high = np.percentile(codes, [OUTERMOST, 100 - OUTERMOST])
    return np.linspace(low, high, side)


def decoded(subject: Subject, z: Tensor, labels: Tensor | None) -> tuple[Tensor, str]:
    """Images of codes [N, D], on the CPU; of a conditional model by the label of the first image, and a word on that."""
    given: dict[str, Any] = {}
    told = ""
    if labels is not None and needs_labels(subject.model):
        one = labels[:1].to(subject.device)
        names = subject.loaded.spec.class_names
        told = f"; label {names[int(one)] if names and one.ndim == 1 else 'of the first image'}"
        given = {"label": one}
    parts = []
    for part in z.split(500):
        label = {name: value.expand(len(part), *value.shape[1:]) for name, value in given.items()}
        parts.append(subject.model.decode(part, **for_model(subject.model, label.get("label"))).float().cpu())
    return torch.cat(parts), told
