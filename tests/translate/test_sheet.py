"""The sheet of translations shows the levels that the files hold."""

from collections import Counter

import numpy as np

from genlab.translate.inputs import Inputs
from genlab.translate.sheet import Sheet


def test_input_and_translation_stand_side_by_side_in_the_nearest_grey_levels(tmp_path):
    path, levels = tmp_path / "a.png", np.arange(256, dtype=np.float32).reshape(1, 16, 16)
    sheet = Sheet(Inputs(tmp_path, [path], Counter()), tmp_path / "out")
    sheet.add(path, (levels - 0.4) / 255, (255 - levels + 0.4).clip(0, 255) / 255)
    shown = np.asarray(sheet.cells[path].picture)
    before, after = shown[8:256:16, 8:256:16], shown[8:256:16, 256 + 2 + 8 :: 16]  # 16 pixels for each of 16x16
    for channel in range(3):
        assert np.array_equal(before[..., channel], levels[0])
        assert np.array_equal(after[..., channel], 255 - levels[0])
