"""Downloads by pooch: mirrors in turn, short timeouts, verified digests, atomic moves into place.

An interrupted download starts again from the beginning: pooch cannot resume one.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from genlab.contracts import DataError
from genlab.files import locked

CONNECT, STALL = 3.0, 20.0  # seconds to take a connection; seconds without another byte
WHY = {
    "ChunkedEncodingError": "the connection broke off",
    "ConnectTimeout": "no answer",
    "ReadTimeout": "no answer",
    "ValueError": "the file is not the published one: its digest differs",
}


@dataclass(frozen=True)
class Remote:
    """A file at ``mirror + name`` of each mirror, with its digest if known: ``md5:…`` or ``sha256:…``."""

    name: str
    mirrors: tuple[str, ...]
    digest: str | None = None


def fetch(remote: Remote, folder: Path, set_name: str) -> Path:
    """The path of the file in ``folder``, downloaded if missing. One process downloads while others wait.

    Raises:
        DataError: no mirror delivered the right file; the message says where to put it by hand.
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
    """Download to ``path`` from the first mirror that delivers the right file. -> why each mirror failed; empty on success.

    Raises:
        OSError: ``path`` cannot be written.
    """
    reasons, work = [], path.with_name(f".{path.name.lstrip('.')}.part")
    for mirror in remote.mirrors:
        shutil.rmtree(work, ignore_errors=True)  # also of a process that was killed
        try:
            os.replace(retrieved(mirror + remote.name, remote.digest, work), path)
            return []
        except (OSError, ValueError) as error:  # what requests raises is an OSError, and has no number
            if getattr(error, "errno", None) is not None:
                raise
            reasons.append(f"{urlsplit(mirror).hostname}: {reason(error)}")
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return reasons or ["no mirror is known"]


def retrieved(url: str, digest: str | None, folder: Path) -> str:
    """Download into ``folder``, with a progress bar on a terminal. -> the file's path.

    Raises:
        OSError: it cannot be downloaded or written.
        ValueError: its digest differs.
    """
    import pooch
    from tqdm import tqdm

    pooch.get_logger().setLevel("ERROR")
    name = url.rpartition("/")[2]
    plain = {"Accept-Encoding": "identity"}
    # its total follows with the answer; without one a bar of tqdm is neither true nor false
    with tqdm(total=1, desc=f"downloading {name}", unit="B", unit_scale=True, leave=False, disable=None) as bar:
        get = pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=(CONNECT, STALL), headers=plain)
        return str(pooch.retrieve(url, digest, name, folder, downloader=get))


def reason(error: Exception) -> str:
    """What went wrong, in a few words."""
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"{answer.status_code} {answer.reason}"
    return WHY.get(type(error).__name__, "cannot be reached")
