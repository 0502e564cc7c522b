"""Networks that listen to speech, whose weights lie in packages: their files, held to a digest before they are opened."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from genlab.contracts import ConfigError, Problem
from genlab.files import sha256


@dataclass(frozen=True)
class Packaged:
    """A file of a package, of which nothing but this file is used: its code is not run, what it depends on is not needed.

    Args:
        package: as it is imported.
        distribution: as it is installed.
        file: in the package.
        digest: SHA-256 of the file.
        others: packages that open the file, as they are imported and installed.
    """

    package: str
    distribution: str
    file: str
    digest: str
    others: tuple[str, ...] = ()

    def path(self, where: str) -> Path:
        """The file. ``where``: the key that asks for it.

        Raises:
            ConfigError: a package is not installed, or has another file.
        """
        for other in self.others:
            if importlib.util.find_spec(other) is None:
                raise ConfigError([Problem(where, f"{other} is not installed", f"Type: pip install {other}")])
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            remedy = f"Type: pip install --no-deps {self.distribution}   (a file of it is all that is used)"
            raise ConfigError([Problem(where, f"{self.distribution} is not installed", remedy)])
        found = Path(next(iter(spec.submodule_search_locations))) / self.file
        if not found.is_file() or sha256(found) != self.digest:
            what = f"{found} is not the file that the numbers are of (SHA-256 {self.digest[:8]}…)"
            remedy = f"Type: pip install --no-deps --force-reinstall {self.distribution}, or go without: {where}=null"
            raise ConfigError([Problem(where, what, remedy)])
        return found
