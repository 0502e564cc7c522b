"""The landscape of a trained GAN on points: its picture, its numbers, and the film of the run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from genlab.contracts import ConfigError
from genlab.data.store.source import PreparedData
from genlab.film.density import Densities
from genlab.film.frame import Frame, Scene, chosen
from genlab.film.write import picture, write_film
from genlab.metrics.landscape import box_around, even, frame_of, judged, require_landscape


def scene_of(prepared: PreparedData, title: str, split: str, points: int) -> Scene:
    """So many real points of the split, and their density where the set knows it.

    Raises:
        ConfigError: they are not points on a line or in the plane.
    """
    x, modes = prepared.points[split], prepared.modes
    if x is None or x.shape[1] > 2:
        raise ConfigError(
            f"{prepared.spec.name} has no points on a line or in the plane. Type: data=toy2d, or data=toy1d"
        )
    real = np.array(x[:points])
    return Scene(title, real, modes.centres, modes.sigma) if modes is not None else Scene(title, real)


def landscape(model: Any, scene: Scene, step: int, points: int, grid: int) -> tuple[np.ndarray, dict[str, float]]:
    """The picture of now, uint8 [H, W, 4], and its numbers: D's mean probability for real and generated points.

    On a line with a known density also ``total_variation`` between the densities of data and generator, and
    ``from_best``: how far D is from p / (p + q) on real points, on average.

    Raises:
        ConfigError: the model is no game of points on a line or in the plane.
    """
    require_landscape(model, scene.real.shape[1:], "what=landscape")
    frame = frame_of(model, step, scene.real, box_around(scene.real), points, grid)
    return picture(scene, frame), numbers(model, scene, frame)


def numbers(model: Any, scene: Scene, frame: Frame) -> dict[str, float]:
    """The numbers of ``landscape``."""
    real, fake = (torch.from_numpy(x).to(model.device, model.weight_dtype) for x in (scene.real, frame.fake))
    zero = even(model, real, fake)
    of_real = (judged(model, real) - zero).sigmoid()
    found = {"d_real": float(of_real.mean()), "d_fake": float((judged(model, fake) - zero).sigmoid().mean())}
    if scene.centres is None or scene.real.shape[1] != 1:
        return found
    x = frame.along(0)
    densities = Densities(scene, x)
    q = densities.generated(frame)
    best = np.interp(scene.real[:, 0], x, np.nan_to_num(densities.optimum(q), nan=1.0))  # where no fake is, D = 1
    away = float(np.abs(of_real.cpu().numpy() - best).mean())
    return found | {"total_variation": densities.total_variation(q), "from_best": away}


def film_again(run: Path, scene: Scene, most: int, output: Path) -> list[Path]:
    """The film of the frames that a run has kept (``callbacks=landscape``); empty if it has none.

    Raises:
        DataError: a file is damaged.
    """
    frames = [*chosen(run / "tables" / "landscape", most)]
    return write_film(scene, frames, output, "landscape") if frames else []
