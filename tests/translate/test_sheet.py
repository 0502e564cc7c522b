"""The sheet of translations shows the levels that the files hold."""

from collections import Counter

import numpy as np

from genlab.translate.inputs import Inputs
from genlab.translate.sheet import Sheet


def test_input_and_translation_stand_side_by_side_in_the_nearest_grey_levels(tmp_path):
    path, levels = tmp_path / "a.png", np.arange(256, dtype=np.float32).reshape(1, 16, 16)
    sheet = Sheet(Inputs(tmp_path, [path], Counter()), tmp_path / "out")
    sheet.add(path, (levels - 0.4) / 255, (255 - levels + 0.4).clip(0, 255) / 255)
    shown, words = sheet.cells[path]
    assert words == "a.png"
    sheet.add(path, np.zeros((3, 1000, 3000), np.float32), np.zeros((3, 1000, 3000), np.float32))
    assert sheet.cells[path][0].shape == (85, 256 + 4 + 256, 3)  # no more is kept of it than is shown
    before, after = shown[:, :16], shown[:, 17:]
    for channel in range(3):
        assert np.array_equal(before[..., channel], levels[0])
        assert np.array_equal(after[..., channel], 255 - levels[0])
