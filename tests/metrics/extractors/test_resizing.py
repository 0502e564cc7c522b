"""Rules for resizing: those of torch-fidelity, torchmetrics and clean-fid, on arrays."""

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.compat import ensure_torchvision
from genlab.metrics.extractors.resizing import RULES, pillow_bicubic

ensure_torchvision()

SIZES = [(64, 64), (32, 48), (299, 299), (400, 350)]


def levels(height, width, count=2):
    draw = np.random.default_rng(height * width)
    return draw.integers(0, 256, (count, height, width, 3)).astype(np.uint8)


def planes(images):
    return torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("size", SIZES)
def test_clean_is_clean_fids_to_a_hundredth_of_a_grey_level(size):
    """clean-fid's own function, where it is installed; else what it does: Pillow, a channel at a time, in floats."""
    images = levels(*size)

    def in_floats(image):
        parts = [Image.fromarray(image[..., c].astype(np.float32)).resize((299, 299), Image.BICUBIC) for c in range(3)]
        return np.stack([np.asarray(part).clip(0, 255) for part in parts], axis=2)

    known = np.stack([in_floats(image) for image in images])
    assert np.abs(RULES["clean"](planes(images), 299).permute(0, 2, 3, 1).numpy() - known).max() < 0.01
    resize = pytest.importorskip("cleanfid.resize").build_resizer("clean")
    assert np.array_equal(known, np.stack([resize(image) for image in images]))


def test_clean_of_a_checkerboard_is_as_ever():
    board = torch.tensor([[0.0, 255.0], [255.0, 0.0]])[None, None]
    found = RULES["clean"](board, 5)[0, 0, 0]
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, 127.5, 255.0, 255.0]), atol=0.01, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_tf_samples_from_the_top_left_corner_without_antialiasing(size):
    """Computed by hand: pixel i lies at i * size / 299, and the last one is repeated."""
    x = planes(levels(*size)).double()
    for axis, count in ((2, size[0]), (3, size[1])):
        place = torch.arange(299, dtype=torch.float64) * count / 299
        low = place.long()
        high, share = (low + 1).clamp_max(count - 1), place - low
        share = share.reshape(-1, 1) if axis == 2 else share
        x = x.index_select(axis, low) * (1 - share) + x.index_select(axis, high) * share
    torch.testing.assert_close(RULES["tf"](planes(levels(*size)), 299).double(), x, atol=0.01, rtol=0)


def test_antialiased_means_over_what_a_pixel_covers():
    stripes = torch.tensor([0.0, 255.0]).repeat(299)[None, None, None].expand(1, 1, 598, -1)
    assert (RULES["antialiased"](stripes, 299)[..., 5:-5] - 127.5).abs().max() < 0.01
    assert RULES["tf"](stripes, 299).max() == 0


def test_photographs_for_transformers_go_through_pillow_itself():
    images = levels(50, 70)
    found = pillow_bicubic(torch.from_numpy(images).permute(0, 3, 1, 2), 224)
    known = [np.asarray(Image.fromarray(image).resize((224, 224), Image.BICUBIC)) for image in images]
    assert torch.equal(found.permute(0, 2, 3, 1), torch.from_numpy(np.stack(known)))
