"""The heavy half of ``generate.py``. Each function makes rows of images, [n, C, H, W] in [0, 1], or of points, [n, D]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor

from genlab import console, images
from genlab.config.build import build
from genlab.contracts import ConfigError, Decodes, Encodes, Problem, Reconstructs, Samples
from genlab.data.store.source import Prepared
from genlab.runs.load import Loaded

STEPS = 10  # images from one end of an interpolation or traversal to the other
REAL = 2500  # at least so many real points behind generated ones, if there are
REACH = 3.0  # traversals go from -3 to 3 standard deviations of the prior


def generate(cfg: DictConfig, loaded: Loaded, prepared: Prepared | None, output: Path) -> int:
    """Write ``<output>/sheet.png``, and beside it every image as a PNG, or all points as one CSV.

    Raises:
        ConfigError: the model cannot do what ``what`` names.
    """
    build(cfg.performance, cfg.trust).apply()
    require_able(loaded.model, cfg.what)
    if cfg.check_only:
        console.say("all checks passed; nothing was generated")
        return 0
    made, columns = MAKERS[cfg.what](cfg, loaded.model, prepared)
    if loaded.spec.kind == "points":
        assert prepared is not None
        write_points(made, torch.from_numpy(prepared.points[cfg.split]), output)
    else:
        write_images(made, columns, output)
    return 0


def write_images(sheet: Tensor, columns: int, output: Path) -> None:
    """``000000.png`` … and ``sheet.png``. [n, C, H, W]."""
    for i, picture in enumerate(sheet):
        images.save_png(picture, output / f"{i:06d}.png")
    images.save_png(images.enlarged(images.grid(sheet, columns)), output / "sheet.png")
    console.say(f"{len(sheet)} images and sheet.png in {output}")


def write_points(points: Tensor, real: Tensor, output: Path) -> None:
    """``points.csv``, and ``sheet.png`` with as many real ones behind them. [n, D], [N, D]."""
    images.save_png(images.beside_real(points, real[: max(len(points), REAL)]), output / "sheet.png")
    header = ",".join(f"x{i}" for i in range(points.shape[1]))
    np.savetxt(output / "points.csv", points.cpu().numpy(), "%.8g", ",", header=header, comments="")
    console.say(f"{len(points)} points in points.csv and sheet.png in {output}")


def sample(cfg: DictConfig, model: Any, prepared: Prepared | None) -> tuple[Tensor, int]:
    """New images, or new points."""
    label = None if cfg.label is None else torch.full((cfg.n,), cfg.label)
    return model.sample(cfg.n, label=label, seed=cfg.seed), 8


def reconstruct(cfg: DictConfig, model: Any, prepared: Prepared | None) -> tuple[Tensor, int]:
    """Pairs: an image, and what the model makes of it."""
    x = drawn(cfg, prepared, cfg.n)
    return torch.stack([x, model.reconstruct(x)], 1).flatten(0, 1), 8


def interpolate(cfg: DictConfig, model: Any, prepared: Prepared | None) -> tuple[Tensor, int]:
    """Rows from one image's code to another's in a straight line; from one z to another for a model without codes."""
    start, end = codes(cfg, model, prepared, 2 * cfg.n).chunk(2)  # [n, D] each
    along = torch.linspace(0, 1, STEPS)[:, None]
    return torch.cat([model.decode((1 - along) * a + along * b) for a, b in zip(start, end, strict=True)]), STEPS


def traverse(cfg: DictConfig, model: Any, prepared: Prepared | None) -> tuple[Tensor, int]:
    """A row for each of the first n latent variables: that one changes, the others stay as in one image's code."""
    code = codes(cfg, model, prepared, 1)[0]
    rows = []
    for unit in range(min(cfg.n, len(code))):
        z = code.repeat(STEPS, 1)
        z[:, unit] = torch.linspace(-REACH, REACH, STEPS)
        rows.append(model.decode(z))
    return torch.cat(rows), STEPS


MAKERS = {"sample": sample, "reconstruct": reconstruct, "interpolate": interpolate, "traverse": traverse}
NEEDED = {"sample": Samples, "reconstruct": Reconstructs, "interpolate": Decodes, "traverse": Decodes}


def codes(cfg: DictConfig, model: Any, prepared: Prepared | None, count: int) -> Tensor:
    """The codes of images drawn by seed, or draws from the prior where the model has no encoder. -> [count, D]."""
    if isinstance(model, Encodes):
        return model.encode(drawn(cfg, prepared, count)).mean
    return torch.randn(count, model.latent_dim, generator=torch.Generator().manual_seed(cfg.seed))


def drawn(cfg: DictConfig, prepared: Prepared | None, count: int) -> Tensor:
    """Images of the split, drawn by seed. -> [count, C, H, W] in [0, 1]."""
    assert prepared is not None
    pool = prepared.images[cfg.split]
    places = np.random.default_rng(cfg.seed).permutation(len(pool))[:count]
    return torch.from_numpy(np.array(pool[np.sort(places)])).float() / 255


def require_able(model: Any, what: str) -> None:
    """Say what the model can do instead.

    Raises:
        ConfigError: it cannot do this.
    """
    if not isinstance(model, NEEDED[what]):
        able = " or ".join(f"what={name}" for name, kind in NEEDED.items() if isinstance(model, kind))
        remedy = f"It can: {able}" if able else "It translates: python src/translate.py ckpt=… input=PICTURES"
        raise ConfigError([Problem(f"what={what}", f"{type(model).__name__} cannot do that", remedy)])
