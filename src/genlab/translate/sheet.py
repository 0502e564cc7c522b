"""``sheet.png`` of ``translate.py``: the first pictures beside what became of them."""

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
    """Collects pairs of input and translation, in whatever order they come.

    Args:
        inputs: all pictures, of which the first are shown, in their order.
        output: the folder of the translations.
    """

    def __init__(self, inputs: Inputs, output: Path) -> None:
        self.inputs, self.output = inputs, output
        self.cells: dict[Path, tuple[np.ndarray, str]] = {}

    def add(self, path: Path, before: np.ndarray, after: np.ndarray) -> None:
        """One picture and its translation, [C, H, W] in [0, 1], if it is among the first."""
        if path in self.inputs.files[:COUNT]:
            pair = (small(np.rint(image * 255).astype(np.uint8)) for image in (before, after))
            self.cells[path] = beside(*pair), filled(self.inputs.name(path).as_posix(), SIDE, 1)

    @property
    def path(self) -> Path:
        """``sheet.png``, or the first of ``sheet-2.png`` … that is no picture's own."""
        taken = {self.inputs.name(path).as_posix().lower() for path in self.inputs.files}
        names = ["sheet.png", *(f"sheet-{i}.png" for i in range(2, len(taken) + 3))]
        return self.output / next(name for name in names if name not in taken)

    def write(self, title: str) -> None:
        """The file, if there is anything to show.

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
    """uint8 [C, H, W] -> [H, W, 3], no larger than it is shown: a picture may be one of gigabytes."""
    picture = Image.fromarray(np.ascontiguousarray(shown(image)))
    picture.thumbnail((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS)
    return np.asarray(picture)
