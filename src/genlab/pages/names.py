"""Whom the server answers: browsers that call it by a name it has, from its own page.

A page elsewhere can have its own name point to 127.0.0.1 and then read what a server there says ("DNS rebinding"). The name
still stands in the header ``Host``. An address of numbers cannot be made to point elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

LOCAL = "localhost"


class Names:
    """The names of a server.

    Args:
        host: what it binds to.
        further: names by which browsers reach it, behind a proxy.
    """

    def __init__(self, host: str, further: Iterable[str] = ()) -> None:
        own = [] if is_loopback(host) else [socket.gethostname()]
        self.further = {name.lower().rstrip(".") for name in further}
        self.known = self.further | {name.lower().rstrip(".") for name in (LOCAL, host, *own)}

    def knows(self, host: str | None) -> bool:
        """Whether a header ``Host`` has one of them, or an address of numbers; with any port: tunnels change it."""
        name = hostname(f"//{host}") if host and "@" not in host else None
        return name is not None and (name in self.known or is_address(name))

    def welcomes(self, origin: str | None, host: str | None) -> bool:
        """Whether the server's own page asks, by the header ``Origin``, which programs other than browsers do not send."""
        if origin is None:
            return True
        return hostname(origin) is not None and (urlsplit(origin).netloc == host or hostname(origin) in self.further)


def hostname(url: str) -> str | None:
    """The name in an address, in lower case; None if it cannot be read."""
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return None
    return name.rstrip(".") if name else None


def is_address(name: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return host == LOCAL or (is_address(host) and ipaddress.ip_address(host).is_loopback)
