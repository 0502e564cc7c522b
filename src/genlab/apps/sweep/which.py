"""Which sweep a command line means: a new one, or one to go on with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from genlab.apps.command.passed_on import own, passed_on
from genlab.config.keys import key_of
from genlab.console import say
from genlab.contracts import ConfigError, Problem
from genlab.runs.directory import RunDirectory, make, point_latest
from genlab.runs.find import follow_latest
from genlab.runs.heartbeat import is_locked
from genlab.sweeps.content import text_of
from genlab.sweeps.folder import FILE, SETTINGS, SweepFolder

FIXED = ("digest", "overrides", "config_dir", "seed", "replicates")  # settings that a sweep keeps
TYPED = ("seed", "replicates")  # those of them that are keys of the command


def settings_of(cfg: DictConfig, overrides: Iterable[str], config_dir: Path | None, file: Path) -> dict[str, Any]:
    """What a new sweep records of its command line."""
    return {
        "file": str(file),
        "digest": hashlib.sha256(text_of(file).encode()).hexdigest(),
        "name": cfg.name or file.stem,
        "overrides": passed_on("sweep", overrides),
        "config_dir": str(config_dir.expanduser().resolve()) if config_dir else None,
        "seed": cfg.seed,
        "replicates": cfg.replicates,
        "run_cap": cfg.run_cap,
    }


def existing(cfg: DictConfig, overrides: list[str], config_dir: Path | None) -> SweepFolder | None:
    """The sweep to go on with, if the line names one.

    Raises:
        ConfigError: the folder is no sweep, or one of another file or with other settings.
    """
    file = follow_latest(Path(cfg.file).expanduser())
    if file.is_dir():
        folder = opened(file)
        require_same(folder, changes(folder.settings(), cfg, overrides))
        return folder
    if cfg.resume is None:
        return None
    wanted = settings_of(cfg, overrides, config_dir, file)
    if cfg.resume == "auto":
        return newest(Path(cfg.paths.runs).expanduser() / "sweeps" / wanted["name"], wanted)
    folder = opened(follow_latest(Path(cfg.resume).expanduser()))
    recorded = folder.settings()
    require_same(folder, [key for key in FIXED if recorded[key] != wanted[key]])
    return folder


def opened(path: Path) -> SweepFolder:
    """The sweep in a folder.

    Raises:
        ConfigError: there is none.
    """
    if (path / SETTINGS).is_file() and (path / FILE).is_file():
        return SweepFolder(path.resolve())
    what = "is not the folder of a sweep" if path.exists() else "does not exist"
    raise ConfigError([Problem(str(path), what, "Type: the folder with sweep.json in it (runs/sweeps/NAME/TIME)")])


def changes(recorded: dict[str, Any], cfg: DictConfig, overrides: list[str]) -> list[str]:
    """The settings that are typed beside a folder and are not the sweep's own."""
    typed = {key_of(text) for text in own("sweep", overrides)}
    found = [key for key in TYPED if key in typed and recorded[key] != cfg[key]]
    rest = [text for text in passed_on("sweep", overrides) if text not in recorded["overrides"]]
    return found + (["overrides"] if rest else [])


def require_same(folder: SweepFolder, changed: list[str]) -> None:
    """Refuse to go on with a sweep under other settings.

    Raises:
        ConfigError: with the first of them.
    """
    if not changed:
        return
    recorded = folder.settings()
    if changed[0] == "digest":
        what = f"is a sweep of another file, or of an earlier state of it ({recorded['file']})"
    elif changed[0] == "overrides":
        what = f"is a sweep with other overrides ({' '.join(recorded['overrides']) or 'none'})"
    else:
        what = f"is a sweep with another {changed[0]} ({recorded[changed[0]]})"
    raise ConfigError([Problem(str(folder.path), what, "Leave that out, or start a new sweep: without resume=")])


def newest(parent: Path, wanted: dict[str, Any]) -> SweepFolder | None:
    """The newest unfinished sweep with the same settings that nobody runs."""
    found = sorted(parent.glob(f"*/{SETTINGS}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in (path for path in found if not path.parent.is_symlink()):
        folder = SweepFolder(path.parent.resolve())
        recorded = folder.settings()
        same = all(recorded.get(key) == wanted[key] for key in FIXED)
        if same and not recorded.get("ended") and not is_locked(folder.path):
            say(f"resume    the sweep {folder.path}")
            return folder
    say(f"resume    nothing to continue in {parent}: no unfinished sweep of this line, so a new one begins")
    return None


def created(cfg: DictConfig, settings: dict[str, Any], text: str) -> SweepFolder:
    """A new folder for a sweep.

    Raises:
        DataError: it cannot be made.
    """
    directory: RunDirectory = make(Path(cfg.paths.runs).expanduser() / "sweeps" / settings["name"], None)
    folder = SweepFolder(directory.path.resolve())
    folder.begin(text, settings)
    point_latest(directory)
    return folder
