"""``report.py``: one page of all the runs in a folder, as a file or, while runs go on, served on this machine."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.console import say, show
from genlab.contracts import CheckpointError, ConfigError, Problem
from genlab.files import obstacle, replacing
from genlab.runs.find import follow_latest
from genlab.runs.listing import runs_in
from genlab.sweeps.words import plural


def run(cfg: DictConfig, overrides: list[str], run_dir: Path | None = None) -> int:
    """Write the page, or serve it until a signal comes.

    Raises:
        CheckpointError: a folder does not exist, or holds no run.
        ConfigError: the file cannot be written, or the port is in use.
    """
    folders = [folder_of(str(name)) for name in ([cfg.runs] if isinstance(cfg.runs, str) else cfg.runs)]
    found = all_runs(folders)
    output = Path(cfg.output).expanduser()
    if not cfg.watch:
        require_writable(output)
    if cfg.check_only:
        show(f"all checks passed: {plural(len(found), 'run')}; nothing was written")
        return 0
    title = cfg.title or f"Runs in {', '.join(map(str, folders))}"
    if cfg.watch:
        from genlab.pages.report.serve import serve

        return serve(lambda: all_runs(folders), title, cfg.port)
    return write(found, title, output)


def write(runs: list[Path], title: str, output: Path) -> int:
    """Write the page, whole or not at all."""
    from genlab.pages.report.content import read_content
    from genlab.pages.report.page import page

    content = read_content(runs, title)
    output.parent.mkdir(parents=True, exist_ok=True)
    with replacing(output) as file:
        file.write(page(content))
    for record in content.records:
        for fault in record.faults:
            say(f"note      {record.label}: {fault}")
    size = output.stat().st_size / 1e6
    say(f"written to {output}: {plural(len(runs), 'run')}, {plural(content.pictures.held, 'picture')}, {size:.1f} MB")
    return 0


def folder_of(name: str) -> Path:
    """A folder that was typed.

    Raises:
        CheckpointError: there is none.
    """
    path = Path(name).expanduser()
    if not path.exists():
        raise CheckpointError(f"runs={name}: {path} does not exist. Give a folder of runs, or a run: runs=DIR")
    path = follow_latest(path)
    return path if path.is_dir() else path.parent.parent


def all_runs(folders: list[Path]) -> list[Path]:
    """Every run in the folders, each once.

    Raises:
        CheckpointError: there is none.
    """
    found = list(dict.fromkeys(path for folder in folders for path in runs_in(folder.resolve())))
    if not found:
        names = ", ".join(map(str, folders))
        raise CheckpointError(f"runs={names}: there is no run in {names}. Give a folder of runs, or a run: runs=DIR")
    return found


def require_writable(output: Path) -> None:
    """Refuse a place where no file can be written, before anything is read.

    Raises:
        ConfigError: with the reason.
    """
    if output.is_dir():
        raise ConfigError([Problem(f"output={output}", "is a folder", f"Type: output={output / 'report.html'}")])
    if reason := obstacle(output.parent):
        raise ConfigError([Problem(f"output={output}", f"cannot be written: {reason}", "Type: output=report.html")])
