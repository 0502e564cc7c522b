"""What the servers of pages share: they listen at once or say why not, know their names, and answer with safe headers."""

from __future__ import annotations

import errno
import os
import socket
import sys
import traceback
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from genlab import console
from genlab.contracts import ConfigError, Problem
from genlab.pages.names import Names
from genlab.pages.policy import UNFRAMED

IDLE = 30.0  # seconds after which a silent connection is closed
OTHER_NAME = "This server has another name."
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": UNFRAMED,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Listener(ThreadingHTTPServer):
    """Bound and listening as soon as it is made; a thread answers each connection, and ends with the process.

    Args:
        host: the address that it listens to.
        port: 0: one that is free.
        handler: makes the answers.
        names: further names by which browsers reach it.

    Raises:
        ConfigError: the port is in use, or there is no such host.
    """

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = os.name == "posix"  # elsewhere it would take a port away from whoever has it

    def __init__(self, host: str, port: int, handler: type[Answering], names: Iterable[str] = ()) -> None:
        self.names = Names(host, names)
        try:
            self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            super().__init__((host, port), handler)
        except (OSError, UnicodeError) as error:
            raise ConfigError([unusable(host, port, error)]) from error

    def server_bind(self) -> None:
        """Bind, without asking for the machine's full name, which may take seconds where there is no network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host, port = self.server_address[:2]
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))
        return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong; a browser that has gone away is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            console.say(traceback.format_exc().rstrip("\n"))


class Answering(BaseHTTPRequestHandler):
    """Answers the requests of one connection; single ones are not logged."""

    server_version, sys_version = "genlab", ""
    timeout = IDLE
    error_message_format, error_content_type = "%(message)s\n", "text/plain; charset=utf-8"
    server: Any

    def is_called_by_name(self) -> bool:
        """Whether the browser calls the server by a name that it has (``names``)."""
        known: bool = self.server.names.knows(self.headers.get("Host"))
        return known

    def reply(self, status: HTTPStatus, kind: str, content: bytes, more: dict[str, str] | None = None) -> None:
        """Send an answer that nobody keeps; ``more``: headers."""
        self.send_response(status)
        closing = {"Connection": "close"} if self.close_connection else {}
        length = {} if status == HTTPStatus.NO_CONTENT else {"Content-Type": kind, "Content-Length": str(len(content))}
        for name, value in {**HEADERS, **length, **closing, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


def unusable(host: str, port: int, error: Exception) -> Problem:
    """What is wrong with an address that cannot be listened to."""
    code = error.errno if isinstance(error, OSError) else None
    free = "port=0 for one that is free"
    if code == errno.EADDRINUSE:
        next_one = f"port={port + 1}, or " if port < 65_535 else ""
        return Problem(f"port={port}", "is in use by another program", f"Type: {next_one}{free}")
    if code == errno.EACCES:
        return Problem(f"port={port}", "is not for everyone: ports below 1024 need rights", f"Type: {free}")
    reason = getattr(error, "strerror", None) or str(error)
    remedy = "Type: host=127.0.0.1, for this machine alone, or host=0.0.0.0, for all that reach it"
    return Problem(f"host={host}", f"cannot be served on: {reason}", remedy)
