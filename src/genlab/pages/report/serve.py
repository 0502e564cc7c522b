"""The report on this machine's own address, made anew when the runs have changed; the page asks for that by itself."""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from genlab.console import say
from genlab.contracts import GenlabError
from genlab.pages.listener import OTHER_NAME, Answering, Listener
from genlab.pages.report.content import read_content
from genlab.pages.report.page import page
from genlab.runs.heartbeat import is_locked, known_of, state_of
from genlab.sweeps.folder import SETTINGS

HOST = "127.0.0.1"
# By the times of these a change is seen, beside the summary.
OF_RUN = ("config.yaml", "metrics.csv", "images", "sounds", "tables")
OF_SWEEP = ("sweep.json", "trials.jsonl", "pruned.json", "logs", "images")
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
FAILED = "The page could not be made. The terminal that it was started in says more."
DIGEST = re.compile(r'data-digest="([0-9a-f]+)"')


class Watched:
    """The page as the runs are now."""

    def __init__(self, find: Callable[[], Sequence[Path]], title: str) -> None:
        self.find, self.title, self.lock = find, title, threading.Lock()
        self.seen: object = None
        self.text, self.digest = b"", ""

    def look(self) -> None:
        """Make the page anew if a run has changed since the last look."""
        with self.lock:
            runs = self.find()
            seen = [*map(fingerprint, runs), *map(fingerprint_of_sweep, sweeps_above(runs))]
            if seen == self.seen:
                return
            whole = page(read_content(runs, self.title, live=True))
            found = DIGEST.search(whole)
            assert found is not None
            self.seen, self.digest = seen, found[1]
            self.text = whole.encode(errors="backslashreplace")


def fingerprint(run: Path) -> tuple[object, ...]:
    """What changes when a run does; a heartbeat alone is no change, but that it stops is one."""
    told = {key: value for key, value in known_of(run).items() if key != "heartbeat"}
    try:
        state = state_of(run)
    except GenlabError:
        state = "absent"
    return run, state, str(told), *times(run, OF_RUN)


def fingerprint_of_sweep(folder: Path) -> tuple[object, ...]:
    """What changes when a sweep does, beside its runs: that it begins and ends, what it chooses, what it draws."""
    return folder, is_locked(folder), *times(folder, OF_SWEEP)


def times(folder: Path, names: Sequence[str]) -> list[int]:
    """When each of these files was changed last, in nanoseconds; 0 where there is none."""
    return [path.stat().st_mtime_ns if (path := folder / name).exists() else 0 for name in names]


def sweeps_above(runs: Sequence[Path]) -> list[Path]:
    """The folders of the sweeps that some of the runs belong to."""
    return [folder for folder in dict.fromkeys(run.parent for run in runs) if (folder / SETTINGS).is_file()]


class Handler(Answering):
    """Answers two questions: for the page, and for its digest."""

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        """Answer."""
        path = urlsplit(self.path).path
        if not self.is_called_by_name():
            self.reply(HTTPStatus.FORBIDDEN, TEXT, OTHER_NAME.encode())
        elif path in ("/", "/digest"):
            self.told(path)
        else:
            self.reply(HTTPStatus.NOT_FOUND, TEXT, b"There is only the report, at /")

    def told(self, path: str) -> None:
        """The page or its digest; what is in the way of making it is said in its place."""
        watched: Watched = self.server.watched
        try:
            watched.look()
        except (GenlabError, OSError) as error:
            self.reply(HTTPStatus.SERVICE_UNAVAILABLE, TEXT, str(error).encode(errors="backslashreplace"))
        except Exception:
            say(traceback.format_exc().rstrip("\n"))
            self.reply(HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, FAILED.encode())
        else:
            page = path == "/"
            self.reply(HTTPStatus.OK, HTML if page else TEXT, watched.text if page else watched.digest.encode())


class Server(Listener):
    """Serves one page, on this machine alone.

    Raises:
        ConfigError: the port is in use.
    """

    def __init__(self, port: int, watched: Watched) -> None:
        super().__init__(HOST, port, Handler)
        self.watched = watched


def serve(find: Callable[[], Sequence[Path]], title: str, port: int) -> int:
    """Serve the report until a signal comes.

    Raises:
        ConfigError: the port is in use.
    """
    with Server(port, Watched(find, title)) as server:
        server.watched.look()
        say(f"page      {server.url}   (Ctrl-C ends it)")
        server.serve_forever()
    return 0
