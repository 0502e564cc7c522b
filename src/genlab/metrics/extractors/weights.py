"""Weights of published networks: where their files lie, which bytes are the published ones, and how they get there.

No torch: what is missing is found before the data is prepared. A file is held against its SHA-256 before anything is
made of it, and the very bytes that were held against it are read, never unpickled.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from genlab.config.types import Network
from genlab.contracts import ConfigError, DataError, Problem
from genlab.data.files.download import Remote, download
from genlab.files import locked, sha256


class Published(NamedTuple):
    """A file as its authors publish it. ``sha256``: None if they state none that could be verified."""

    file: str
    folder: str
    sha256: str | None
    packages: tuple[str, ...] = ()


TIMM = ("timm", "safetensors")
META, TIMMS = "https://dl.fbaipublicfiles.com/dinov2", "https://huggingface.co/timm"
PUBLISHED: dict[Network, Published] = {
    "inception": Published(
        "weights-inception-2015-12-05-6726825d.pth",
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    ),
    "dinov2": Published(
        "dinov2_vitl14_pretrain.pth",
        f"{META}/dinov2_vitl14/",
        "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
        TIMM,
    ),
    "dinov2_base": Published(
        "dinov2_vitb14_pretrain.pth",
        f"{META}/dinov2_vitb14/",
        "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73",
        TIMM,
    ),
    "clip": Published(
        "vit_large_patch14_clip_336.openai.safetensors", f"{TIMMS}/vit_large_patch14_clip_336.openai", None, TIMM
    ),
}


class Stated(NamedTuple):
    """What the user says of a file: where it lies, and the SHA-256 of another than the published one."""

    path: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Weights:
    """The file of a network. ``sha256`` is what it must have; None: there is none to hold it against."""

    network: Network
    path: Path
    sha256: str | None

    @property
    def name(self) -> str:
        """``inception``; with other weights than the published ones the beginning of their digest follows."""
        published = PUBLISHED[self.network].sha256
        return self.network if self.sha256 in (None, published) else f"{self.network}_{self.sha256[:8]}"

    @property
    def key(self) -> str:
        """The beginning of the keys that say something else of the file."""
        return f"metrics.weights.{self.network}"

    @property
    def source(self) -> str:
        """Where the published file is offered."""
        published = PUBLISHED[self.network]
        return published.folder + (published.file if published.folder.endswith("/") else "")

    @property
    def digest(self) -> str:
        """The beginning of the file's SHA-256."""
        return (self.sha256 or "")[:16]

    def read(self) -> bytes:
        """The file's bytes, after they have been held against the digest.

        Raises:
            ConfigError: there is no such file.
            DataError: it is another.
        """
        self.require_file([])
        content = self.path.read_bytes()
        self.require(hashlib.sha256(content).hexdigest())
        return content

    def require_file(self, reasons: list[str]) -> None:
        """Refuse a file that is not there. ``reasons``: why it could not be downloaded.

        Raises:
            ConfigError: with its place, where to fetch it, and its digest.
        """
        if self.path.is_file():
            return
        why = f", and it could not be downloaded ({'; '.join(reasons)})" if reasons else ""
        digest = f" (SHA-256 {self.sha256})" if self.sha256 else f" (and state its digest: {self.key}.sha256=…)"
        remedy = f"Fetch {self.source}{digest} there, or type: {self.key}.path=FILE, or: metrics.extractor=auto"
        raise ConfigError([Problem(f"extractor={self.network}", f"there is no {self.path}{why}", remedy)])

    def require(self, found: str) -> None:
        """Refuse another digest than the expected one.

        Raises:
            DataError: with both digests, and how to take this file all the same.
        """
        if found == self.sha256:
            return
        if self.sha256 is None:
            what = f"{self.path} has the SHA-256 {found}, and no published one is known to hold it against."
            raise DataError(f"{what} If that is the file you mean, type: {self.key}.sha256={found}")
        stated = self.sha256 != PUBLISHED[self.network].sha256
        what = f"{self.path} is not the {'file stated' if stated else 'published file'}"
        raise DataError(
            f"{what}: its SHA-256 is {found}, not {self.sha256}. Put the right one in its place ({self.source}), or, to "
            f"measure with this one all the same, under a name that says so, type: {self.key}.sha256={found}"
        )


def weights_of(network: Network, stated: Stated) -> Weights:
    """The file of a network: where the user says, else in torch's folder of downloads."""
    published = PUBLISHED[network]
    path = Path(stated.path).expanduser() if stated.path else torch_cache() / published.file
    return Weights(network, path, stated.sha256.lower() if stated.sha256 else published.sha256)


def torch_cache() -> Path:
    """The folder in which torch, and so torch-fidelity, keeps downloaded weights."""
    home = os.path.expanduser(os.environ.get("TORCH_HOME", "~/.cache/torch"))
    return Path(home) / "hub" / "checkpoints"


def make_ready(weights: Weights) -> None:
    """Download the published file if it is missing from torch's folder, and hold it against its digest.

    Raises:
        ConfigError: a package or the file is missing.
        DataError: the file is another.
    """
    require_packages(weights.network)
    published = PUBLISHED[weights.network]
    reasons: list[str] = []
    wanted = weights.path == torch_cache() / published.file and weights.sha256 == published.sha256 is not None
    if wanted and not weights.path.is_file():
        reasons = downloaded(Remote(published.file, (published.folder,), f"sha256:{published.sha256}"), weights.path)
    weights.require_file(reasons)
    weights.require(sha256(weights.path))


def downloaded(remote: Remote, path: Path) -> list[str]:
    """Download a file while other processes wait. -> why it could not be; empty on success."""
    try:
        with locked(path):
            return [] if path.is_file() else download(remote, path)
    except OSError as error:
        return [str(error)]


def require_packages(network: Network) -> None:
    """Refuse a network whose packages are not installed.

    Raises:
        ConfigError: with the words to type.
    """
    if absent := [name for name in PUBLISHED[network].packages if importlib.util.find_spec(name) is None]:
        remedy = "Type: pip install 'genlab[features]'   (in a clone: pip install -e '.[features]')"
        verb = "is" if len(absent) == 1 else "are"
        raise ConfigError([Problem(f"extractor={network}", f"{' and '.join(absent)} {verb} not installed", remedy)])
