"""``sheet.png`` of ``translate.py``: the first pictures beside their translations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from genlab.contracts import ConfigError
from genlab.data.report.contact_sheet import beside, shown
from genlab.figures import Block, filled, page
from genlab.files import replacing
from genlab.translate.inputs import Inputs, unwritable

COUNT, SIDE, ACROSS = 16, 512, 2  # pictures, pixels of a pair, and pairs in a row


class Sheet:
    """Collects pairs of input and translation, added in any order.

    Args:
        inputs: all pictures; the first ``COUNT`` are shown, in this order.
        output: the folder of the translations.
    """

    def __init__(self, inputs: Inputs, output: Path) -> None:
        self.inputs, self.output = inputs, output
        self.cells: dict[Path, tuple[np.ndarray, str]] = {}

    def add(self, path: Path, before: np.ndarray, after: np.ndarray) -> None:
        """Add a picture and its translation, [C, H, W] in [0, 1], if it is among the first ``COUNT``."""
        if path in self.inputs.files[:COUNT]:
            pair = (small(np.rint(image * 255).astype(np.uint8)) for image in (before, after))
            self.cells[path] = beside(*pair), filled(self.inputs.name(path).as_posix(), SIDE, 1)

    @property
    def path(self) -> Path:
        """``sheet.png``, or the first of ``sheet-2.png`` … that no translation is named."""
        taken = {self.inputs.name(path).as_posix().lower() for path in self.inputs.files}
        names = ["sheet.png", *(f"sheet-{i}.png" for i in range(2, len(taken) + 3))]
        return self.output / next(name for name in names if name not in taken)

    def write(self, title: str) -> None:
        """Write the file, unless the sheet is empty.

        Raises:
            ConfigError: it cannot be written.
        """
        cells = [self.cells[path] for path in self.inputs.files if path in self.cells]
        if not cells:
            return
        made = page(title, [Block("input and translation", cells, ACROSS, SIDE)])
        try:
            with replacing(self.path, "wb") as file:
                made.savefig(file, format="png")
        except OSError as error:
            raise ConfigError([unwritable(self.output, self.path, error)]) from error


def small(image: np.ndarray) -> np.ndarray:
    """uint8 [C, H, W] -> [H, W, 3], reduced to its size on the sheet to save memory."""
    picture = Image.fromarray(np.ascontiguousarray(shown(image)))
    picture.thumbnail((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS)
    return np.asarray(picture)
