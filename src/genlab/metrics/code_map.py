"""Codes of the same images at several moments, in one plane: what the film of them is made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from genlab.colouring import colouring, uncoloured
from genlab.contracts import Split
from genlab.data.store.source import PreparedData
from genlab.film.code_map import CodeFrame, CodeScene, View, write_map
from genlab.nets.principal_components import moments, principal_components

SPLIT: Split = "val"  # of which images are filmed


def view_of(code: np.ndarray) -> View:
    """The plane in which codes [N, D] are seen: as they are if D is 2, else that of their first two principal components."""
    if code.shape[1] == 2:
        return View(np.zeros(2), np.eye(2), ("$z_1$", "$z_2$"))
    found = principal_components(moments(torch.from_numpy(code)), 2)
    one, two = (100 * (found.variances / found.total).nan_to_num()).tolist()
    axes = tuple(f"principal component {j}: {share:.0f} % of the variance" for j, share in ((1, one), (2, two)))
    about = f"The plane of the first two principal components of the last frame's codes, {one + two:.0f} % of their variance"
    return View(found.mean.numpy(), found.basis.numpy(), axes, about)  # type: ignore[arg-type]


def code_scene(prepared: PreparedData, title: str, attribute: str | None, key: str, last: CodeFrame) -> CodeScene:
    """Classes of the validation images, in the plane of the last frame. ``key``: where an attribute can be typed."""
    label, spec = prepared.labels[SPLIT], prepared.spec
    found = colouring(None if label is None else torch.from_numpy(np.array(label)), spec, attribute)
    plain = uncoloured(spec, found.names, key)
    return CodeScene(title, view_of(last.code), found.numbers, found.names, plain[:1].upper() + plain[1:])


def film_codes(
    prepared: PreparedData, title: str, attribute: str | None, key: str, frames: Sequence[CodeFrame], folder: Path
) -> list[Path]:
    """``latent_map.gif`` and ``latent_map.html`` of frames in one plane; none of none.

    A code that is not finite has no place: a frame with one is left out.

    Raises:
        OSError: they cannot be written.
    """
    shown = [frame for frame in frames if np.isfinite(frame.code).all()]
    if not shown:
        return []
    return write_map(code_scene(prepared, title, attribute, key, shown[-1]), shown, folder, "latent_map")
