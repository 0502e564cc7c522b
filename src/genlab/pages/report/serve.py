"""The report on this machine's own address, made anew when the runs have changed; the page asks for that by itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from genlab.console import say
from genlab.contracts import ConfigError, GenlabError, Problem
from genlab.pages.report.content import read_content
from genlab.pages.report.page import page
from genlab.runs.heartbeat import known_of, state_of

HOST = "127.0.0.1"
FILES = ("summary.json", "config.yaml", "metrics.csv", "images", "tables")  # of a run, by whose times a change is seen
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
            seen = [fingerprint(run) for run in runs]
            if seen == self.seen:
                return
            whole = page(read_content(runs, self.title, live=True))
            found = DIGEST.search(whole)
            assert found is not None
            self.seen, self.digest = seen, found[1]
            self.text = whole.encode(errors="backslashreplace")


def fingerprint(run: Path) -> tuple[object, ...]:
    """What changes when a run does; a heartbeat alone is no change, but that it stops is one."""
    times = [path.stat().st_mtime_ns if (path := run / name).exists() else 0 for name in FILES[1:]]
    told = {key: value for key, value in known_of(run).items() if key != "heartbeat"}
    try:
        state = state_of(run)
    except GenlabError:
        state = "absent"
    return run, state, str(told), *times


class Handler(BaseHTTPRequestHandler):
    """Answers two questions: for the page, and for its digest."""

    server: Server

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        """Answer."""
        if self.headers.get("Host") not in self.server.names:
            self.answer(403, "text/plain", b"another host")  # a page elsewhere that has its name point here
        elif self.path.partition("?")[0] in ("/", "/digest"):
            self.told()
        else:
            self.answer(404, "text/plain", b"there is only the report: /")

    def told(self) -> None:
        """The page or its digest; what is in the way of making it is said in its place."""
        watched = self.server.watched
        try:
            watched.look()
        except (GenlabError, OSError) as error:
            self.answer(503, "text/plain; charset=utf-8", str(error).encode(errors="backslashreplace"))
            return
        if self.path.startswith("/digest"):
            self.answer(200, "text/plain", watched.digest.encode())
        else:
            self.answer(200, "text/html; charset=utf-8", watched.text)

    def answer(self, code: int, kind: str, content: bytes) -> None:
        """Send an answer that nobody keeps."""
        self.send_response(code)
        for name, value in {"Content-Type": kind, "Content-Length": len(content), "Cache-Control": "no-store"}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing of single requests."""


class Server(ThreadingHTTPServer):
    """Serves one page."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, watched: Watched) -> None:
        super().__init__((HOST, port), Handler)
        self.watched = watched
        self.names = {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    def handle_error(self, request: object, address: object) -> None:
        """A browser that has gone away is no error."""


def serve(find: Callable[[], Sequence[Path]], title: str, port: int) -> int:
    """Serve the report until a signal comes.

    Raises:
        ConfigError: the port is in use.
    """
    server = bound(port, Watched(find, title))
    with server:
        server.watched.look()
        say(f"open      http://{HOST}:{server.server_port}/   (Ctrl-C ends)")
        server.serve_forever()
    return 0


def bound(port: int, watched: Watched) -> Server:
    """The server at its port.

    Raises:
        ConfigError: the port is in use.
    """
    try:
        return Server(port, watched)
    except OSError as error:
        what = f"cannot be listened to: {error.strerror or error}"
        remedy = f"Another program has it: type port={port + 1 if port < 65535 else 8017}"
        raise ConfigError([Problem(f"port={port}", what, remedy)]) from None
