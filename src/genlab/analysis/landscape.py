"""``what=landscape``: what D holds of every place and where the generator's points are: picture, numbers, film."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.judging import PROBABLE
from genlab.analysis.base.subject import Subject
from genlab.config.types import AtLeastTwo, PositiveInt
from genlab.contracts import ConfigError, Judges, Samples
from genlab.data.store.source import PreparedData
from genlab.film.canvas import on_white
from genlab.film.density import Densities
from genlab.film.frame import Frame, Scene
from genlab.film.kept import chosen
from genlab.film.write import picture, write_film
from genlab.metrics.landscape import box_around, even, frame_of, judged, require_landscape
from genlab.metrics.modes import NEAR, mode_coverage


@dataclass
class Landscape(Analysis):
    """Real and generated points over D's probability; on a line the densities of both and D's curve.

    Where the run has kept frames (``callbacks=landscape``), the film of them, too.

    Args:
        points: real ones and generated ones, so many each.
        grid: places along each side at which D is asked.
        frames: in the film, at most.
    """

    needs: ClassVar[tuple[type, ...]] = (Judges, Samples)

    points: PositiveInt
    grid: AtLeastTwo
    frames: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """A landscape is of points in one or two dimensions, without labels."""
        for subject in subjects:
            require_landscape(subject.model, subject.loaded.spec.shape, "what=landscape")

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row a number. Picture: the landscape. Files: the film."""
        (subject,) = subjects
        scene = scene_of(subject.prepared, subject.title, subject.split, self.points)
        shown, found = landscape(subject.model, scene, subject.loaded.step, self.points, self.grid)
        image = torch.from_numpy(on_white(shown)).permute(2, 0, 1) / 255
        lines = (
            said_of_points(found, scene, self.points),
            said_of_d(found, str(subject.loaded.config.model.get("loss"))),
        )
        metrics = {f"{subject.split}/{name}": value for name, value in found.items()}
        counts = {f"{subject.split}/real": len(scene.real), f"{subject.split}/fake": self.points}
        rows = [{"number": name, "value": value} for name, value in found.items()]
        return Findings(list(rows), image, lines, metrics, counts, self.film(subject, scene))

    def film(self, subject: Subject, scene: Scene) -> dict[str, bytes]:
        """The files of the film by name; none of a run that has kept no frames."""
        with tempfile.TemporaryDirectory() as folder:
            made = film_again(subject.directory, scene, self.frames, Path(folder))
            return {path.name: path.read_bytes() for path in made}


def said_of_points(found: dict[str, float], scene: Scene, points: int) -> str:
    """The first line."""
    parts = []
    if scene.centres is not None:
        parts.append(f"{found['modes']:.0f} of {len(scene.centres)} modes")
        parts.append(
            f"{100 * found['high_quality']:.1f} % of {points:,} generated points are within {NEAR:g} sigma of one"
        )
    if "total_variation" in found:
        parts.append(f"the total variation between the densities is {found['total_variation']:.3f}")
    return "; ".join(parts) or f"{points:,} generated points; the modes of this set are not known"


def said_of_d(found: dict[str, float], loss: str) -> str:
    """The second line."""
    which = "D" if loss in PROBABLE else f"the sigmoid of D's output (no probability under the loss {loss})"
    told = f"{which} is on average {found['d_real']:.3f} on real points and {found['d_fake']:.3f} on generated ones"
    return f"{told}; it is {found['from_best']:.3f} away from the best D" if "from_best" in found else told


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

    Of a set with known modes also ``modes``, ``high_quality``, ``modes_kl``; on a line with a known density also
    ``total_variation`` between the densities of data and generator, and ``from_best``: how far D is from p / (p + q) on
    real points, on average.

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
    if scene.centres is None:
        return found
    found |= mode_coverage(fake, torch.from_numpy(scene.centres).to(fake.device), scene.sigma)
    if scene.real.shape[1] != 1:
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
    frames = [*chosen(Frame, run / "tables" / "landscape", most)]
    return write_film(scene, frames, output, "landscape") if frames else []
