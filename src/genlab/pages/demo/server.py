"""The HTTP server behind the page: two addresses to read, four to ask. It knows no path of the file system."""

from __future__ import annotations

import errno
import os
import socket
import threading
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from genlab.contracts import ConfigError, Problem
from genlab.pages.demo.handler import Handler, Site
from genlab.pages.demo.names import Names

CONNECTIONS = 256  # that are open at once; each has a thread, which mostly waits
UPLOADS = 2  # files that come in and are decoded at once; further ones wait


class Server(ThreadingHTTPServer):
    """Bound and listening as soon as it is made, so that a port in use is known before torch is imported.

    Whoever comes before ``site`` is set and ``serve_forever`` called waits in the queue.

    Attributes:
        site: what is shown; None: not ready.

    Raises:
        ConfigError: the port is in use, or there is no such host.
    """

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = os.name == "posix"  # elsewhere it would take a port away from whoever has it

    def __init__(self, host: str, port: int, names: list[str]) -> None:
        self.names = Names(host, names)
        self.site: Site | None = None
        self.connections = threading.BoundedSemaphore(CONNECTIONS)
        self.uploads = threading.BoundedSemaphore(UPLOADS)
        try:
            self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            super().__init__((host, port), Handler)
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

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; beyond ``CONNECTIONS`` the connection is closed."""
        if not self.connections.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection's requests."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has left is no error of ours; others are told by the handler."""


def unusable(host: str, port: int, error: Exception) -> Problem:
    """What is wrong with an address that cannot be bound."""
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        other = f"port={port + 1}" if port < 65_535 else "port=7860"
        return Problem(f"port={port}", "is in use by another program", f"Type: {other}, or port=0 for one that is free")
    if code == errno.EACCES:
        return Problem(f"port={port}", "is not for everyone: ports below 1024 need rights", "Type: port=7860")
    reason = getattr(error, "strerror", None) or str(error)
    remedy = "Type: host=127.0.0.1, for this machine alone, or host=0.0.0.0, for all that reach it"
    return Problem(f"host={host}", f"cannot be served on: {reason}", remedy)
