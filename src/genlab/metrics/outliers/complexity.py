"""How simple an image is in itself: the bits of its PNG.

Serra et al., 2020, "Input Complexity and Out-of-distribution Detection with Likelihood-based Generative Models"
(arXiv:1909.11480).
"""

from __future__ import annotations

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from genlab.images import to_uint8


def input_complexity(nll: Tensor, x: Tensor) -> Tensor:
    """-log2 p(x) less the bits of the PNG: what is unlikely though simple scores high. [B] nats, [B, C, H, W] -> [B]."""
    return nll.double() / math.log(2) - png_bits(x).to(nll.device)


def png_bits(x: Tensor) -> Tensor:
    """The length of each image as an optimised 8-bit PNG, float64 [B]. [B, C, H, W] in [0, 1], C = 1 or 3."""
    pixels = to_uint8(x).cpu().permute(0, 2, 3, 1).numpy()
    return torch.tensor([png_length(image) for image in pixels], dtype=torch.float64)


def png_length(image: np.ndarray) -> int:
    """In bits. uint8 [H, W, C]."""
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG", optimize=True)
    return 8 * file.tell()
