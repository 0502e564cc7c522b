"""``sheet.png`` of ``translate.py``: the first pictures beside what became of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genlab.contracts import ConfigError
from genlab.data.report.contact_sheet import Block, Cell, beside, cut_to_fit, laid_out, shown
from genlab.files import replacing
from genlab.translate.inputs import Inputs, unwritable

COUNT, SIDE, ACROSS = 16, 256, 2  # pictures, pixels of each, and pairs in a row


class Sheet:
    """Collects pairs of input and translation, in whatever order they come.

    Args:
        inputs: all pictures, of which the first are shown, in their order.
        output: the folder of the translations.
    """

    def __init__(self, inputs: Inputs, output: Path) -> None:
        self.inputs, self.output = inputs, output
        self.cells: dict[Path, Cell] = {}

    def add(self, path: Path, before: np.ndarray, after: np.ndarray) -> None:
        """One picture and its translation, [C, H, W] in [0, 1], if it is among the first."""
        if path in self.inputs.files[:COUNT]:
            pair = (shown(np.rint(image * 255).astype(np.uint8), SIDE) for image in (before, after))
            self.cells[path] = Cell(beside(*pair), (cut_to_fit(self.inputs.name(path).as_posix()),))

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
        page = laid_out(title, [Block("input and translation", cells, ACROSS)])
        try:
            with replacing(self.path, "wb") as file:
                page.save(file, format="PNG")
        except OSError as error:
            raise ConfigError([unwritable(self.output, self.path, error)]) from error
