"""Files from the network: several mirrors, short time-outs, continued where they broke off, checked, moved into place."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from genlab.console import progress
from genlab.contracts import DataError
from genlab.files import locked

CONNECT = 3.0  # seconds that the mirrors have, all at once, to take a connection
STALL = 20.0  # seconds without another byte
CHUNK = 1 << 16
OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}  # no other mirror would help


@dataclass(frozen=True)
class Remote:
    """A file to be had at ``mirror + name``, with the MD5 or SHA-256 that is known of it, if any."""

    name: str
    mirrors: tuple[str, ...]
    md5: str | None = None
    sha256: str | None = None


def fetch(remote: Remote, folder: Path, set_name: str) -> Path:
    """The file, in ``folder``. One process downloads while others wait.

    Raises:
        DataError: no mirror gave the right bytes; says what to put where by hand.
    """
    path = folder / remote.name
    try:
        with locked(path):
            reasons = [] if path.is_file() else download(remote, path)
    except OSError as error:
        reasons = [str(error)]
    if not reasons:
        return path
    raise DataError(
        f"{remote.name} of {set_name} is not in {folder} and could not be downloaded ({'; '.join(reasons)}). "
        f"Put it there, or say where your data sets lie: paths.data=DIR (with DIR/{folder.name}/{remote.name})."
    )


def download(remote: Remote, path: Path) -> list[str]:
    """Bring the file to ``path``, from the first mirror that gives the right bytes; what is wrong with each, else nothing.

    What has come of it stays hidden beside ``path``, to be continued.

    Raises:
        OSError: it cannot be written.
    """
    part, reasons = path.with_name(f".{path.name.lstrip('.')}.part"), []
    silent = unreachable(remote.mirrors)
    for mirror in remote.mirrors:
        reason = silent.get(mirror) or attempt(mirror + remote.name, part, remote)
        if reason is None:
            os.replace(part, path)
            return []
        reasons.append(f"{urlsplit(mirror).hostname}: {reason}")
    return reasons or ["no mirror is known"]


# ---- asking ---------------------------------------------------------------------------------------------------------


def unreachable(mirrors: tuple[str, ...]) -> dict[str, str]:
    """The mirrors that do not take a connection, and why; asked all at once, since a name server can be slow to say no."""
    reasons = dict.fromkeys(mirrors, "no answer")

    def ask(mirror: str) -> None:
        try:
            socket.create_connection(door(mirror), timeout=CONNECT).close()
        except OSError as error:
            reasons[mirror] = str(error)
        else:
            reasons.pop(mirror, None)  # a mirror may be listed twice

    threads = [threading.Thread(target=ask, args=(mirror,), daemon=True) for mirror in mirrors]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + CONNECT
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(reasons)


def door(url: str) -> tuple[str, int]:
    """Host and port that take the connection: the address's own, or those of the proxy that the environment names."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.netloc):
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


# ---- receiving ------------------------------------------------------------------------------------------------------


def attempt(url: str, part: Path, remote: Remote) -> str | None:
    """Download into ``part``, after what is there already; None when the bytes are right, else what went wrong.

    Raises:
        OSError: it cannot be written.
    """
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.build_opener().open(request, timeout=STALL) as answer:
            whole = receive(answer, part, have, remote.name)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:
            return f"{error.code} {error.reason}"
        if not str(error.headers.get("Content-Range")).endswith(f"/{have}"):
            part.unlink()  # longer than the file is: of another one
            return attempt(url, part, remote)
        whole = have  # all of it had come before
    except (OSError, HTTPException) as error:
        if getattr(error, "errno", None) in OF_THE_DISK:
            raise
        return str(getattr(error, "reason", error))
    if part.stat().st_size < whole:
        return "the connection broke off"  # what has come stays, to be continued
    return checked(part, remote)


def receive(answer: Any, part: Path, have: int, name: str) -> int:
    """Write what comes; the length of the whole file, 0 where the server does not say."""
    continued = answer.status == 206 and re.match(
        rf"bytes {have}-", answer.headers.get("Content-Range", f"bytes {have}-")
    )
    have = have if continued else 0
    length = int(answer.headers.get("Content-Length") or 0)
    whole = length + have if length else 0
    with (
        open(part, "ab" if continued else "wb") as file,
        progress(f"downloading {name}", whole or None, unit="bytes") as bar,
    ):
        bar(have)
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            bar(len(chunk))
    return whole


def checked(part: Path, remote: Remote) -> str | None:
    """None when the file has the digest that is known of it; else it is removed, and the words say why."""
    for kind, known in (("md5", remote.md5), ("sha256", remote.sha256)):
        with open(part, "rb") as file:
            if known is not None and hashlib.file_digest(file, kind).hexdigest() != known:
                part.unlink()
                return f"the file is not the published one ({kind.upper()} differs)"
    return None
