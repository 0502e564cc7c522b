"""CSV files: one that grows by rows and occasionally by columns, truncated to the rows of a checkpoint; and whole ones."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from genlab.files import replacing

FIRST = ["step", "epoch", "images", "seconds"]  # columns of ``metrics.csv``


class Table:
    """Rows as dicts. Consecutive rows with the same ``step`` are merged; rows without one never are.

    Rows are buffered until ``save`` writes them to disk.
    """

    def __init__(self, path: Path, columns: list[str]) -> None:
        self.path = path
        self.columns, self.kept = self._read() if path.is_file() else (list(columns), [])
        self.written = len(self.kept)
        self.header_changed = not path.is_file()

    @property
    def rows(self) -> int:
        """Number of rows, saved or not."""
        return len(self.kept)

    def append(self, row: dict[str, Any]) -> None:
        """Append a row, or merge it into the last one if that has the same step."""
        new = [name for name in row if name not in self.columns]
        if new:
            self.columns += new
            self.header_changed = True
        text = {name: as_text(value) for name, value in row.items()}
        if self.kept and "step" in text and self.kept[-1].get("step") == text["step"]:
            self.kept[-1] |= text
            self.written = min(self.written, len(self.kept) - 1)
            self.header_changed = True  # the last row on disk may have to change
        else:
            self.kept.append(text)

    def truncate(self, rows: int) -> None:
        """Keep only the first ``rows`` rows; the columns stay."""
        if rows < len(self.kept):
            self.kept = self.kept[:rows]
            self.header_changed = True
            self.save()

    def save(self) -> None:
        """Flush to disk: append new rows, or rewrite the file if saved rows have changed.

        Raises:
            OSError: the file cannot be written; it is as before, and the rows are written next time.
        """
        if self.header_changed or not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                self._write(file, self.kept, header=True)
        elif self.written < len(self.kept):
            with appending(self.path) as file:
                self._write(file, self.kept[self.written :], header=False)
        self.written, self.header_changed = len(self.kept), False

    def _write(self, file: Any, rows: list[dict[str, str]], header: bool) -> None:
        writer = csv.DictWriter(file, self.columns, restval="", lineterminator="\n")
        if header:
            writer.writeheader()
        writer.writerows(rows)

    def _read(self) -> tuple[list[str], list[dict[str, str]]]:
        with open(self.path, newline="") as file:
            reader = csv.DictReader(file)
            rows = [{name: value for name, value in row.items() if value} for row in reader]
            return list(reader.fieldnames or []), rows


@contextmanager
def appending(path: Path) -> Iterator[IO[str]]:
    """The file, opened to append; as it was if that fails (full disk), without the half of a row."""
    before = path.stat().st_size
    try:
        with open(path, "a", newline="") as file:
            yield file
    except OSError:
        os.truncate(path, before)
        raise


def as_text(value: Any) -> str:
    """``value`` as text; floats by ``repr``, which reads back to the same bits."""
    return repr(value) if isinstance(value, float) else str(value)


def write_csv(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write the lines whole; None is an empty field, a float reads back to the same bits."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    with replacing(path) as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: "" if value is None else as_text(value) for name, value in line.items()} for line in lines
        )
