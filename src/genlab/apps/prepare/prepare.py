"""``prepare.py``: prepares a data set ahead of training, and reports its content. torch is never imported."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.paths import cache_root, source_of
from genlab.console import show
from genlab.contracts import ConfigError, Problem
from genlab.files import obstacle


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
        show("all checks passed; nothing was prepared")
        return 0
    data_root = Path(cfg.paths.data).expanduser()
    prepared = source.prepare(data_root, cache_root(cfg))
    from genlab.apps.prepare.report import report
    from genlab.data.report.sound_survey import survey_sounds
    from genlab.data.report.survey import survey

    seen = survey(source.pictures(data_root, prepared.spec.skipped))
    heard = survey_sounds(source.sounds(data_root)) if prepared.spec.sound else None
    show("\n".join(report(prepared, seen, heard)))
    if sheet is not None:
        from genlab.data.report.contact_sheet import draw

        draw(prepared, sheet)
        show(f"sheet      {sheet}")
    return 0


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
    if reason := obstacle(sheet.absolute().parent):
        raise ConfigError([Problem(where, f"cannot be written: {reason}", "Choose a place that can: show=sheet.png")])
