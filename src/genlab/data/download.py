"""Files from the network: several mirrors, short time-outs, continued where they broke off, checked, moved into place."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from genlab.contracts import DataError

CONNECT = 3.0  # seconds that the mirrors have, all at once, to take a connection
STALL = 20.0  # seconds without another byte
CHUNK = 1 << 16


@dataclass(frozen=True)
class Remote:
    """A file to be had at ``mirror + name``, with the MD5 that its publisher gives."""

    name: str
    mirrors: tuple[str, ...]
    md5: str


def fetch(remote: Remote, folder: Path, set_name: str) -> Path:
    """The file, in ``folder``. One process downloads while others wait.

    Raises:
        DataError: no mirror gave the right bytes; says what to put where by hand.
    """
    path = folder / remote.name
    reasons: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{remote.name}.lock"):
            if path.is_file():
                return path
            part = folder / f".{remote.name}.part"
            silent = unreachable(remote.mirrors)
            for mirror in remote.mirrors:
                reason = silent.get(mirror) or attempt(mirror + remote.name, part, remote.md5)
                if reason is None:
                    os.replace(part, path)
                    return path
                reasons.append(f"{mirror.split('/')[2]}: {reason}")
    except OSError as error:
        reasons.append(str(error))
    if not any(folder.glob("[!.]*")):
        forget(folder)
    raise DataError(
        f"{remote.name} of {set_name} is not in {folder} and could not be downloaded ({'; '.join(reasons)}). "
        f"Put it there, or say where your data sets lie: paths.data=DIR (with DIR/{folder.name}/{remote.name})."
    )


def forget(folder: Path) -> None:
    """Remove a folder that holds nothing but our own lock."""
    for file in folder.glob(".*.lock"):
        file.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        if folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()


def unreachable(mirrors: tuple[str, ...]) -> dict[str, str]:
    """The mirrors that do not take a connection, and why; asked all at once, since a name server can be slow to say no."""
    reasons = dict.fromkeys(mirrors, "no answer")

    def ask(mirror: str) -> None:
        parts = urlsplit(mirror)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.create_connection((parts.hostname or "", port), timeout=CONNECT).close()
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


def attempt(url: str, part: Path, md5: str) -> str | None:
    """Download into ``part``, after what is there already; None when the bytes are right, else what went wrong."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=STALL) as answer:
            continued = answer.status == 206
            whole = int(answer.headers.get("Content-Length", 0)) + (have if continued else 0)
            with open(part, "ab" if continued else "wb") as file:
                while chunk := answer.read(CHUNK):
                    file.write(chunk)
    except (urllib.error.URLError, OSError) as error:
        return str(getattr(error, "reason", error))
    if part.stat().st_size < whole:
        return "the connection broke off"  # what has come stays, to be continued
    with open(part, "rb") as file:
        right = hashlib.file_digest(file, "md5").hexdigest() == md5
    if right:
        return None
    part.unlink()
    return "the file is not the published one (MD5 differs)"
