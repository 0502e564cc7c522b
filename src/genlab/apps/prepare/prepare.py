"""``prepare.py``: prepares a data set ahead of training, and reports its content. torch is never imported."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import cache_root, source_of
from genlab.contracts import ConfigError, Problem


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Download, check and decode the set of ``data=``; print a report, and write the contact sheet ``show``.

    Raises:
        ConfigError: ``show`` cannot be written.
        DataError: the data set is missing or damaged.
    """
    sheet = None if cfg.show is None else Path(cfg.show).expanduser()
    if sheet is not None:
        require_writable(sheet)
    source = source_of(cfg)
    if cfg.check_only:
        show(["all checks passed; nothing was prepared"])
        return 0
    data_root = Path(cfg.paths.data).expanduser()
    prepared = source.prepare(data_root, cache_root(cfg))
    from genlab.apps.prepare.report import report
    from genlab.data.report.survey import survey

    show(report(prepared, survey(source.pictures(data_root, prepared.spec.skipped))))
    if sheet is not None:
        from genlab.data.report.contact_sheet import draw

        draw(prepared, sheet)
        show([f"sheet      {sheet}"])
    return 0


def show(lines: list[str]) -> None:
    """Print lines; a closed pipe (``| head``) is not an error."""
    try:
        print("\n".join(lines), flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that closing it does not fail again


def require_writable(sheet: Path) -> None:
    """Refuse, before the work starts, a contact sheet that cannot be written.

    Raises:
        ConfigError: with the reason.
    """
    where = f"show={sheet}"
    if sheet.suffix.lower() != ".png":
        raise ConfigError([Problem(where, "must be the name of a .png file", "Type: show=sheet.png")])
    if sheet.is_dir():
        raise ConfigError([Problem(where, "is a folder", f"Type: show={sheet / 'sheet.png'}")])
    folder = next(place for place in sheet.absolute().parents if place.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        what = f"cannot be written: {folder}: {error.strerror}"
        raise ConfigError([Problem(where, what, "Choose a place that can: show=sheet.png")]) from error
