"""The HTTP server behind the page: two addresses to read, four to ask. It knows no path of the file system."""

from __future__ import annotations

import threading
from typing import Any

from genlab.pages.demo.handler import Handler, Site
from genlab.pages.listener import Listener

CONNECTIONS = 256  # that are open at once; each has a thread, which mostly waits
UPLOADS = 2  # files that come in and are decoded at once; further ones wait


class Server(Listener):
    """Listens as soon as it is made, so that a port in use is known before torch is imported.

    Whoever comes before ``site`` is set and ``serve_forever`` called waits in the queue.

    Attributes:
        site: what is shown; None: not ready.

    Raises:
        ConfigError: the port is in use, or there is no such host.
    """

    def __init__(self, host: str, port: int, names: list[str]) -> None:
        self.site: Site | None = None
        self.connections = threading.BoundedSemaphore(CONNECTIONS)
        self.uploads = threading.BoundedSemaphore(UPLOADS)
        super().__init__(host, port, Handler, names)

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
