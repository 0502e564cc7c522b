"""What a discriminator holds of every place in the plane or on a line, and where the generator is: the numbers of a frame."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import ConfigError, Decodes, Draws, Judges, Samples
from genlab.film.frame import Frame, nothing

SEED = 20_140_610  # of the z behind the points, as in the pictures of a run
MARGIN = 0.3  # around the data, of half of their extent: a generator may lie beside them
ARROWS, REACH = 25, 2.5  # from z to G(z), evenly spaced between these standard deviations
AT_ONCE = 1 << 14  # places that are judged in one call


def require_landscape(model: Any, shape: tuple[int, ...], where: str) -> None:
    """Refuse a game that has no landscape to be drawn. ``where``: the key that asked for one.

    Raises:
        ConfigError: it is none of points in one or two dimensions, has no discriminator, or needs labels.
    """
    remedy = "Type: model=gan data=toy2d, or data=toy1d"
    if len(shape) != 1 or shape[0] > 2:
        raise ConfigError(
            f"{where}: a landscape is of points on a line or in the plane, not of {list(shape)}. {remedy}"
        )
    if not (isinstance(model, Judges) and isinstance(model, Samples)):
        raise ConfigError(f"{where}: {type(model).__name__} has no generator and discriminator to show. {remedy}")
    if getattr(model, "needs", None):
        raise ConfigError(f"{where}: {type(model).__name__} has a landscape for each label. {remedy}")


def box_around(x: np.ndarray) -> np.ndarray:
    """The corners [2, D] of an interval or square that holds points [N, D] and a margin."""
    low, high = x.min(0).astype(np.float64), x.max(0).astype(np.float64)
    half = max(float((high - low).max()) / 2 * (1 + MARGIN), 1e-6)
    middle = (low + high) / 2
    return np.stack([middle - half, middle + half]).astype(np.float32)


def places(box: np.ndarray, grid: int) -> np.ndarray:
    """An even grid over a box, borders included: float32 [grid, 1], or [grid^2, 2] of rows upwards."""
    axes = [np.linspace(low, high, grid, dtype=np.float32) for low, high in box.T]
    return np.array([place[::-1] for place in product(*reversed(axes))], np.float32)


def judged(model: Any, x: Tensor) -> Tensor:
    """D's output for points [N, D] in any number. -> float32 [N]."""
    return torch.cat([model.judge(part).float() for part in x.split(AT_ONCE)])


def even(model: Any, real: Tensor, fake: Tensor) -> Tensor | float:
    """The output at which D holds real and generated for equally likely.

    It is 0, but for a loss that leaves D's offset free: there, the middle between its means on both.
    """
    return (judged(model, real).mean() + judged(model, fake).mean()) / 2 if model.offset_is_free else 0.0


def frame_of(model: Any, step: int, real: np.ndarray, box: np.ndarray, points: int, grid: int) -> Frame:
    """The frame of now: D on a grid over the box, and generated points of the same z in every frame.

    No number of torch's global random state is drawn by models that draw z by a seed.
    """

    def on_device(x: np.ndarray) -> Tensor:
        return torch.from_numpy(x).to(model.device, model.weight_dtype)

    fake = model.sample(points, seed=SEED)
    zero = even(model, on_device(real), fake)
    belief = (judged(model, on_device(places(box, grid))) - zero).sigmoid()
    z, image = arrows(model) if box.shape[1] == 1 else (nothing(), nothing())
    shaped = belief.cpu().numpy().reshape([grid] * box.shape[1])
    return Frame(step, box, shaped, fake.float().cpu().numpy(), z, image)


def can_draw(model: Any) -> bool:
    """Whether the z behind the samples can be chosen."""
    return isinstance(model, Draws) and isinstance(model, Decodes)


def arrows(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Evenly spaced z and their images on the line, [A] each; of a z of several numbers, none."""
    if not can_draw(model) or model.draw(1, seed=SEED).shape[1] != 1:
        return nothing(), nothing()
    z = torch.linspace(-REACH, REACH, ARROWS)
    image = model.decode(z[:, None].to(model.device, model.weight_dtype))
    return z.numpy(), image[:, 0].float().cpu().numpy()
