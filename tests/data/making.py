"""Small picture files whose content says where they came from."""

import numpy as np
from PIL import Image

READ = {"range": None, "resample": "bicubic", "max_pixels": 10**8}  # keys of every set of picture files
SIDES = READ | {"channels_a": None, "channels_b": None, "resample_a": None, "resample_b": None}


def ramp(width, height, blue=0):
    """RGB [H, W, 3]: red grows to the right, green grows downwards, blue is constant."""
    red = np.linspace(0, 255, width).astype(np.uint8)[None].repeat(height, 0)
    green = np.linspace(0, 255, height).astype(np.uint8)[:, None].repeat(width, 1)
    return np.stack([red, green, np.full_like(red, blue)], -1)


def side_by_side(path, number, width=60, height=48):
    """A file whose right half is the left one with its colours turned round: alignment can be told by content."""
    left = ramp(width, height, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([left, 255 - left], 1)).save(path)


def picture(path, array):
    """Any array as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
