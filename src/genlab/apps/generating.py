"""The part of ``generate.py`` that needs torch: batches of images [n, C, H, W] in [0, 1] or of points [n, D]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor

from genlab import console, images
from genlab.analysis.traversals.sheet import traversal_sheet, varied
from genlab.apps.command.device import device_for
from genlab.apps.label_sheet import label_sheet
from genlab.apps.labels import chosen_labels, required, the_only
from genlab.callbacks.code_mixture import fit_mixture
from genlab.config.build import build
from genlab.contracts import CodePart, ConfigError, Decodes, Draws, Encodes, HasParts, Problem, Reconstructs, Samples
from genlab.data.store.binarize import as_evaluated
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.models.base.code_mixture import SamplesCodes, has_unfitted, mixture_of
from genlab.models.base.labels import for_model
from genlab.runs.load import Loaded

Sheet = Callable[[Tensor], Tensor]  # the page of images [n, C, H, W] in [0, 1]: [C', H', W']
Made = tuple[Iterator[Tensor], Sheet]  # what is made, and how it is laid out
USUAL = {"sample": 64, "reconstruct": 64, "interpolate": 8}  # n, where none is typed; traversals are of every dimension
STEPS = 10  # images from one end of an interpolation or traversal to the other
REAL = 2500  # at least so many real points behind generated ones, if there are
SHOWN = 1000  # images on a sheet, at most
REACH = 3.0  # traversals go from -3 to 3 standard deviations of the prior


def generate(cfg: DictConfig, loaded: Loaded, prepared: PreparedData | None, output: Path) -> int:
    """Write ``<output>/sheet.png``, and beside it every image as a PNG, or all points as one CSV.

    Raises:
        ConfigError: the model cannot do what ``what`` names, or has no such ``label``.
    """
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    require_able(loaded.model, cfg.what)
    model = loaded.model.to(device_for(cfg.device))
    label = label_for(cfg, model)
    if cfg.check_only:
        console.say("all checks passed; nothing was generated")
        return 0
    if cfg.what == "sample" and prepared is not None and has_unfitted(model):
        fit_mixture(model, StoreData(prepared, cfg.batch_size, loaded.config.seed))
    batches, sheet = MAKERS[cfg.what](cfg, model, prepared, label)
    made = (one for batch in batches for one in batch.cpu())
    if loaded.spec.kind == "points":
        assert prepared is not None
        write_points(torch.stack(list(made)), torch.from_numpy(prepared.points[cfg.split]), output)
    else:
        write_images(made, sheet, output)
    return 0


def count_of(cfg: DictConfig) -> int:
    """``n``, or as many as are usual for ``what``."""
    return cfg.n or USUAL[cfg.what]


def in_rows_of(columns: int) -> Sheet:
    """A plain grid, enlarged where the images are small."""
    return lambda shown: images.enlarged(images.grid(shown, columns))


def write_images(made: Iterator[Tensor], sheet: Sheet, output: Path) -> None:
    """Write ``000000.png`` … from images [C, H, W] lazily, and ``sheet.png`` of the first ``SHOWN``."""
    shown, count = [], 0
    for count, picture in enumerate(made, 1):
        images.save_png(picture, output / f"{count - 1:06d}.png")
        shown += [picture] if count <= SHOWN else []
    images.save_png(sheet(torch.stack(shown)), output / "sheet.png")
    console.say(f"{count} images and sheet.png{f' of the first {SHOWN:,}' if count > SHOWN else ''} in {output}")


def write_points(points: Tensor, real: Tensor, output: Path) -> None:
    """Write ``points.csv``, and ``sheet.png`` with real points in the background. [n, D], [N, D]."""
    images.save_png(images.beside_real(points, real[: max(len(points), REAL)]), output / "sheet.png")
    header = ",".join(f"x{i}" for i in range(points.shape[1]))
    np.savetxt(output / "points.csv", points.cpu().numpy(), "%.8g", ",", header=header, comments="")
    console.say(f"{len(points)} points in points.csv and sheet.png in {output}")


def label_for(cfg: DictConfig, model: Any) -> Tensor | None:
    """The labels of ``label=``, one per row; None if the model takes none or the images bring their own.

    Raises:
        ConfigError: the model has no such labels, or ``what`` cannot use them.
    """
    labels = chosen_labels(cfg.label, model)
    if cfg.what == "sample" or not isinstance(model, Encodes | Reconstructs):
        labels = required(labels, model, cfg.what)
    return labels if cfg.what == "sample" else the_only(labels, cfg.label, cfg.what)


def sample(cfg: DictConfig, model: Any, prepared: PreparedData | None, labels: Tensor | None) -> Made:
    """New images or points; for several labels a row of ``n`` each, all rows with the same z."""
    rows = [None] if labels is None else list(labels)
    made = (batch for label in rows for batch in samples_of(cfg, model, label))
    if labels is None or len(rows) == 1:
        return made, in_rows_of(8)
    classes = model.spec.class_names or [str(k) for k in range(model.spec.classes)]
    names = [classes[int(label)] for label in labels]
    return made, lambda shown: label_sheet(shown, names, count_of(cfg))


def samples_of(cfg: DictConfig, model: Any, label: Tensor | None) -> Iterator[Tensor]:
    """``n`` samples of one label, in batches if the model can draw and decode codes, else all in one call."""
    n = count_of(cfg)
    if isinstance(model, Draws) and isinstance(model, Decodes):
        for z in model.draw(n, seed=cfg.seed).split(cfg.batch_size):
            yield model.decode(z, **label_argument(model, label, len(z)))
    else:
        yield model.sample(n, **label_argument(model, label, n), seed=cfg.seed)


def reconstruct(cfg: DictConfig, model: Any, prepared: PreparedData | None, label: Tensor | None) -> Made:
    """Pairs of an image and its reconstruction."""
    batches = draw_images(cfg, model, prepared, count_of(cfg))
    made = (torch.stack([x, model.reconstruct(x, **for_model(model, own))], 1) for x, own in batches)
    return (pairs.flatten(0, 1) for pairs in made), in_rows_of(8)


def interpolate(cfg: DictConfig, model: Any, prepared: PreparedData | None, label: Tensor | None) -> Made:
    """Rows of linear interpolations between the codes of two images; between two z if the model has no encoder.

    The label of a row is the one typed, else that of its first image.
    """
    ends, own = codes(cfg, model, prepared, 2 * count_of(cfg))  # [2 n, D]
    along = torch.linspace(0, 1, STEPS, device=ends.device, dtype=ends.dtype)[:, None]
    rows = ((1 - along) * a + along * b for a, b in zip(*ends.chunk(2), strict=True))
    return (decode(model, z, label, own, row) for row, z in enumerate(rows)), in_rows_of(STEPS)


def traverse(cfg: DictConfig, model: Any, prepared: PreparedData | None, label: Tensor | None) -> Made:
    """A row for each latent variable, or the first ``n``, which varies while the others keep one image's code."""
    (code,), own = codes(cfg, model, prepared, 1)
    count, values = min(cfg.n or len(code), len(code)), torch.linspace(-REACH, REACH, STEPS)
    if count < len(code):
        console.say(f"{count} of {len(code)} dimensions; n={len(code)} for all")
    parts = model.code_parts() if isinstance(model, HasParts) else (CodePart("", len(code)),)
    start = f"the code of a {cfg.split} image" if isinstance(model, Encodes) else "a draw z from N(0, I)"
    title = f"{type(model).__name__}, {model.spec.name}: {start}, one dimension changed in each row"
    rows = (decode(model, varied(code, unit, values), label, own, 0) for unit in range(count))
    return rows, lambda shown: traversal_sheet(shown, title, values.tolist(), parts)


MAKERS = {"sample": sample, "reconstruct": reconstruct, "interpolate": interpolate, "traverse": traverse}
NEEDED = {"sample": Samples, "reconstruct": Reconstructs, "interpolate": Decodes, "traverse": Decodes}


def codes(cfg: DictConfig, model: Any, prepared: PreparedData | None, count: int) -> tuple[Tensor, Tensor | None]:
    """Codes and labels of images drawn by seed; draws from the prior if the model has no encoder."""
    if isinstance(model, Encodes):
        parts = [
            (model.encode(x, **for_model(model, own)).mean, own) for x, own in draw_images(cfg, model, prepared, count)
        ]
        means, labels = zip(*parts, strict=True)
        return torch.cat(means), None if labels[0] is None else torch.cat(labels)
    z = torch.randn(count, model.latent_dim, generator=torch.Generator().manual_seed(cfg.seed))
    return z.to(model.device, model.weight_dtype), None


def decode(model: Any, z: Tensor, label: Tensor | None, own: Tensor | None, row: int) -> Tensor:
    """Images of the codes z [n, D], all of the label that was typed [1 or 1, K], else of that of image ``row``."""
    one = label[0] if label is not None else None if own is None else own[row]
    return model.decode(z, **label_argument(model, one, len(z)))


def label_argument(model: Any, label: Tensor | None, count: int) -> dict[str, Tensor]:
    """One label, [] or [K], for ``count`` images, as the model's protocols take it."""
    return for_model(model, None if label is None else label.to(model.device).expand(count, *label.shape))


def draw_images(
    cfg: DictConfig, model: Any, prepared: PreparedData | None, count: int
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Images of the split, drawn by seed, [B, C, H, W] in [0, 1], and their labels, where they have any."""
    assert prepared is not None
    pool, labels = prepared.images[cfg.split], prepared.labels[cfg.split]
    every = np.sort(np.random.default_rng(cfg.seed).permutation(len(pool))[:count])
    for places in np.split(every, range(cfg.batch_size, len(every), cfg.batch_size)):
        own = None if labels is None else torch.from_numpy(np.array(labels[places])).to(model.device)
        x = torch.from_numpy(np.array(pool[places])).to(model.device)
        seen = as_evaluated(prepared, x, torch.from_numpy(places).to(model.device))
        yield images.from_uint8(seen, model.weight_dtype), own


def require_able(model: Any, what: str) -> None:
    """Refuse a ``what`` that the model does not support.

    Raises:
        ConfigError: with what it supports; or it has no prior, and no mixture of codes for one.
    """
    if not isinstance(model, NEEDED[what]):
        able = " or ".join(f"what={name}" for name, kind in NEEDED.items() if isinstance(model, kind))
        remedy = f"It can: {able}" if able else "It translates: python src/translate.py ckpt=… input=PATH"
        raise ConfigError([Problem(f"what={what}", f"{type(model).__name__} cannot do that", remedy)])
    if what == "sample" and isinstance(model, SamplesCodes) and not has_unfitted(model):
        mixture_of(model)  # or is refused
