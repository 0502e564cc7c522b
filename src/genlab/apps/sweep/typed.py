"""Values of a sweep file's parameters that are typed on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override, QuotedString

from genlab.config.hints import Hints
from genlab.config.overrides import read
from genlab.config.searchpath import conf_of
from genlab.config.several import listed
from genlab.config.words import in_words
from genlab.contracts import ConfigError
from genlab.sweeps.spec import SweepFile, with_fixed


def narrowed(file: SweepFile, overrides: Sequence[str], config_dir: Path | None) -> tuple[SweepFile, list[str]]:
    """The file with the parameters that are typed, and the other overrides.

    ``model.beta=1,4`` gives a parameter these values, also one that the file does not have; ``model.beta=4`` fixes it.

    Raises:
        ConfigError: an override cannot be parsed, or stands for no list of values.
    """
    items, mistakes = read(overrides, several=True)
    items, unlisted = listed(items, conf_of("train", items, config_dir), by_hydra=True)
    if mistakes + unlisted:
        raise ConfigError(in_words(mistakes + unlisted, Hints("train")))
    chosen = [item for item in items if item.is_sweep_override() or item.get_key_element() in file.parameters]
    rest = [str(item.input_line) for item in items if item not in chosen]
    return with_fixed(file, {str(item.get_key_element()).lstrip("+"): value_of(item) for item in chosen}), rest


def value_of(item: Override) -> Any:
    """The value of an override, or the list of its values."""
    if not item.is_sweep_override():
        return plain(item.value())
    return [plain(value) for value in item.sweep_iterator()]


def plain(value: Any) -> Any:
    """A value without Hydra's quotes."""
    return value.text if isinstance(value, QuotedString) else value
