"""PCA as the measure of a code's size: the squared error of every number of components at once."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.analysis.base.images import image_batches
from genlab.analysis.base.subject import Subject
from genlab.nets.principal_components import moments, principal_components

MOST_PIXELS = 8192  # of an image: beyond them its covariance does not fit


def pca_errors(subject: Subject, training: int, count: int, most: int) -> Tensor:
    """Mean squared error, summed over pixels, of held-out images by 0 … ``most`` components of training images.

    What a component explains is the square of an image's coordinate along it, so that one pass serves all sizes.

    Args:
        subject: its images.
        training: of so many training images the components are, at most.
        count: of so many images of the split is the mean, at most.
        most: components.

    Returns:
        [most + 1], float64; of images too large for a covariance nothing, [0].
    """
    pixels = int(torch.Size(subject.loaded.spec.shape).numel())
    if pixels > MOST_PIXELS:
        return torch.zeros(0)
    sums = sum(moments(batch.image.flatten(1)) for batch in image_batches(subject, "train", training))
    assert isinstance(sums, Tensor)
    found = principal_components(sums, most)
    explained, total, seen = torch.zeros(most, dtype=torch.float64), 0.0, 0
    for batch in image_batches(subject, subject.split, count):
        centred = batch.image.flatten(1).to(found.mean) - found.mean
        explained += (centred @ found.basis).square().sum(0).cpu()
        total, seen = total + float(centred.square().sum()), seen + len(centred)
    return (total - torch.cat([torch.zeros(1, dtype=torch.float64), explained.cumsum(0)])) / seen
