"""``evaluate.py a=DIR b=DIR``: compares two folders of images, without a model."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab.apps.command.networks import require_networks
from genlab.apps.command.paths import output_in, unused
from genlab.compat import ensure_torchvision
from genlab.contracts import ConfigError, Problem
from genlab.data.files.options import FileOptions
from genlab.data.files.plain_folder import Pictures, Size, look_at_folder, require_common_form
from genlab.data.files.splits import plain

NOT_HERE = {  # keys of a checkpoint's measurement
    "split": "the folders are compared as they are: name the one that has the split's images",
    **dict.fromkeys(("data.path", "data.a", "data.b"), "the folders are a= and b="),
    "metrics.test_samples": "all images of both folders are compared",
    "metrics.val_samples": "all images of both folders are compared",
}


def run(cfg: DictConfig, overrides: list[str]) -> int:
    """Compare the generated images in ``a`` with the real ones in ``b``.

    Raises:
        ConfigError: a key of another use is typed, weights are missing, or nothing can be written to ``output``.
        DataError: a folder cannot be compared with the other.
    """
    refuse(overrides)
    require_networks(cfg.metrics)
    a, b = pictures_of(cfg)
    folder = Path(cfg.paths.runs).expanduser() / "evaluate" / f"{plain(a.folder.root)}-{plain(b.folder.root)}"
    output = output_in(cfg, unused(folder))
    ensure_torchvision()
    from genlab.apps.evaluate.comparison import compare

    return compare(cfg, a, b, output)


def refuse(overrides: list[str]) -> None:
    """Refuse keys that are for a checkpoint.

    Raises:
        ConfigError: with each of them.
    """
    typed = [text.lstrip("+").partition("=")[0] for text in overrides]
    if problems := [Problem(key, NOT_HERE[key], "Leave it out.") for key in typed if key in NOT_HERE]:
        raise ConfigError(problems)


def pictures_of(cfg: DictConfig) -> tuple[Pictures, Pictures]:
    """The images of both folders, in one form.

    Raises:
        DataError: a folder is missing or has too few images, or the two differ in size or colour.
    """
    size, data = size_of(cfg.size), cfg.data
    options = FileOptions(data.channels, data.range, data.resample, data.max_pixels, data.on_error)
    a, b = (look_at_folder(key, Path(cfg[key]).expanduser(), options) for key in "ab")
    shape = require_common_form(a, b, size)
    made = (Pictures(one, options.reading(shape[0]), shape, size is not None, data.on_error) for one in (a, b))
    return next(made), next(made)


def size_of(key: int | str | None) -> Size | None:
    """``size`` as (H, W): ``64`` and ``64x128``."""
    if key is None or isinstance(key, int):
        return None if key is None else (key, key)
    height, width = map(int, key.split("x"))
    return height, width
