"""The combinations of a multirun: which there are, and how each is shown and named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from genlab.config.hints import Hints
from genlab.config.keys import key_of
from genlab.config.overrides import read
from genlab.config.searchpath import KEY, conf_of
from genlab.config.several import listed
from genlab.config.words import in_words
from genlab.contracts import ConfigError
from genlab.sweeps import trials


class Typed:
    """The overrides of a multirun, sorted.

    ``items``: all, with ``glob(…)`` replaced by the options that it matches. ``own``: those of the runs. ``settings``:
    those of Hydra itself, one value each. ``by_hydra``: Hydra's basic sweeper runs every combination; another one
    chooses the values while it runs.

    Raises:
        ConfigError: with every override that cannot be parsed, or that does not stand for a list of values.
    """

    def __init__(self, command: str, overrides: list[str], config_dir: Path | None = None) -> None:
        items, mistakes = read(overrides, several=True)
        self.conf = conf_of(command, items, config_dir)
        sweepers = [item.value() for item in items if item.key_or_group == "hydra/sweeper"]
        self.by_hydra = sweepers in ([], ["basic"])
        self.items, unlisted = listed(items, self.conf, self.by_hydra)
        if mistakes + unlisted:
            raise ConfigError(in_words(mistakes + unlisted, Hints(command, self.conf)))
        self.settings = [item for item in self.items if item.is_hydra_override() and item.key_or_group != KEY]
        self.own = [item for item in self.items if item not in self.settings]

    @property
    def varied(self) -> set[str]:
        """The keys that have several values."""
        return {key_of(item.get_key_element()) for item in self.own if item.is_sweep_override()}

    def cells(self) -> list[list[str]]:
        """Every combination as a list of single overrides, in the order in which Hydra runs them.

        Where another sweeper chooses, one list with the first value of each, without those that have no first.
        """
        from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

        ended = [item for item in self.own if not item.is_sweep_override() or item.is_discrete_sweep()]
        cells = (list(cell) for batch in BasicSweeper.split_arguments(ended, None) for cell in batch)
        return list(cells) if self.by_hydra else [next(cells)]


def shown(cell: Iterable[str], varied: set[str]) -> str:
    """The varied overrides of a combination, as typed: ``model.beta=4 seed=1``."""
    return " ".join(text.lstrip("+") for text in cell if key_of(text) in varied)


def suffix(cell: Iterable[str], varied: set[str]) -> str:
    """What makes the combination's name its own: ``-beta_4-seed_1``; empty if only the name itself is varied."""
    pairs = (text.lstrip("+").split("=", 1) for text in cell if key_of(text) in varied - {"name", "run_id"})
    return trials.suffix(dict(pairs))
