"""Codes of any size as points in the plane: as they are, by principal components, or by t-SNE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

from genlab.contracts import ConfigError, Problem
from genlab.nets.principal_components import Components, moments, principal_components

Way = Literal["auto", "pca", "tsne"]


@dataclass(frozen=True)
class Plane:
    """Points [N, 2] and what they are.

    Args:
        points: float64.
        names: of the two columns, for tables.
        axes: of the two axes, in words.
        components: of the codes, if the points are the first two.
    """

    points: np.ndarray
    names: tuple[str, str]
    axes: tuple[str, str]
    components: Components | None = None

    @property
    def is_code(self) -> bool:
        """Whether the points are the codes themselves."""
        return self.names == ("z1", "z2")


def plane_of(code: Tensor, way: Way, perplexity: float, seed: int) -> Plane:
    """Codes [N, D] in the plane; ``auto``: as they are if D is 2, else by principal components.

    Args:
        perplexity: of t-SNE: the number of neighbours that a point holds on to.
        seed: of t-SNE.

    Raises:
        ConfigError: the codes have one number, or are too few for the perplexity.
    """
    size = code.shape[1]
    if size < 2:
        raise ConfigError(
            [Problem("what", "codes of one number have no plane", "Train with model.latent_dim=2 or more")]
        )
    if size == 2 and way == "auto":
        return Plane(code.numpy(), ("z1", "z2"), ("$z_1$", "$z_2$"))
    return by_neighbours(code, perplexity, seed) if way == "tsne" else by_variance(code)


def by_variance(code: Tensor) -> Plane:
    """The first two principal components."""
    found = principal_components(moments(code), code.shape[1])
    shares = (found.variances / found.total).nan_to_num()
    one, two = (f"principal component {j + 1}: {100 * float(shares[j]):.0f} % of the variance" for j in (0, 1))
    return Plane(((code - found.mean) @ found.basis[:, :2]).numpy(), ("pc1", "pc2"), (one, two), found)


def by_neighbours(code: Tensor, perplexity: float, seed: int) -> Plane:
    """t-SNE: van der Maaten and Hinton, 2008 (JMLR 9), from the first two principal components.

    Raises:
        ConfigError: the perplexity is not below the number of codes.
    """
    from sklearn.manifold import TSNE

    if perplexity >= len(code):
        what = f"must be below the number of images, {len(code)}"
        raise ConfigError(
            [Problem(f"what.perplexity={perplexity:g}", what, f"Type: what.perplexity={len(code) / 4:g}")]
        )
    points = TSNE(perplexity=perplexity, init="pca", random_state=seed % 2**32).fit_transform(code.numpy())
    axes = "t-SNE 1 (distances between clusters mean little)", "t-SNE 2"
    return Plane(points.astype(np.float64), ("tsne1", "tsne2"), axes)
