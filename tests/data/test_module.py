"""From the bytes of a store to the numbers that a model sees."""

import torch

from genlab.apps.preparing import prepare
from genlab.data.module import StoreData


def test_a_byte_becomes_its_255th_part_in_float32(composed):
    data = StoreData(prepare(composed("data=digits")), 8, 0)
    levels = torch.arange(256, dtype=torch.uint8).reshape(2, 1, 8, 16)
    seen = data.pixels(levels, torch.arange(2))
    assert seen.dtype == torch.float32
    assert torch.equal(seen, levels.float() / 255)
